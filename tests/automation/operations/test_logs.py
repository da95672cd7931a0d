"""What a workload wrote."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from automation.operations import logs
from automation.operations.logs import Place
from tests.automation.conftest import Platform

NOW = datetime.now(UTC).replace(microsecond=0)


def write(platform: Platform, group: str, stream: str, *lines: tuple[int, str]) -> None:
    """Lines with their age in minutes."""
    client = platform.client("logs")
    if not client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [
        {"timestamp": int((NOW - timedelta(minutes=age)).timestamp() * 1000), "message": text} for age, text in lines
    ]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def texts(
    platform: Platform, places: list[Place], *, minutes: int = 60, most: int = 100, pattern: str = ""
) -> list[str]:
    since = NOW - timedelta(minutes=minutes)
    found = logs.read(places, since=since, most=most, logs=platform.client("logs"), pattern=pattern)
    return [line.text for line in found]


def test_streams_are_merged_by_time_and_cut_at_the_old_end(platform: Platform) -> None:
    places = logs.of_endpoint(platform.names)
    group = f"/aws/sagemaker/Endpoints/{platform.names.prefix}"
    write(platform, group, "champion/i-1", (90, "too old"), (30, "second"), (10, "fourth"))
    write(platform, group, "champion/i-2", (40, "first\n"), (20, "third ERROR"))
    assert texts(platform, places) == ["first", "second", "third ERROR", "fourth"]
    assert texts(platform, places, most=2) == ["third ERROR", "fourth"]
    assert texts(platform, places, minutes=25) == ["third ERROR", "fourth"]
    assert texts(platform, places, pattern="ERROR") == ["third ERROR"]


def test_only_streams_of_the_named_jobs_are_read(platform: Platform) -> None:
    group = f"/aws/sagemaker/{uuid.uuid4().hex}"
    write(platform, group, "churn-job-1/algo-1", (5, "ours"))
    write(platform, group, "churn-job-10/algo-1", (5, "another's"))
    assert texts(platform, [Place(group=group, streams="churn-job-1/")]) == ["ours"]


def test_a_group_that_is_not_there_yet_has_no_lines(platform: Platform) -> None:
    assert texts(platform, [Place(group="/aws/lambda/none")]) == []


def test_functions_are_those_of_the_workload(platform: Platform) -> None:
    client, prefix = platform.client("logs"), platform.names.of_its_workload.prefix
    for name in (f"{prefix}-retraining", f"{prefix}-live-rollback", f"{prefix}x-retraining"):
        client.create_log_group(logGroupName=f"/aws/lambda/{name}")
    found = logs.of_functions(platform.names.of_its_workload, logs=client)
    assert [place.group for place in found] == [
        f"/aws/lambda/{prefix}-live-rollback",
        f"/aws/lambda/{prefix}-retraining",
    ]


START = datetime(2026, 11, 29, 3, tzinfo=UTC)


class Steps:
    """A training run with two jobs and a step that has none, and a search that started so many hours after it."""

    exceptions = boto3.client("sagemaker", "eu-west-1").exceptions

    def __init__(self, search_after: float | None = None) -> None:
        self._after = search_after

    def list_pipeline_executions(self, **asked: Any) -> dict[str, Any]:
        if asked["PipelineName"].endswith("-tuning"):
            if self._after is None:
                told = {"Error": {"Code": "ResourceNotFound", "Message": "no"}}
                raise self.exceptions.ClientError(told, "ListPipelineExecutions")
            run = {"PipelineExecutionArn": "arn:search", "StartTime": START + timedelta(hours=self._after)}
        else:
            run = {"PipelineExecutionArn": "arn:run", "StartTime": START}
        return {"PipelineExecutionSummaries": [run]}

    def get_paginator(self, _: str) -> Steps:
        return self

    def paginate(self, **asked: str) -> list[dict[str, list[dict[str, object]]]]:
        of_job = "arn:aws:sagemaker:r:1"
        search = {"TuningJob": {"Arn": f"{of_job}:hyper-parameter-tuning-job/1-Tune-ab"}}
        training = {"TrainingJob": {"Arn": f"{of_job}:training-job/pipelines-1-Train"}}
        processing = {"ProcessingJob": {"Arn": f"{of_job}:processing-job/pipelines-1-Prepare"}}
        trained = search if asked == {"PipelineExecutionArn": "arn:search"} else training
        return [{"PipelineExecutionSteps": [{"Metadata": trained}, {"Metadata": processing}, {"StepName": "Gate"}]}]


@pytest.mark.parametrize("hours", [None, -1.0])
def test_a_training_run_writes_where_its_jobs_do(platform: Platform, hours: float | None) -> None:
    assert logs.of_training(platform.names, sagemaker=Steps(hours)) == [
        Place(group="/aws/sagemaker/TrainingJobs", streams="pipelines-1-Train/"),
        Place(group="/aws/sagemaker/ProcessingJobs", streams="pipelines-1-Prepare/"),
    ]


def test_a_search_writes_where_its_trials_do(platform: Platform) -> None:
    assert logs.of_training(platform.names, sagemaker=Steps(2.5)) == [
        Place(group="/aws/sagemaker/TrainingJobs", streams="1-Tune-ab-"),
        Place(group="/aws/sagemaker/ProcessingJobs", streams="pipelines-1-Prepare/"),
    ]
