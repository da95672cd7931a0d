"""Starts, finds and stops an emulator, and speaks its admin API.

emulator = start(Path(".local/staging/emulator"))
s3 = emulator.client("s3")
...
emulator.stop()
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local.identity import ACCESS_KEY, PROJECT_ROOT, SECRET_KEY, environment

START_SECONDS = 300.0  # one that died is seen at once; a busy machine takes its time
STOP_SECONDS = 120.0
_MAKING = threading.Lock()


class EmulatorError(RuntimeError):
    """The emulator does not start, does not answer, or refuses a request of its admin API."""


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A running emulator; `lifeline` is the pipe that ties it to the process that started it."""

    url: str
    pid: int
    account: str
    region: str
    lifeline: int | None = field(default=None, compare=False, repr=False)

    def environment(self) -> dict[str, str]:
        """What makes boto3 and the aws command talk to the emulator."""
        return environment(self.url, self.region)

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client of the emulator, made once; `config` goes to botocore's Config."""
        return client(self.url, self.region, service, json.dumps(config, sort_keys=True))

    def model_servers(self) -> list[dict[str, Any]]:
        """The model servers at work: endpoint, config, variant, role, url, pid, alive, log."""
        return _call(self.url, "model-servers")

    def tracked(self) -> list[dict[str, Any]]:
        """Runs of MLflow: experiment, name, status, params, tags, and of metrics how many values each has."""
        return _call(self.url, "tracked-runs")

    def kill(self, pid: int) -> dict[str, Any]:
        """End a model server at once, as a crash would."""
        return _call(self.url, "kill", {"pid": pid})

    def flush(self) -> dict[str, int]:
        """Write captured data, offline records and metrics now."""
        return _call(self.url, "flush", {})

    def have(self, *, security_groups: Sequence[str] = (), certificates: Sequence[str] = ()) -> None:
        """Have in the account what a stack's config names of it."""
        named = {"security_groups": list(security_groups), "certificates": list(certificates)}
        _call(self.url, "neighbours", named)

    def deliveries(self) -> list[dict[str, Any]]:
        """What was delivered from service to service, oldest first."""
        return _call(self.url, "deliveries")

    def alarms(self) -> list[dict[str, Any]]:
        """The alarms with their state, and whether and why not they are evaluated."""
        return _call(self.url, "alarms")

    def advance(self, seconds: float) -> dict[str, float]:
        """Let time pass for alarms."""
        return _call(self.url, "clock/advance", {"seconds": seconds})

    def run(self, argv: Sequence[str], **job: Any) -> int | None:
        """Run a job to its end (see `run_job`)."""
        return run_job(self.url, argv, **job)

    def alive(self) -> bool:
        """Whether it answers under its URL with its pid (a pid alone may belong to another process by now)."""
        try:
            return _call(self.url, "health")["pid"] == self.pid
        except EmulatorError:
            return False

    def keep(self) -> None:
        """Let it go on when this process ends."""
        if self.lifeline is not None:
            os.write(self.lifeline, b"k")

    def stop(self) -> None:
        """Stop it and what it started, gracefully first; nothing happens when it is not there any more."""
        if not self.alive() and not _is_running_child(self.pid):
            return
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if _ended(self.pid):
                return
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # it leads its process group, see start()
        _ended(self.pid)


def start(
    home: Path,
    *,
    port: int = 0,
    account: str = "123456789012",
    region: str = "eu-west-1",
    arguments: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
) -> Emulator:
    """Start an emulator with its files under `home`; it ends with this process, however that ends, unless it is kept.

    `arguments` are further ones of `python -m local.emulator`; `environment` is added to this process's (for example
    EMULATOR_TIME_SCALE).

    Raises:
        EmulatorError: it does not answer within START_SECONDS; the message has the end of its output.
    """
    home.mkdir(parents=True, exist_ok=True)
    output = home / "emulator.out"
    command = [sys.executable, "-m", "local.emulator", "--home", str(home), "--port", str(port)]
    command += ["--account", account, "--region", region, "--bound", *arguments]
    far, lifeline = os.pipe()
    with output.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=far,
            cwd=PROJECT_ROOT,
            env=os.environ | (environment or {}),
            start_new_session=True,  # the end of the parent, or Ctrl-C in its terminal, does not end it
        )
    os.close(far)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        first, newline, _ = output.read_text(encoding="utf-8").partition("\n")
        if newline and first.startswith("http://"):
            return replace(attach(first), lifeline=lifeline)
        time.sleep(0.02)
    process.kill()
    process.wait()
    os.close(lifeline)
    tail = output.read_text(encoding="utf-8")[-2000:]
    raise EmulatorError(
        f"the emulator did not start (exit code {process.returncode}); its output {output} ends with:\n{tail}"
    )


def attach(url: str) -> Emulator:
    """The emulator that answers under a URL.

    Raises:
        EmulatorError: none does.
    """
    health = _call(url, "health")
    return Emulator(url=url, pid=health["pid"], account=health["account"], region=health["region"])


def run_job(url: str, argv: Sequence[str], **job: Any) -> int | None:
    """Run a job on the emulator under a URL, to its end; `job` are the further members of `local.emulator.jobs.Job`.

    Returns the exit code, minus the signal's number for a job that a signal ended, and None if its time was over.

    Raises:
        EmulatorError: it cannot be started, or the emulator ends.
    """
    return _call(url, "jobs", {"argv": list(argv), **job}, seconds=None)["code"]


@functools.cache
def client(url: str, region: str, service: str, config: str = "{}") -> Any:
    """A boto3 client of the emulator under a URL; `config` is JSON of botocore's Config."""
    from botocore.config import Config

    with _MAKING:  # a session is not safe to share between threads, a client is
        return _session().client(
            service,
            endpoint_url=url,
            region_name=region,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(**({"retries": {"max_attempts": 1}, "read_timeout": 300} | json.loads(config))),
        )


@functools.cache
def _session() -> Any:
    """One for all clients: each session reads the table of all endpoints of AWS anew."""
    from boto3.session import Session  # half a second that a stop or a look at the health need not spend

    return Session()


def _call(url: str, path: str, body: dict[str, Any] | None = None, *, seconds: float | None = 60) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/emulator/{path}", data=data)  # noqa: S310  a loopback address
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise EmulatorError(f"{request.full_url}: {_told(error)}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:  # one that ends may cut its answer off
        raise EmulatorError(f"no emulator answers at {url}: {error}") from error


def _told(error: urllib.error.HTTPError) -> str:
    """What the admin API says of a refusal; its status where the answer is not the API's."""
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, http.client.HTTPException, KeyError, TypeError):
        return str(error)


def _is_running_child(pid: int) -> bool:
    """Whether this process started it and it is not over: then the pid is its own, even if it is too busy to answer."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    return False


def _ended(pid: int) -> bool:
    """Whether a process is gone; a child of ours that is over is reaped."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"  # over; its own parent has not asked yet
