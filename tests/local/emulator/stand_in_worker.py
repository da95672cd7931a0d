"""A pipeline worker for the emulator's tests: "runs" each step of a definition as its arguments say.

A step's Arguments, or their Environment, may have `Seconds` (sleep) and `Fail` (the failure reason); `Crash` ends the
process at once.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any


def tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def step(declared: dict[str, Any], status: str, began: str, reason: str | None = None) -> None:
    told = {"name": declared["Name"], "type": declared["Type"], "status": status, "started": began, "log": None}
    told |= {"ended": None if status == "Executing" else datetime.now(UTC).isoformat(), "failure_reason": reason}
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/" + declared["Name"].lower()
    tell({"step": told | {"metadata": {"ProcessingJob": {"Arn": arn}}, "attempts": 1, "cache_hit": None}})


def _arguments(declared: dict[str, Any]) -> dict[str, Any]:
    arguments = declared.get("Arguments", {})
    return arguments | arguments.get("Environment", {})


def main(request: dict[str, Any]) -> None:
    for declared in request["definition"]["Steps"]:
        if declared["Name"] not in request.get("selected", [declared["Name"]]):
            continue
        arguments, began = _arguments(declared), datetime.now(UTC).isoformat()
        step(declared, "Executing", began)
        if "Crash" in arguments:
            os._exit(arguments["Crash"])
        time.sleep(arguments.get("Seconds", 0))
        if "Fail" in arguments:
            reason = arguments["Fail"] + ": " + json.dumps(request["parameters"], sort_keys=True)
            step(declared, "Failed", began, reason)
            tell({"end": {"status": "Failed", "failure_reason": f"Step {declared['Name']} failed: {reason}"}})
            return
        step(declared, "Succeeded", began)
    tell({"end": {"status": "Succeeded", "failure_reason": None}})


if __name__ == "__main__":
    main(json.load(sys.stdin))
