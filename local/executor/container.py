"""One job's directory, environment and process: what a container is on SageMaker.

/opt/ml of the container is `<job directory>/opt/ml` here: wherever the text /opt/ml stands in the command line or in
the step's environment, it is replaced. The process gets nothing of this process' environment.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.emulator.client import EmulatorError, run_job
from local.executor.errors import JOB_INTERNAL_ERROR, StepFailure
from local.executor.jobs import Work

ROOT = Path(__file__).parents[2]
MAX_REASON = 1024  # API, FailureReason
_OPT_ML = re.compile(r"(?<![\w./-])/opt/ml(?=/|$|[^\w.-])")


class Container:
    """The files and the process of one job. `failure_file` (below /opt/ml) is where the job may say why it failed."""

    def __init__(self, directory: Path, *, failure_file: str) -> None:
        self.directory = directory
        self.log = directory / "log.txt"
        self._failure = self.path(failure_file)
        self.path("/opt/ml").mkdir(parents=True)
        (directory / "tmp").mkdir()

    def path(self, inside: str) -> Path:
        """Where a path of the container is on this machine."""
        return self.directory / inside.lstrip("/")

    def remap(self, text: str) -> str:
        """`text` with /opt/ml replaced by its place on this machine."""
        return _OPT_ML.sub(str(self.path("/opt/ml")), text)

    def make(self, inside: str) -> Path:
        """A directory of the container, made if it is not there."""
        path = self.path(inside)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write_json(self, inside: str, value: Any) -> None:
        """A configuration file that SageMaker puts into the container."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, sort_keys=True), encoding="utf-8")

    def environment(self, given: Mapping[str, str], *, region: str, access: Mapping[str, str]) -> dict[str, str]:
        """What the process sees: `given` (remapped), what SageMaker sets, and the way to AWS, if any."""
        fixed = {
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": region,
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "SAGEMAKER_BASE_DIR": str(self.path("/opt/ml")),  # there is no mount: as SageMaker's toolkits are told
            "TMPDIR": str(self.directory / "tmp"),
        }
        if cache := os.environ.get("XDG_CACHE_HOME"):
            fixed["XDG_CACHE_HOME"] = cache
        return fixed | dict(access) | {k: self.remap(v) for k, v in given.items()}

    def run(self, work: Work, argv: Sequence[str], environment: Mapping[str, str], *, seconds: float | None) -> None:
        """The job's process to its end; StepFailure if it does not end well or not within `seconds`."""
        job = [sys.executable if part in ("python", "python3") else self.remap(part) for part in argv]
        place = {"cwd": str(self.directory), "output": str(self.log)}
        try:
            code = run_job(work.endpoint_url, job, env=dict(environment), seconds=seconds, **place)
        except EmulatorError as error:
            raise StepFailure(f"InternalServerError: {job[0]}: {error}", JOB_INTERNAL_ERROR) from error
        if code is None:
            raise StepFailure(f"MaxRuntimeExceeded: the job ran for more than {seconds} seconds")
        if code:
            raise StepFailure(self._reason(code))

    def _reason(self, code: int) -> str:
        """As SageMaker words it: what the job itself wrote, else the last error of its log, else the end of its log."""
        exit_code = code if code > 0 else 128 - code  # a container reports death by signal n as 128 + n
        if self._failure.is_file():
            said = self._failure.read_text(encoding="utf-8", errors="replace").strip()
        else:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            errors = [message for line in lines if (message := _error_of(line))]
            said = errors[-1] if errors else "\n".join(lines[-8:])
        said = said.replace(str(self.path("/opt/ml")), "/opt/ml")
        return f"AlgorithmError: {said[: MAX_REASON - 100]}, exit code: {exit_code}"


def _error_of(line: str) -> str | None:
    """The message of a line that a structured log wrote for an error."""
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry.get("message") if entry.get("level") in ("ERROR", "CRITICAL") else None
