"""A run of a batch endpoint by hand: the job that its schedule would start, now."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from automation.operations.errors import DeploymentError, RefusedError
from contracts.names import EndpointNames
from contracts.release.schedule import BATCH

#: What EventBridge Scheduler replaces when it fires (user guide, "Adding context attributes").
_ID: Final = "<aws.scheduler.execution-id>"
_TIME: Final = "<aws.scheduler.scheduled-time>"
_UNDER_WAY: Final = {"InProgress", "Stopping"}
POLL_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """A transform job, and the S3 prefix of its predictions."""

    job: str
    predictions: str


def start(names: EndpointNames, *, now: datetime, scheduler: Any, sagemaker: Any) -> Run:
    """Start the job of the endpoint's schedule. RefusedError where it has none."""
    try:
        found = scheduler.get_schedule(Name=names.resource(BATCH))
    except scheduler.exceptions.ResourceNotFoundException as error:
        raise RefusedError(
            f"endpoint {names.prefix} has no schedule: allowed are endpoints of kind batch that run and have a "
            "release; `promote`, then `up`"
        ) from error
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    request = json.loads(found["Target"]["Input"].replace(_ID, secrets.token_hex(8)).replace(_TIME, at))
    sagemaker.create_transform_job(**request)
    return Run(job=request["TransformJobName"], predictions=request["TransformOutput"]["S3OutputPath"])


def wait(
    run: Run, *, sagemaker: Any, poll_seconds: float = POLL_SECONDS, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Wait until a run has completed. DeploymentError, with SageMaker's reason, where it has not."""
    while (found := sagemaker.describe_transform_job(TransformJobName=run.job))["TransformJobStatus"] in _UNDER_WAY:
        sleep(poll_seconds)
    status = found["TransformJobStatus"]
    if status != "Completed":
        raise DeploymentError(f"{run.job} {status}: {found.get('FailureReason') or 'SageMaker gives no reason'}")
