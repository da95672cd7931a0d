"""Processing jobs that something other than a pipeline starts, run as the pipeline executor runs its steps."""

from __future__ import annotations

import json
import subprocess
import uuid
from dataclasses import dataclass
from typing import Any

from local.emulator.context import Context

#: Of the request, what a pipeline's step does not have: SageMaker names its jobs.
_NOT_OF_A_STEP = frozenset({"ProcessingJobName", "Tags"})


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a job ended; `reason` is that of a failure."""

    arn: str
    status: str
    reason: str


def run(context: Context, account: str, region: str, request: dict[str, Any]) -> Ended:
    """Run a job to its end. `request` is that of CreateProcessingJob."""
    name, identifier = request["ProcessingJobName"], uuid.uuid4().hex[:12]
    arguments = {key: value for key, value in request.items() if key not in _NOT_OF_A_STEP}
    step = {"Name": "Job", "Type": "Processing", "Arguments": arguments}
    work = {
        "definition": {"Version": "2020-12-01", "Parameters": [], "Steps": [step]},
        "parameters": {},
        "endpoint_url": context.url,
        "workdir": str(context.directory("processing-jobs", identifier)),
        "name": name,
        "pipeline_arn": f"arn:aws:sagemaker:{region}:{account}:pipeline/{name}",
        "execution_id": identifier,
    }
    log = context.directory("processing-jobs") / f"{identifier}.log"
    with log.open("w", encoding="utf-8") as errors:
        process = context.children.start(
            context.pipeline_command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=context.environment(region),
            start_new_session=True,
        )
        told, _ = process.communicate(json.dumps(work))
    ended = next((line["end"] for line in map(json.loads, told.splitlines()) if "end" in line), None)
    if ended is None:
        ended = {"status": "Failed", "failure_reason": f"the worker ended with {process.returncode}; see {log}"}
    return Ended(
        arn=f"arn:aws:sagemaker:{region}:{account}:processing-job/{name}",
        status="Completed" if ended["status"] == "Succeeded" else "Failed",
        reason=ended["failure_reason"] or "",
    )
