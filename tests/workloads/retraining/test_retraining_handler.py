"""The handler against stubbed clients: botocore checks every request, and an unexpected call fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from workloads.retraining.handler import MEMORY, retrain

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EXECUTION = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-prod/execution/abcdefabcdef"
ENVIRONMENT = {
    "PIPELINE_NAME": "churn-prod",
    "ACCEPTED_URI": "s3://processed/accepted/",
    "TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:churn-prod-operations",
    "COOL_DOWN_HOURS": "6",
    "MAX_RUNS_PER_DAY": "2",
}


class Clients:
    """S3, SageMaker and SNS clients whose every call must have been announced."""

    def __init__(self) -> None:
        names = ("s3", "sagemaker", "sns")
        self.clients = {
            n: boto3.client(n, "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x") for n in names
        }
        self.stubs = {n: Stubber(c) for n, c in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def has_objects(self, *keys: str) -> None:
        answer = {"Contents": [{"Key": k} for k in keys]} if keys else {}
        self.stubs["s3"].add_response("list_objects_v2", answer, {"Bucket": "processed", "Prefix": "accepted/"})

    def has_run(self, *, hours_ago: float, name: str, data: str) -> None:
        started = NOW - timedelta(hours=hours_ago)
        summary = {
            "PipelineExecutionArn": EXECUTION,
            "StartTime": started,
            "PipelineExecutionStatus": "Succeeded",
            "PipelineExecutionDisplayName": name,
        }
        wanted = {"PipelineName": "churn-prod", "CreatedAfter": NOW - MEMORY}
        self.stubs["sagemaker"].add_response(
            "list_pipeline_executions", {"PipelineExecutionSummaries": [summary]}, wanted
        )
        self.stubs["sagemaker"].add_response(
            "list_pipeline_parameters_for_execution",
            {"PipelineParameters": [{"Name": "DatasetVersion", "Value": data}]},
            {"PipelineExecutionArn": EXECUTION},
        )

    def expects_start(self, version: str) -> None:
        wanted = {
            "PipelineName": "churn-prod",
            "PipelineExecutionDisplayName": "retrain-20261121-120000",
            "PipelineExecutionDescription": "weekly schedule",
            "PipelineParameters": [{"Name": "DatasetVersion", "Value": version}],
            "ClientRequestToken": ANY,
        }
        self.stubs["sagemaker"].add_response("start_pipeline_execution", {"PipelineExecutionArn": EXECUTION}, wanted)

    def expects_notice(self, subject: str) -> None:
        wanted = {"TopicArn": ENVIRONMENT["TOPIC_ARN"], "Subject": subject, "Message": ANY}
        self.stubs["sns"].add_response("publish", {"MessageId": "1"}, wanted)

    def run(self, event: dict[str, Any]) -> dict[str, str]:
        return retrain(event, now=NOW, environment=ENVIRONMENT, **self.clients)


@pytest.fixture
def aws() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    for stub in clients.stubs.values():
        stub.assert_no_pending_responses()


def test_new_data_starts_a_run_that_names_its_data(aws: Clients) -> None:
    aws.has_objects("accepted/bb.parquet", "accepted/aa.parquet")
    aws.has_run(hours_ago=1, name="first", data="data-other")
    aws.expects_start("data-3a3b6833cd22")
    aws.expects_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "weekly schedule"}) == {
        "action": "started",
        "reason": "weekly schedule",
        "execution": EXECUTION,
    }


def test_only_automatic_runs_count_for_the_cool_down(aws: Clients) -> None:
    aws.has_objects("accepted/aa.parquet")
    aws.has_run(hours_ago=1, name="retrain-20261121-110000", data="data-other")
    aws.expects_notice("churn-prod: no retraining")
    result = aws.run({"trigger": "weekly schedule"})
    assert result["action"] == "held"
    assert result["reason"].startswith("cooling down")


def test_an_alarm_that_is_over_asks_for_nothing(aws: Clients) -> None:
    message = (
        '{"AlarmName": "drift", "NewStateValue": "OK", "NewStateReason": "below", '
        '"StateChangeTime": "2026-11-21T11:00:00.000+0000"}'
    )
    assert aws.run({"Records": [{"Sns": {"Message": message}}]})["action"] == "ignored"
