"""The tracking Lambda: a job's file has come to S3 -> what it says is logged in MLflow.

One at a time, as every function of the platform: so two files of a run make one run. What fails is tried twice more by
Lambda, then it lies with the dead letters.

Environment: TRACKING_SERVER (ARN), EXPERIMENT.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import boto3

from workloads import job
from workloads.tracking import record
from workloads.tracking.server import TrackingServer


@job.function("tracking")
def handle(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Lambda entry, for the detail of S3's event "Object Created", or for the event as it lies with the dead letters.

    Returns {"action": "logged", "run": ..., "key": ...}.
    """
    return track(
        event,
        environment=os.environ,
        s3=boto3.client("s3"),
        server=TrackingServer(os.environ["TRACKING_SERVER"]),
    )


def track(
    event: Mapping[str, Any], *, environment: Mapping[str, str], s3: Any, server: TrackingServer
) -> dict[str, str]:
    """Log one file, with its clients given. Raises what S3 and the server say: Lambda tries again."""
    told = event.get("detail", event)
    bucket, key = told["bucket"]["name"], told["object"]["key"]
    found = s3.get_object(Bucket=bucket, Key=key)
    # the object's own time, so that what is told again is the same
    at_ms = int(found["LastModified"].timestamp() * 1000)
    run = server.tell(environment["EXPERIMENT"], record.read(bucket, key, found["Body"].read(), at_ms))
    return {"action": "logged", "run": run, "key": key}
