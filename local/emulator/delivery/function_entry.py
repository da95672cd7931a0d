"""Runs one Lambda invocation in its own process: `python -I -S function_entry.py CODE RUNTIME HANDLER RESULT < event`.

CODE is the unpacked deployment package and RUNTIME holds what Lambda's Python runtime brings besides the standard
library; nothing else can be imported, so a package that forgot a dependency fails here as it fails on AWS. What the
handler returns or raises is written to RESULT: `{"result": ...}` or `{"error": {errorMessage, errorType, stackTrace}}`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


class InvocationContext:
    """The second argument of a handler, with the members of Lambda's context object."""

    def __init__(self) -> None:
        self.aws_request_id = os.environ["EMULATOR_REQUEST_ID"]
        self.invoked_function_arn = os.environ["EMULATOR_FUNCTION_ARN"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + float(os.environ["EMULATOR_TIMEOUT_SECONDS"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops the invocation."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def invoke(handler: str, event: Any) -> dict[str, Any]:
    """Call the handler `package/module.function` or `package.module.function`; its outcome in the form of RESULT."""
    module_name, _, function_name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        return _error(f"Unable to import module '{module_name}': {error}", "Runtime.ImportModuleError")
    except Exception as error:  # noqa: BLE001  whatever the package raises when it is loaded is the outcome
        return _error(str(error), type(error).__name__, traceback.format_tb(error.__traceback__)[1:])
    function = getattr(module, function_name, None)
    if function is None:
        return _error(f"Handler '{function_name}' missing on module '{module_name}'", "Runtime.HandlerNotFound")
    try:
        result = function(event, InvocationContext())
    except Exception as error:  # noqa: BLE001  whatever the function raises is its outcome
        return _error(str(error), type(error).__name__, traceback.format_tb(error.__traceback__)[1:])
    try:
        return {"result": json.loads(json.dumps(result))}
    except (TypeError, ValueError) as error:
        return _error(f"Unable to marshal response: {error}", "Runtime.MarshalError")


def _error(message: str, kind: str, stack: list[str] | None = None) -> dict[str, Any]:
    return {"error": {"errorMessage": message, "errorType": kind, "stackTrace": stack or []}}


if __name__ == "__main__":
    code, runtime, handler_name, result_path = sys.argv[1:]
    sys.path[:0] = [code]
    sys.path.append(runtime)
    outcome = invoke(handler_name, json.load(sys.stdin))
    Path(result_path).write_text(json.dumps(outcome), encoding="utf-8")
