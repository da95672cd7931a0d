"""Ingestion's own state machine, interpreted: what becomes of an object that was judged, and of one that was not."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from components.data import ingestion_jobs, machine
from components.data.ingestion_jobs import JobBase
from components.jobs import Site
from contracts.names import Names, WorkloadNames
from local.emulator import Emulator
from tests.local.emulator.conftest import IMAGE, ROLE
from tests.local.emulator.test_machines import ended

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def names() -> WorkloadNames:
    """Of a stack of its own."""
    stack = f"s{uuid.uuid4().hex[:6]}"
    return Names(stack=stack, account="123456789012", region="eu-west-1").of_workload("churn")


@pytest.fixture
def queue(emulator: Emulator, names: WorkloadNames) -> Callable[[], list[dict[str, Any]]]:
    """What lies with the dead letters."""
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName=names.resource("dead-letters"))["QueueUrl"]

    def letters() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return letters


@pytest.fixture
def run(emulator: Emulator, names: WorkloadNames, queue: object) -> Run:
    """Runs the machine for an event of an object, which was judged so, or whose job fails; waits are left out."""
    states, s3 = emulator.client("stepfunctions"), emulator.client("s3")
    url = emulator.client("sqs").get_queue_url(QueueName=names.resource("dead-letters"))["QueueUrl"]
    topic = emulator.client("sns").create_topic(Name=names.resource("people"))["TopicArn"]
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=names.processed_bucket, CreateBucketConfiguration=where)

    def executed(
        status: str, *, expected: str = "SUCCEEDED", fails: str = "", done: Sequence[str] = (), rows: int | None = None
    ) -> dict[str, Any]:
        base = JobBase(
            site=Site(key_arn="arn:k", subnet_ids=["subnet-0"], security_group_id="sg-0"),
            image_uri=IMAGE,
            contract_uri="s3://artifacts/contract.json",
            instance_type="ml.m5.large",
            minutes=5,
            tags={},
        )
        request = ingestion_jobs.validation_request(names, base, role_arn=ROLE, salt_secret=None)
        request["Environment"] |= {"Fail": fails} if fails else {}
        steps = ingestion_jobs.steps(names, base, role_arn=ROLE, recipe="00", feature_group="group")
        for kind in done:
            s3.put_object(Bucket=names.processed_bucket, Key=f"ledger/churn/{kind}/00/0a.json", Body=b"{}")
        drawn = machine.definition(
            names,
            request=request,
            steps=steps,
            minutes=5,
            alerts_arn=topic,
            queue_url=url,
            asks=machine.Asks(rows=rows),
        )
        if rows is not None:
            drawn["States"]["WaitForTraining"]["Seconds"] = 1
        for state in drawn["States"].values():
            for retry in state.get("Retry", []):
                retry |= {"IntervalSeconds": 1, "MaxDelaySeconds": 2}
        event = {
            "bucket": {"name": names.raw_bucket},
            "object": {"key": "incoming/churn/a day.csv", "version-id": "v1"},
        }
        told = f"s3://{names.raw_bucket}/incoming/churn/a day.csv v1"
        note = {"status": status, "object_sha256": "0a", "rows_in": 10, "quarantined": 4, "accepted": 6}
        key = f"{names.layout.deliveries}{hashlib.sha256(told.encode()).hexdigest()}.json"
        s3.put_object(Bucket=names.processed_bucket, Key=key, Body=json.dumps(note).encode())
        arn = states.create_state_machine(
            name=names.resource(uuid.uuid4().hex[:6]), definition=json.dumps(drawn), roleArn=ROLE
        )["stateMachineArn"]
        states.start_execution(stateMachineArn=arn, input=json.dumps(event))
        execution = ended(states, arn, expected)
        history = states.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)["events"]
        execution["states"] = [
            e["stateEnteredEventDetails"]["name"] for e in history if "stateEnteredEventDetails" in e
        ]
        execution["failures"] = sum(e["type"] == "TaskFailed" for e in history)
        return execution

    return executed


BEFORE = ["Validate", "ReadVerdict", "Decide"]
LOOKED = ["LookForDataSet", "HasDataSet", "LookForRecords", "HasRecords"]


def test_an_accepted_object_is_prepared_and_written_and_nobody_is_told(
    run: Run, queue: Callable[[], list[Any]]
) -> None:
    states = [*BEFORE, *LOOKED[:2], "MakeDataSet", *LOOKED[2:], "WriteRecords", "Decided"]
    assert run("accepted")["states"] == states
    assert queue() == []


def test_what_an_execution_before_it_has_done_is_not_done_again(run: Run) -> None:
    states = [*BEFORE, *LOOKED, "WriteRecords", "Decided"]
    assert run("accepted", done=["prepared"])["states"] == states
    assert run("accepted", done=["prepared", "ingested"])["states"] == [*BEFORE, *LOOKED, "Decided"]


ASKED = """
import boto3
def handle(event, context):
    ssm = boto3.client("ssm")
    try:
        ssm.put_parameter(Name="/" + context.function_name, Value=str(event["at_least_rows"]), Type="String")
    except ssm.exceptions.ParameterAlreadyExists:
        return {"action": "held", "reason": "nothing new"}
    return {"action": "later", "reason": "a training run is under way"}
"""


def test_training_that_is_under_way_is_asked_for_again(
    run: Run, names: WorkloadNames, deploy_function: Callable[..., str], queue: Callable[[], list[Any]]
) -> None:
    deploy_function(names.resource("retraining"), ASKED)
    states = run("accepted", done=["prepared", "ingested"], rows=10)["states"]
    asked = ["AskForTraining", "HasAnswer"]
    assert states == [*BEFORE, *LOOKED, *asked, "WaitForTraining", *asked, "Decided"]
    assert queue() == []


@pytest.mark.parametrize("status", ["refused", "held"])
def test_people_are_told_of_an_object_that_is_not_used(run: Run, status: str) -> None:
    execution = run(status)
    assert execution["states"] == ["Validate", "ReadVerdict", "Decide", "TellPeople", "Decided"]


def test_an_object_that_no_try_could_judge_lies_with_the_dead_letters(run: Run, queue: Callable[[], list[Any]]) -> None:
    execution = run("accepted", expected="FAILED", fails="no memory")
    assert execution["states"] == ["Validate", "Bury", "Failed"]
    assert execution["failures"] == machine.TRIES
    (letter,) = queue()
    assert letter["object"] == {"key": "incoming/churn/a day.csv", "version-id": "v1"}
    assert letter["error"]["Error"] == "States.TaskFailed"
    assert "no memory" in letter["error"]["Cause"]


def test_an_execution_that_is_stopped_lies_with_the_dead_letters(
    emulator: Emulator, names: WorkloadNames, queue: Callable[[], list[Any]]
) -> None:
    states, events, sqs = emulator.client("stepfunctions"), emulator.client("events"), emulator.client("sqs")
    drawn = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
    arn = states.create_state_machine(name=names.resource("ingestion"), definition=json.dumps(drawn), roleArn=ROLE)[
        "stateMachineArn"
    ]
    rule = names.resource("ingestion-killed")
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps(machine.killed(arn)))["RuleArn"]
    url = sqs.get_queue_url(QueueName=names.resource("dead-letters"))["QueueUrl"]
    queue_arn = names.arn("sqs", names.resource("dead-letters"))
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnLike": {"aws:SourceArn": rule_arn}},
    }
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=rule, Targets=[{"Id": "0", "Arn": queue_arn, "InputPath": "$.detail"}])
    event = {"object": {"key": "incoming/churn/a day.csv", "version-id": "v1"}}
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(event))["executionArn"]
    assert queue() == []
    states.stop_execution(executionArn=execution)
    (letter,) = queue()
    assert (letter["status"], letter["executionArn"]) == ("ABORTED", execution)
    assert json.loads(letter["input"]) == event
