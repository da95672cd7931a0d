"""Runs Lambda functions for real: the deployed package, in a fresh process, with the emulator as its AWS. Those that
are images run in environments that stay (`environments`).

moto would run them in docker or answer with a canned text. One invocation is one process without state from the last,
so what works here does not lean on a warm start.
"""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.emulator.context import Context
from local.emulator.delivery import environments
from local.identity import PROJECT_ROOT, Caller

_ENTRY = Path(__file__).with_name("function_entry.py")
# What Lambda's Python runtime brings besides the standard library (Lambda developer guide, "Python runtimes").
_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an invocation gave: the JSON payload (of the result or of the error) and what the function printed."""

    request_id: str
    payload: str
    failed: bool
    output: str


def run(context: Context, function: LambdaFunction, event: str) -> Outcome:
    """Invoke a function with a JSON event and wait for it, at most for its configured timeout."""
    request_id = str(uuid.uuid4())
    if function.package_type == "Image":
        return _in_environment(context, function, request_id, event)
    if function.package_type != "Zip" or not function.code_bytes:
        message = f"{function.function_name} is a {function.package_type} package without code that could run here"
        return _failed(request_id, message, "Emulator.NoCode", "")
    code = _unpacked(context, function)
    with tempfile.TemporaryDirectory(prefix="invocation-") as scratch:
        result = Path(scratch) / "result.json"
        command = [sys.executable, "-I", "-S", str(_ENTRY), str(code), str(_runtime(context)), function.handler or ""]
        try:
            process = subprocess.run(
                [*command, str(result)],
                input=event,
                capture_output=True,
                text=True,
                cwd=code,
                env=_environment(context, function, request_id),
                timeout=float(function.timeout),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"{_now()} {request_id} Task timed out after {float(function.timeout):.2f} seconds"
            return _failed(request_id, message, "Sandbox.Timedout", _text(error.stdout) + _text(error.stderr))
        output = process.stdout + process.stderr
        if not result.exists():
            message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {process.returncode}"
            return _failed(request_id, message, "Runtime.ExitError", output)
        outcome = json.loads(result.read_text(encoding="utf-8"))
    if "error" in outcome:
        payload = outcome["error"] | {"requestId": request_id}
        return Outcome(request_id=request_id, payload=json.dumps(payload), failed=True, output=output)
    return Outcome(request_id=request_id, payload=json.dumps(outcome["result"]), failed=False, output=output)


def _in_environment(context: Context, function: LambdaFunction, request_id: str, event: str) -> Outcome:
    settings = _environment(context, function, request_id) | {"PYTHONPATH": str(PROJECT_ROOT)}
    try:
        kind, payload, output = environments.run(context, function, settings, request_id, event)
    except environments.EndedError as error:
        return _failed(request_id, str(error), error.kind, "")
    return Outcome(request_id=request_id, payload=payload, failed=kind == "error", output=output)


def log(function: LambdaFunction, outcome: Outcome) -> None:
    """Write what the function printed to its log group, framed as Lambda frames it."""
    lines = [
        f"START RequestId: {outcome.request_id} Version: {function.version}",
        *outcome.output.splitlines(),
        *([f"[ERROR] {outcome.payload}"] if outcome.failed else []),
        f"END RequestId: {outcome.request_id}",
    ]
    function.logs_backend.ensure_log_group(function.logs_group_name)
    function.save_logs("\n".join(lines))


def _failed(request_id: str, message: str, kind: str, output: str) -> Outcome:
    payload = json.dumps({"errorMessage": message, "errorType": kind, "requestId": request_id})
    return Outcome(request_id=request_id, payload=payload, failed=True, output=output)


def _unpacked(context: Context, function: LambdaFunction) -> Path:
    """The directory of this version of the code, unpacked once."""
    digest = function.code_digest.removeprefix("sha256:")[:16]
    target = context.directory("functions", function.function_name) / digest
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as package:
            package.extractall(scratch)
        try:
            scratch.rename(target)
        except OSError:  # another invocation unpacked the same code meanwhile
            shutil.rmtree(scratch)
    return target


def _runtime(context: Context) -> Path:
    """A directory with the packages of Lambda's runtime and no others, linked from this interpreter's."""
    directory = context.directory("functions-runtime")
    for name in _RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"package {name} is part of Lambda's runtime but is not installed here")
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        link = directory / source.name
        if not link.is_symlink():
            link.symlink_to(source)
    return directory


def _environment(context: Context, function: LambdaFunction, request_id: str) -> dict[str, str]:
    environment = context.environment(function.region)
    del environment["PYTHONPATH"]
    environment |= {str(name): str(value) for name, value in function.environment_vars.items()}
    caller = Caller.of(function.role, function.vpc_config)
    return environment | {
        **caller.environment(),
        "_HANDLER": str(function.handler),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{_now()[:10].replace('-', '/')}/[{function.version}]{request_id}",
        "EMULATOR_REQUEST_ID": request_id,
        "EMULATOR_FUNCTION_ARN": function.function_arn,
        "EMULATOR_TIMEOUT_SECONDS": str(function.timeout),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(output: Any) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
