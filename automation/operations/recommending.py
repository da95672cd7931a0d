"""SageMaker Inference Recommender: it loads a model package on instances of several types, and says what each took.

Developer guide, "Amazon SageMaker Inference Recommender" (a Default job takes about 45 minutes).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from automation.operations import packages
from automation.operations.errors import DeploymentError
from contracts.names import WorkloadNames

_UNDER_WAY: Final = {"PENDING", "IN_PROGRESS"}
_DONE: Final = "COMPLETED"
_FRAMEWORKS: Final[Mapping[str, str]] = {
    "xgboost": "XGBOOST",
    "sklearn": "SAGEMAKER-SCIKIT-LEARN",
    "pytorch": "PYTORCH",
    "tensorflow": "TENSORFLOW",
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What instances of one type took: requests a minute and time of the model at that load, and their price."""

    instance_type: str
    count: int
    requests_a_minute: int
    latency_ms: float
    usd_hour: float
    usd_million: float


def measure(
    names: WorkloadNames,
    package: str,
    *,
    role: str,
    payload: str,
    framework: str,
    sagemaker: Any,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> list[Measured]:
    """Have a package measured, and wait; a second call for the same goes on where the first was left.

    `payload` is the S3 URI of an archive (tar.gz) with sample requests, `role` what the job does its work as.
    RefusedError for a package that is not there, DeploymentError with SageMaker's reason for a job that failed.
    """
    arn = packages.describe(names, package, sagemaker=sagemaker)["ModelPackageArn"]
    stem = _stem(names, arn, payload)
    before = _jobs(stem, sagemaker)
    if before and before[0]["Status"] in {*_UNDER_WAY, _DONE}:
        job = before[0]["JobName"]
    else:
        job = f"{stem}-{int(before[0]['JobName'].rpartition('-')[2]) + 1 if before else 1}"
        content = {"SamplePayloadUrl": payload, "SupportedContentTypes": ["text/csv"]}
        container = {
            "Domain": "MACHINE_LEARNING",
            "Task": "OTHER",
            "Framework": _FRAMEWORKS.get(framework, framework.upper()),
            "PayloadConfig": content,
        }
        sagemaker.create_inference_recommendations_job(
            JobName=job,
            JobType="Default",
            RoleArn=role,
            InputConfig={"ModelPackageVersionArn": arn, "ContainerConfig": container},
        )
        say(f"job {job} has begun; it takes about 45 minutes and goes on if this is interrupted: run the same again")
    while (found := sagemaker.describe_inference_recommendations_job(JobName=job))["Status"] in _UNDER_WAY:
        sleep(30)
    if found["Status"] != _DONE:
        reason = found.get("FailureReason", "SageMaker gives no reason")
        raise DeploymentError(f"job {job} is {found['Status']}: {reason}; once that is mended run the same again")
    return sorted((_measured(each) for each in found["InferenceRecommendations"]), key=lambda each: each.usd_million)


def _stem(names: WorkloadNames, arn: str, payload: str) -> str:
    """How jobs of a package and payload are called, so that asking again finds them; a name has 64 characters."""
    digest = hashlib.sha256(f"{arn} {payload}".encode()).hexdigest()[:12]
    return f"{names.prefix[:44]}-{digest}"


def _jobs(stem: str, sagemaker: Any) -> Sequence[Mapping[str, Any]]:
    """The newest first; AWS lists no more than a page of them."""
    return sagemaker.list_inference_recommendations_jobs(
        NameContains=stem, SortBy="CreationTime", SortOrder="Descending"
    )["InferenceRecommendationsJobs"]


def _measured(found: Mapping[str, Any]) -> Measured:
    endpoint, metrics = found["EndpointConfiguration"], found["Metrics"]
    return Measured(
        instance_type=endpoint["InstanceType"],
        count=endpoint["InitialInstanceCount"],
        requests_a_minute=metrics["MaxInvocations"],
        latency_ms=metrics["ModelLatency"] / 1000,  # microseconds
        usd_hour=metrics["CostPerHour"],
        usd_million=metrics["CostPerInference"] * 1_000_000,
    )
