"""The handler against stubbed clients: botocore checks every request, and an unexpected call fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY

from tests.workloads.stubs import TOPIC_ARN, StubbedClients
from workloads.retraining.handler import MEMORY, retrain

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EXECUTION = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-prod/execution/abcdefabcdef"
ENVIRONMENT = {
    "PIPELINE_NAME": "churn-prod",
    "ACCEPTED_URI": "s3://processed/accepted/",
    "TOPIC_ARN": TOPIC_ARN,
    "COOL_DOWN_HOURS": "6",
    "MAX_RUNS_PER_DAY": "2",
}


class Clients(StubbedClients):
    """What the platform has, and what the handler is expected to do with it."""

    def __init__(self) -> None:
        super().__init__("s3", "sagemaker", "sns")

    def has_objects(self, *keys: str) -> None:
        answer = {"Contents": [{"Key": k} for k in keys]} if keys else {}
        self.expect("s3", "list_objects_v2", answer, {"Bucket": "processed", "Prefix": "accepted/"})

    def has_run(self, *, hours_ago: float, name: str, data: str) -> None:
        started = NOW - timedelta(hours=hours_ago)
        summary = {
            "PipelineExecutionArn": EXECUTION,
            "StartTime": started,
            "PipelineExecutionStatus": "Succeeded",
            "PipelineExecutionDisplayName": name,
        }
        wanted = {"PipelineName": "churn-prod", "CreatedAfter": NOW - MEMORY}
        self.expect("sagemaker", "list_pipeline_executions", {"PipelineExecutionSummaries": [summary]}, wanted)
        self.expect(
            "sagemaker",
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
        self.expect("sagemaker", "start_pipeline_execution", {"PipelineExecutionArn": EXECUTION}, wanted)

    def run(self, event: dict[str, Any]) -> dict[str, str]:
        return retrain(event, now=NOW, environment=ENVIRONMENT, **self.clients)


@pytest.fixture
def aws() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    clients.all_called()


def test_new_data_starts_a_run_that_names_its_data(aws: Clients) -> None:
    aws.has_objects("accepted/bb.parquet", "accepted/aa.parquet")
    aws.has_run(hours_ago=1, name="first", data="data-other")
    aws.expects_start("data-3a3b6833cd22")
    aws.expect_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "weekly schedule"}) == {
        "action": "started",
        "reason": "weekly schedule",
        "execution": EXECUTION,
    }


def test_only_automatic_runs_count_for_the_cool_down(aws: Clients) -> None:
    aws.has_objects("accepted/aa.parquet")
    aws.has_run(hours_ago=1, name="retrain-20261121-110000", data="data-other")
    aws.expect_notice("churn-prod: no retraining")
    result = aws.run({"trigger": "weekly schedule"})
    assert result["action"] == "held"
    assert result["reason"].startswith("cooling down")


def test_an_alarm_that_is_over_asks_for_nothing(aws: Clients) -> None:
    message = (
        '{"AlarmName": "drift", "NewStateValue": "OK", "NewStateReason": "below", '
        '"StateChangeTime": "2026-11-21T11:00:00.000+0000"}'
    )
    assert aws.run({"Records": [{"Sns": {"Message": message}}]})["action"] == "ignored"
