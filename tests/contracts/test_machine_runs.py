"""Runs of a state machine in the words of SageMaker's pipelines; what is not of the machine goes on to SageMaker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from contracts.machine_runs import MachineRuns

KEYS = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-prod-training"
RUN = "arn:aws:states:eu-west-1:123456789012:execution:churn-prod-training:by-hand-1"
START = datetime(2026, 11, 29, 3, tzinfo=UTC)


class World:
    """A machine and SageMaker, each stubbed: an unexpected call fails the test."""

    def __init__(self) -> None:
        self._states: Any = boto3.client("stepfunctions", **KEYS)
        self._sagemaker: Any = boto3.client("sagemaker", **KEYS)
        self.states, self.sagemaker = Stubber(self._states), Stubber(self._sagemaker)
        self.runs = MachineRuns(self._states, self._sagemaker, pipeline="churn-prod", arn=ARN)


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    with found.states, found.sagemaker:
        yield found
        found.states.assert_no_pending_responses()
        found.sagemaker.assert_no_pending_responses()


def start(world: World, **more: str) -> str:
    return world.runs.start_pipeline_execution(
        PipelineName="churn-prod",
        PipelineExecutionDisplayName="by-hand-1",
        PipelineParameters=[{"Name": "DatasetVersion", "Value": "d1"}],
        **more,
    )["PipelineExecutionArn"]


def asked(name: str, why: str = "") -> dict[str, Any]:
    return {
        "stateMachineArn": ARN,
        "name": name,
        "input": json.dumps({"parameters": {"DatasetVersion": "d1"}, "why": why}),
    }


def test_a_run_is_called_by_its_display_name(world: World) -> None:
    world.states.add_response("start_execution", {"executionArn": RUN, "startDate": START}, asked("by-hand-1"))
    assert start(world) == RUN


def test_a_second_run_of_that_name_is_a_fault(world: World) -> None:
    world.states.add_client_error("start_execution", "ExecutionAlreadyExists", expected_params=asked("by-hand-1"))
    with pytest.raises(world.runs._states.exceptions.ExecutionAlreadyExists):
        start(world)


def test_what_was_started_with_a_token_is_not_started_again(world: World) -> None:
    token = "a" * 64
    name = f"by-{token}"
    given = asked(name, "drift")
    world.states.add_client_error("start_execution", "ExecutionAlreadyExists", expected_params=given)
    found = start(world, ClientRequestToken=token, PipelineExecutionDescription="drift")
    assert found == f"arn:aws:states:eu-west-1:123456789012:execution:churn-prod-training:{name}"


def test_another_pipeline_and_all_else_are_sagemakers(world: World) -> None:
    other = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-prod-tuning/execution/abc"
    world.sagemaker.add_response("start_pipeline_execution", {"PipelineExecutionArn": other})
    world.sagemaker.add_response("describe_pipeline_execution", {"PipelineExecutionStatus": "Failed"})
    world.sagemaker.add_response("list_pipeline_execution_steps", {"PipelineExecutionSteps": [{"StepName": "Tune"}]})
    world.sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": []})
    given = {"PipelineName": "churn-prod-tuning", "ClientRequestToken": "t" * 32}
    assert world.runs.start_pipeline_execution(**given)["PipelineExecutionArn"] == other
    described = world.runs.describe_pipeline_execution(PipelineExecutionArn=other)
    assert described["PipelineExecutionStatus"] == "Failed"
    (page,) = world.runs.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=other)
    assert page["PipelineExecutionSteps"] == [{"StepName": "Tune"}]
    (page,) = world.runs.get_paginator("list_model_packages").paginate(ModelPackageGroupName="churn-prod")
    assert page["ModelPackageSummaryList"] == []


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ({"status": "RUNNING"}, "Executing", None),
        ({"status": "ABORTED"}, "Stopped", None),
        ({"status": "FAILED", "error": "Rejected", "cause": "auc is 0.5"}, "Failed", "auc is 0.5"),
        (
            {"status": "FAILED", "error": "JobFailed", "cause": json.dumps({"FailureReason": "AlgorithmError: no"})},
            "Failed",
            "AlgorithmError: no",
        ),
        (
            {"status": "FAILED", "error": "SageMaker.SageMakerException", "cause": "denied"},
            "Failed",
            "SageMaker.SageMakerException: denied",
        ),
        ({"status": "TIMED_OUT"}, "Failed", None),
    ],
)
def test_an_execution_is_described_with_its_reason(
    world: World, said: dict[str, Any], status: str, reason: str | None
) -> None:
    answer = {"executionArn": RUN, "stateMachineArn": ARN, "name": "by-hand-1", "startDate": START, **said}
    world.states.add_response("describe_execution", answer, {"executionArn": RUN})
    found = world.runs.describe_pipeline_execution(PipelineExecutionArn=RUN)
    assert (found["PipelineExecutionStatus"], found.get("FailureReason")) == (status, reason)


def test_executions_come_newest_first_and_since_a_time(world: World) -> None:
    listed = {
        "executions": [
            {
                "executionArn": f"{RUN}{n}",
                "stateMachineArn": ARN,
                "name": f"by-hand-1{n}",
                "status": "SUCCEEDED",
                "startDate": START + timedelta(hours=n),
            }
            for n in (0, 2, 1)
        ]
    }
    for _ in range(2):
        world.states.add_response("list_executions", listed, {"stateMachineArn": ARN})
    (newest,) = world.runs.list_pipeline_executions(PipelineName="churn-prod", MaxResults=1)[
        "PipelineExecutionSummaries"
    ]
    assert newest["PipelineExecutionArn"] == f"{RUN}2"
    since = START + timedelta(hours=1)
    pages = world.runs.get_paginator("list_pipeline_executions").paginate(PipelineName="churn-prod", CreatedAfter=since)
    assert [each["PipelineExecutionDisplayName"] for page in pages for each in page["PipelineExecutionSummaries"]] == [
        "by-hand-12",
        "by-hand-11",
    ]


def test_an_execution_says_what_it_was_asked(world: World) -> None:
    answer = {"executionArn": RUN, "stateMachineArn": ARN, "status": "RUNNING", "startDate": START}
    given = asked("by-hand-1")["input"]
    world.states.add_response("describe_execution", {**answer, "input": given})
    found = world.runs.list_pipeline_parameters_for_execution(PipelineExecutionArn=RUN)
    assert found == {"PipelineParameters": [{"Name": "DatasetVersion", "Value": "d1"}]}


@pytest.mark.parametrize("given", ["{}", "[]", '"x"', '{"parameters": null}', '{"parameters": ["a"]}'])
def test_an_execution_that_was_started_at_the_console_with_anything_was_asked_nothing(world: World, given: str) -> None:
    answer = {"executionArn": RUN, "stateMachineArn": ARN, "status": "FAILED", "startDate": START, "input": given}
    world.states.add_response("describe_execution", answer)
    assert world.runs.list_pipeline_parameters_for_execution(PipelineExecutionArn=RUN) == {"PipelineParameters": []}


def test_the_definition_says_what_would_be_registered(world: World) -> None:
    metadata = {"contract_sha": "c1", "dataset_uri.$": "$.parameters.InputDataUri"}
    states = {
        "Gate": {"Type": "Choice"},
        "Register": {
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:createModelPackage",
            "Parameters": {"CustomerMetadataProperties": metadata},
        },
    }
    answer = {
        "stateMachineArn": ARN,
        "name": "churn-prod-training",
        "definition": json.dumps({"States": states}),
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "type": "STANDARD",
        "creationDate": START,
    }
    world.states.add_response("describe_state_machine", answer, {"stateMachineArn": ARN})
    (step,) = json.loads(world.runs.describe_pipeline(PipelineName="churn-prod")["PipelineDefinition"])["Steps"]
    assert step["Arguments"]["CustomerMetadataProperties"] == metadata


def event(number: int, before: int, kind: str, **details: Any) -> dict[str, Any]:
    at = START + timedelta(minutes=number)
    return {"id": number, "previousEventId": before, "type": kind, "timestamp": at, **details}


def scheduled(number: int, before: int, call: str, request: dict[str, str]) -> dict[str, Any]:
    details = {
        "resourceType": "sagemaker",
        "resource": f"{call}.sync",
        "region": "eu-west-1",
        "parameters": json.dumps(request),
    }
    return event(number, before, "TaskScheduled", taskScheduledEventDetails=details)


def test_a_step_is_told_from_its_first_start_to_its_last_end(world: World) -> None:
    failed = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync", "error": "States.TaskFailed"}
    reason = json.dumps({"FailureReason": "CapacityError: none"})
    history = [
        event(1, 0, "ExecutionStarted"),
        event(2, 1, "ParallelStateEntered", stateEnteredEventDetails={"name": "BaselineAndTrain"}),
        event(3, 2, "TaskStateEntered", stateEnteredEventDetails={"name": "Baseline"}),
        event(4, 2, "TaskStateEntered", stateEnteredEventDetails={"name": "Train"}),
        scheduled(5, 4, "createTrainingJob", {"TrainingJobName": "churn-prod-Train-1"}),
        scheduled(6, 3, "createProcessingJob", {"ProcessingJobName": "churn-prod-Baseline-1"}),
        event(7, 5, "TaskFailed", taskFailedEventDetails={**failed, "cause": reason}),
        event(8, 7, "TaskStateEntered", stateEnteredEventDetails={"name": "Train"}),
        scheduled(9, 8, "createTrainingJob", {"TrainingJobName": "churn-prod-Train-2"}),
        event(
            10,
            9,
            "TaskSucceeded",
            taskSucceededEventDetails={
                "resourceType": "sagemaker",
                "resource": "createTrainingJob.sync",
                "output": "{}",
            },
        ),
        event(
            11,
            6,
            "TaskTimedOut",
            taskTimedOutEventDetails={
                "resourceType": "sagemaker",
                "resource": "createProcessingJob.sync",
                "error": "States.Timeout",
            },
        ),
    ]
    world.states.add_response("get_execution_history", {"events": history}, {"executionArn": RUN})
    (page,) = world.runs.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=RUN)
    of_job = "arn:aws:sagemaker:eu-west-1:123456789012"
    assert page["PipelineExecutionSteps"] == [
        {
            "StepName": "Train",
            "StartTime": START + timedelta(minutes=5),
            "EndTime": START + timedelta(minutes=10),
            "AttemptCount": 2,
            "StepStatus": "Succeeded",
            "Metadata": {"TrainingJob": {"Arn": f"{of_job}:training-job/churn-prod-Train-2"}},
        },
        {
            "StepName": "Baseline",
            "StartTime": START + timedelta(minutes=6),
            "EndTime": START + timedelta(minutes=11),
            "AttemptCount": 1,
            "StepStatus": "Failed",
            "FailureReason": "States.Timeout",
            "Metadata": {"ProcessingJob": {"Arn": f"{of_job}:processing-job/churn-prod-Baseline-1"}},
        },
    ]
