"""Runs a module (`-m name ...`) or a file as python does, and notes every call of AWS's API: who calls, and of what.

    python recorder.py -m automation up --stack staging --yes

A line of `$WALK_CALLS` is a call. A build is its own role until it has taken `$ROLE` (.ci/take-role), which it does by
a call of its own.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.client import BaseClient


def note(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Write a call down."""
    taken = os.environ.get("AWS_PROFILE") == "delivery" and operation != "AssumeRole"
    role = os.environ["ROLE" if taken else "WALK_BUILDER"]
    line = {"role": role, "service": service, "operation": operation, "parameters": parameters}
    with Path(os.environ["WALK_CALLS"]).open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(line, default=str) + "\n")


def record() -> None:
    """From here on every client notes its calls."""
    call = BaseClient._make_api_call  # pyright: ignore[reportPrivateUsage]  no event of botocore has name and parameters

    def noting(self: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        note(self.meta.service_model.service_name, operation, parameters)
        return call(self, operation, parameters)

    BaseClient._make_api_call = noting  # type: ignore[method-assign]


if __name__ == "__main__":
    record()
    sys.argv = sys.argv[1:]
    if sys.argv[0] == "-m":
        sys.argv = sys.argv[1:]
        sys.path[0] = str(Path.cwd())
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
