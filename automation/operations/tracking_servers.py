"""Whether the tracking servers of MLflow that training runs are told to are there and at work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from botocore.exceptions import ClientError

from automation.operations.findings import Finding, Stack, unknown

#: Of a function that tells one (`components/operations/tracking.py`).
VARIABLE: Final = "TRACKING_SERVER"


def tracking_servers(stack: Stack) -> Iterator[Finding]:
    """A server that does not take runs keeps nobody from training, but what it is not told is missed."""
    functions = stack.inputs("aws:lambda/function:Function")
    variables = [inputs.get("environment", {}).get("variables", {}) for inputs in functions]
    for arn in sorted({each[VARIABLE] for each in variables if VARIABLE in each}):
        name = arn.rpartition("/")[2]
        try:
            found = stack.client("sagemaker").describe_mlflow_tracking_server(TrackingServerName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFound":
                yield unknown(arn, error)
                continue
            fix = "create it, or name another in training.tracking_server"
            yield Finding(subject=arn, holds=False, found="no such tracking server", fix=fix)
        else:
            active = found["IsActive"] == "Active"
            yield Finding(
                subject=arn,
                holds=active,
                found=f"{found['TrackingServerStatus']}, {found['IsActive']}",
                fix="" if active else f"aws sagemaker start-mlflow-tracking-server --tracking-server-name {name}",
            )
