"""State machines that rules start: interpreted, with tasks that call the emulator and jobs that run."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from local.emulator import Emulator
from tests.local.emulator.conftest import ROLE
from tests.local.processes import eventually

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/training@sha256:" + "0" * 64


def job(**more: Any) -> dict[str, Any]:
    """A task that starts a processing job named by the execution."""
    part = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 0)"
    parameters = {
        "ProcessingJobName.$": f"States.Format('job-{{}}', {part})",
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-m", "json.tool"]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
    }
    resource = "arn:aws:states:::sagemaker:createProcessingJob.sync"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "ResultPath": None, **more}


@pytest.fixture
def states(emulator: Emulator) -> Any:
    return emulator.client("stepfunctions")


def machine(states: Any, **made: dict[str, Any]) -> str:
    definition = {"StartAt": next(iter(made)), "States": {**made, "Failed": {"Type": "Fail"}}}
    answer = states.create_state_machine(
        name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=ROLE
    )
    return answer["stateMachineArn"]


def ended(states: Any, arn: str, status: str) -> dict[str, Any]:
    """The machine's only execution, once it has that status."""

    def found() -> dict[str, Any] | None:
        executions = states.list_executions(stateMachineArn=arn)["executions"]
        return next((each for each in executions if each["status"] != "RUNNING"), None)

    execution = states.describe_execution(executionArn=eventually(found)["executionArn"])
    assert execution["status"] == status, f"{execution.get('error')}: {execution.get('cause')}"
    return execution


def test_an_object_starts_the_machine_of_a_rule_which_runs_a_job_and_reads_what_it_left(
    emulator: Emulator, states: Any, s3: Any
) -> None:
    bucket = f"in-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket=bucket, Key="left/a day.csv.json", Body=json.dumps({"status": "accepted"}).encode())
    read = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket.$": "$.bucket.name", "Key.$": "States.Format('left/{}.json', $.object.key)"},
        "ResultSelector": {"of.$": "States.StringToJson($.Body)"},
        "ResultPath": "$.left",
        "Next": "Which",
    }
    which = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.left.of.status", "StringEquals": "accepted", "Next": "Done"}],
        "Default": "Failed",
    }
    arn = machine(states, Job=job(Next="Read"), Read=read, Which=which, Done={"Type": "Succeed"})
    events = emulator.client("events")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "a"}]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket, Targets=[{"Id": "m", "Arn": arn, "RoleArn": ROLE, "InputPath": "$.detail"}])
    s3.put_object(Bucket=bucket, Key="a day.csv", Body=b"x")
    s3.put_object(Bucket=bucket, Key="other.csv", Body=b"x")
    output = json.loads(ended(states, arn, "SUCCEEDED")["output"])
    assert (output["object"]["key"], output["left"]) == ("a day.csv", {"of": {"status": "accepted"}})


def test_a_job_that_fails_is_tried_again_and_then_caught_with_its_reason(states: Any) -> None:
    failing = job(Next="Done")
    failing["Parameters"]["Environment"] = {"Fail": "told to fail"}
    failing["Retry"] = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    failing["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Done"}]
    arn = machine(states, Job=failing, Done={"Type": "Succeed"})
    states.start_execution(stateMachineArn=arn, input=json.dumps({"kept": 1}))
    output = json.loads(ended(states, arn, "SUCCEEDED")["output"])
    assert output["kept"] == 1
    assert output["error"]["Error"] == "States.TaskFailed"
    cause = json.loads(output["error"]["Cause"])
    assert (cause["ProcessingJobStatus"], cause["FailureReason"]) == ("Failed", "Step Job failed: told to fail: {}")
    history = states.get_execution_history(
        executionArn=states.list_executions(stateMachineArn=arn)["executions"][0]["executionArn"]
    )
    assert sum(event["type"] == "TaskFailed" for event in history["events"]) == 2
