"""Inference Recommender: a job is begun once, found again, waited for; answers are checked by botocore's models."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations.errors import DeploymentError
from automation.operations.recommending import Measured, measure
from contracts.names import Names

NAMES = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn")
PACKAGE = NAMES.arn("sagemaker", "model-package/churn-staging/3")
ROLE = "arn:aws:iam::123456789012:role/recommender"
PAYLOAD = "s3://samples/rows.tar.gz"
STEM = "churn-staging-5ffb24f4fb72"
WHEN = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def client() -> Any:
    return boto3.client("sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def answers(client: Any) -> Generator[Stubber]:
    with Stubber(client) as stubber:
        described = {
            "ModelPackageName": "churn-staging",
            "ModelPackageArn": PACKAGE,
            "CreationTime": WHEN,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
        }
        stubber.add_response("describe_model_package", described, {"ModelPackageName": PACKAGE})
        yield stubber
        stubber.assert_no_pending_responses()


def job(number: int, status: str, **more: Any) -> dict[str, Any]:
    name = f"{STEM}-{number}"
    return {
        "JobName": name,
        "JobType": "Default",
        "JobArn": NAMES.arn("sagemaker", f"inference-recommendations-job/{name}"),
        "RoleArn": ROLE,
        "Status": status,
        "CreationTime": WHEN,
        "LastModifiedTime": WHEN,
        **more,
    }


def listed(answers: Stubber, *jobs: dict[str, Any]) -> None:
    summaries = [{**each, "JobDescription": ""} for each in jobs]
    wanted = {"NameContains": STEM, "SortBy": "CreationTime", "SortOrder": "Descending"}
    answers.add_response("list_inference_recommendations_jobs", {"InferenceRecommendationsJobs": summaries}, wanted)


def begun(answers: Stubber, number: int) -> None:
    wanted = {
        "JobName": f"{STEM}-{number}",
        "JobType": "Default",
        "RoleArn": ROLE,
        "InputConfig": {
            "ModelPackageVersionArn": PACKAGE,
            "ContainerConfig": {
                "Domain": "MACHINE_LEARNING",
                "Task": "OTHER",
                "Framework": "XGBOOST",
                "PayloadConfig": {"SamplePayloadUrl": PAYLOAD, "SupportedContentTypes": ["text/csv"]},
            },
        },
    }
    answers.add_response("create_inference_recommendations_job", {"JobArn": job(number, "PENDING")["JobArn"]}, wanted)


def seen(answers: Stubber, number: int, status: str, **more: Any) -> None:
    described = {**job(number, status, **more), "InputConfig": {}}
    answers.add_response("describe_inference_recommendations_job", described, {"JobName": f"{STEM}-{number}"})


def recommendation(instance_type: str, usd: float) -> dict[str, Any]:
    return {
        "EndpointConfiguration": {
            "EndpointName": "e",
            "VariantName": "v",
            "InstanceType": instance_type,
            "InitialInstanceCount": 1,
        },
        "ModelConfiguration": {},
        "Metrics": {"CostPerHour": 0.115, "CostPerInference": usd, "MaxInvocations": 30_000, "ModelLatency": 4200},
    }


DONE = {"InferenceRecommendations": [recommendation("ml.m5.large", 8e-8), recommendation("ml.c5.large", 5e-8)]}
RESULT = [
    Measured(
        instance_type=instance_type,
        count=1,
        requests_a_minute=30_000,
        latency_ms=4.2,
        usd_hour=0.115,
        usd_million=pytest.approx(usd),  # pyright: ignore[reportArgumentType]
    )
    for instance_type, usd in (("ml.c5.large", 0.05), ("ml.m5.large", 0.08))
]


def measured(client: Any) -> tuple[list[Measured], list[str], list[float]]:
    said, slept = list[str](), list[float]()
    found = measure(
        NAMES,
        "3",
        role=ROLE,
        payload=PAYLOAD,
        framework="xgboost",
        sagemaker=client,
        say=said.append,
        sleep=slept.append,
    )
    return found, said, slept


def test_a_job_is_begun_and_waited_for(client: Any, answers: Stubber) -> None:
    listed(answers)
    begun(answers, 1)
    seen(answers, 1, "PENDING")
    seen(answers, 1, "IN_PROGRESS")
    seen(answers, 1, "COMPLETED", **DONE)
    found, said, slept = measured(client)
    assert (found, slept) == (RESULT, [30, 30])
    assert said == [
        f"job {STEM}-1 has begun; it takes about 45 minutes and goes on if this is interrupted: run the same again"
    ]


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "COMPLETED"])
def test_a_job_that_has_begun_before_is_not_begun_again(client: Any, answers: Stubber, status: str) -> None:
    listed(answers, job(1, status))
    seen(answers, 1, "COMPLETED", **DONE)
    assert measured(client) == (RESULT, [], [])


@pytest.mark.parametrize("before", [1, 12])  # AWS lists ten
def test_after_failures_the_same_begins_anew(client: Any, answers: Stubber, before: int) -> None:
    listed(answers, *(job(number, "FAILED") for number in range(before, max(before - 10, 0), -1)))
    begun(answers, before + 1)
    seen(answers, before + 1, "FAILED", FailureReason="no capacity")
    with pytest.raises(DeploymentError) as error:
        measured(client)
    assert str(error.value) == f"job {STEM}-{before + 1} is FAILED: no capacity; once that is mended run the same again"
