"""Jobs that something other than a pipeline starts, run as the pipeline executor runs its steps."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.emulator.context import Context

#: What may be started, as a pipeline calls it, and the beginning of its ARN's resource.
KINDS = {"Processing": "processing-job", "Training": "training-job"}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a job ended, and what is to be told of it beside its request."""

    status: str
    described: dict[str, Any]


def model_uri(request: Mapping[str, Any], name: str) -> str:
    """Where a training job leaves its model (API reference, DescribeTrainingJob, ModelArtifacts)."""
    return f"{request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output/model.tar.gz"


def run(context: Context, account: str, region: str, kind: str, request: dict[str, Any]) -> Ended:
    """Run a job of a kind to its end. `request` is that of CreateProcessingJob or CreateTrainingJob."""
    name, identifier = request[f"{kind}JobName"], uuid.uuid4().hex[:12]
    arguments = {key: value for key, value in request.items() if key not in (f"{kind}JobName", "Tags")}
    step = {"Name": "Job", "Type": kind, "Arguments": arguments}
    work = {
        "definition": {"Version": "2020-12-01", "Parameters": [], "Steps": [step]},
        "parameters": {},
        "endpoint_url": context.url,
        "workdir": str(context.directory("jobs", identifier)),
        "name": name,
        "pipeline_arn": f"arn:aws:sagemaker:{region}:{account}:pipeline/{name}",
        "execution_id": identifier,
        "job_name": name,
    }
    log = context.directory("jobs") / f"{identifier}.log"
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
    completed = ended["status"] == "Succeeded"
    described: dict[str, Any] = {f"{kind}JobArn": f"arn:aws:sagemaker:{region}:{account}:{KINDS[kind]}/{name}"}
    if not completed:
        described["FailureReason"] = ended["failure_reason"] or ""
    elif kind == "Training":
        described["ModelArtifacts"] = {"S3ModelArtifacts": model_uri(request, name)}
    return Ended(status="Completed" if completed else "Failed", described=described)
