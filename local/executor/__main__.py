"""Runs one pipeline execution in its own process: request as JSON on stdin, progress as JSON lines on stdout.

The request holds the arguments of `local.executor.Runner`. Each line is `{"step": {...}}` when a step starts or ends,
and the last one `{"end": {"status", "failure_reason"}}`. A process of its own can be stopped with all it started.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

from local.executor import InvalidExecution, Runner, StepResult


def main(request: dict[str, Any], progress: TextIO) -> None:
    """Run the execution of a request."""

    def write(line: dict[str, Any]) -> None:
        progress.write(json.dumps(line) + "\n")
        progress.flush()

    def on_step(step: StepResult) -> None:
        write(
            {
                "step": {
                    "name": step.name,
                    "type": step.type,
                    "status": step.status,
                    "started": step.started.isoformat(),
                    "ended": step.ended.isoformat() if step.ended else None,
                    "failure_reason": step.failure_reason,
                    "metadata": dict(step.metadata),
                    "attempts": step.attempts,
                    "cache_hit": step.cache_hit,
                    "log": str(step.log) if step.log else None,
                }
            }
        )

    try:
        result = Runner(
            request["definition"],
            request["parameters"],
            request["endpoint_url"],
            Path(request["workdir"]),
            request["name"],
            request["pipeline_arn"],
            request["execution_id"],
            on_step,
        ).run()
    except InvalidExecution as error:
        write({"end": {"status": "Failed", "failure_reason": str(error)}})
    else:
        write({"end": {"status": result.status, "failure_reason": result.failure_reason}})


if __name__ == "__main__":
    lines, sys.stdout = sys.stdout, sys.stderr  # what a library prints must not look like progress
    main(json.load(sys.stdin), lines)
