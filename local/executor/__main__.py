"""Runs one pipeline execution in its own process: request as JSON on stdin, progress as JSON lines on stdout.

The request holds the arguments of `local.executor.Runner`. Each line is `{"step": StepResult}` when a step starts or
ends, and the last one `{"end": {"status", "failure_reason"}}`. A process of its own can be stopped with all it started.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from local.executor import InvalidExecution, Runner


def main(request: dict[str, Any], progress: TextIO) -> None:
    """Run the execution of a request."""

    def tell(**line: Any) -> None:
        progress.write(json.dumps(line, default=str) + "\n")
        progress.flush()

    workdir = Path(request.pop("workdir"))
    try:
        result = Runner(**request, workdir=workdir, on_step=lambda step: tell(step=asdict(step))).run()
    except InvalidExecution as error:
        tell(end={"status": "Failed", "failure_reason": str(error)})
    else:
        tell(end={"status": result.status, "failure_reason": result.failure_reason})


if __name__ == "__main__":
    lines, sys.stdout = sys.stdout, sys.stderr  # what a library prints must not look like progress
    main(json.load(sys.stdin), lines)
