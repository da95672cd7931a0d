"""Deliveries that ingestion has not done: from dead letters of each form, and from what has no verdict."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from automation.operations import resending
from automation.operations.errors import RefusedError
from automation.operations.resending import Delivery
from contracts.names import Names, WorkloadNames
from local.emulator import Emulator
from tests.local.emulator.conftest import ROLE
from tests.local.processes import eventually

DRAWN = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


class Ingestion:
    """A workload's buckets, dead letters and machine, which waits in place of judging."""

    def __init__(self, emulator: Emulator, stack: str) -> None:
        names = Names(stack=stack, account=emulator.account, region=emulator.region).of_workload("churn")
        self.names: WorkloadNames = names
        self.s3, self.sqs, self.states = (emulator.client(each) for each in ("s3", "sqs", "stepfunctions"))
        where = {"LocationConstraint": emulator.region}
        there = {each["Name"] for each in self.s3.list_buckets()["Buckets"]}
        for bucket in {names.raw_bucket, names.processed_bucket} - there:
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self.s3.put_bucket_versioning(Bucket=names.raw_bucket, VersioningConfiguration={"Status": "Enabled"})
        self.url = self.sqs.create_queue(QueueName=names.resource("dead-letters"))["QueueUrl"]
        self.arn = self.states.create_state_machine(
            name=names.resource("ingestion"), definition=json.dumps(DRAWN), roleArn=ROLE
        )["stateMachineArn"]

    def put(self, name: str) -> Delivery:
        key = f"{self.names.layout.incoming}{name}"
        version = self.s3.put_object(Bucket=self.names.raw_bucket, Key=key, Body=b"x")["VersionId"]
        return Delivery(bucket=self.names.raw_bucket, key=key, version_id=version)

    def bury(self, body: object) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def buried(self) -> list[str]:
        """What lies there for everybody to see."""
        found: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            found += [message["Body"] for message in messages]
        return found

    def inputs(self) -> list[Any]:
        """What executions were started with."""
        listed = self.states.list_executions(stateMachineArn=self.arn)["executions"]
        described = (self.states.describe_execution(executionArn=each["executionArn"]) for each in listed)
        return [json.loads(each["input"]) for each in described]

    def judged(self, delivery: Delivery) -> None:
        told = f"s3://{delivery.bucket}/{delivery.key} {delivery.version_id}"
        key = f"{self.names.layout.deliveries}{hashlib.sha256(told.encode()).hexdigest()}.json"
        self.s3.put_object(Bucket=self.names.processed_bucket, Key=key, Body=b"{}")

    def missing(self) -> list[Delivery]:
        return resending.missing(self.names, s3=self.s3, states=self.states)

    def letters(self) -> list[resending.Letter]:
        return resending.letters(self.names, sqs=self.sqs)

    def send(self, letter: resending.Letter) -> str:
        return resending.send(letter, self.names, states=self.states, sqs=self.sqs)


@pytest.fixture
def ingestion(emulator: Emulator) -> Ingestion:
    return Ingestion(emulator, f"s{uuid.uuid4().hex[:6]}")


def of_tries(delivery: Delivery) -> dict[str, Any]:
    """What the machine buries: its state."""
    error = {"Error": "States.TaskFailed", "Cause": '{\n "FailureReason": "no memory"}'}
    return {**delivery.told, "looked": {"found": 0}, "error": error}


def of_a_stop(delivery: Delivery) -> dict[str, Any]:
    """What the rule brings of an execution that was stopped."""
    arn = "arn:aws:states:eu-west-1:123456789012:execution:churn-staging-ingestion:0f2e"
    return {"executionArn": arn, "status": "ABORTED", "input": json.dumps(delivery.told)}


def of_the_rule(delivery: Delivery) -> dict[str, Any]:
    """What the rule of deliveries could not bring to the machine: the event, with more than the machine reads."""
    detail = {**delivery.told, "object": {**delivery.told["object"], "size": 3}, "reason": "PutObject"}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (of_tries, 'States.TaskFailed: { "FailureReason": "no memory"}'),
        (of_a_stop, "ABORTED 0f2e"),
        (of_the_rule, "no execution was started"),
    ],
)
def test_a_letter_of_each_form_starts_an_execution_of_its_object_and_is_taken_away(
    ingestion: Ingestion, form: Callable[[Delivery], dict[str, Any]], why: str
) -> None:
    delivery = ingestion.put("a day.csv")
    ingestion.bury(form(delivery))
    (letter,) = ingestion.letters()
    assert (letter.delivery, letter.why) == (delivery, why)
    execution = ingestion.send(letter)
    assert ingestion.inputs() == [delivery.told]
    assert execution.startswith(f"{ingestion.arn.replace(':stateMachine:', ':execution:')}:resend-")
    resending.keep([], ingestion.names, sqs=ingestion.sqs)
    assert ingestion.buried() == []


def test_of_many_letters_all_are_found_and_those_of_others_stay(ingestion: Ingestion) -> None:
    delivered = [ingestion.put(f"{number}.csv") for number in range(23)]
    others = ["no JSON", "[1]", json.dumps({"requestPayload": {"trigger": "drift"}}), json.dumps({"error": {}})]
    of_a_run = {
        "bucket": {"name": ingestion.names.artifacts_bucket},
        "object": {"key": "runs/churn/a", "version-id": "1"},
    }
    others.append(json.dumps({"source": "aws.s3", "detail": of_a_run}))
    for body in others:
        ingestion.bury(body)
    for each in delivered:
        ingestion.bury(of_tries(each))
    found = ingestion.letters()
    assert sorted(str(each.delivery) for each in found) == sorted(map(str, delivered))
    assert ingestion.letters() == []  # nobody else sends them meanwhile
    assert sorted(ingestion.buried()) == sorted(others)
    resending.keep(found, ingestion.names, sqs=ingestion.sqs)
    assert len(ingestion.letters()) == len(delivered)


def test_a_letter_that_was_sent_and_not_taken_away_is_not_sent_twice(
    ingestion: Ingestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingestion.bury(of_tries(ingestion.put("a.csv")))
    (letter,) = ingestion.letters()
    with monkeypatch.context() as patch:
        patch.setattr(ingestion.sqs, "delete_message", _gone)
        with pytest.raises(ConnectionError):
            ingestion.send(letter)
    (execution,) = ingestion.states.list_executions(stateMachineArn=ingestion.arn)["executions"]
    ingestion.states.stop_execution(executionArn=execution["executionArn"])
    resending.keep([letter], ingestion.names, sqs=ingestion.sqs)
    (again,) = ingestion.letters()
    assert ingestion.send(again) == execution["executionArn"]
    assert len(ingestion.inputs()) == 1
    assert ingestion.letters() == []


def _gone(**_: object) -> None:
    raise ConnectionError


def test_missing_is_each_version_without_a_note_that_no_execution_has_under_way(ingestion: Ingestion) -> None:
    first, second = ingestion.put("day.csv"), ingestion.put("day.csv")  # one key, two versions
    judged, under_way = ingestion.put("judged.csv"), ingestion.put("slow.csv")
    ingestion.judged(judged)
    resending.start(under_way, ingestion.names, states=ingestion.states)
    ingestion.s3.put_object(Bucket=ingestion.names.raw_bucket, Key="incoming/churntwo/a.csv", Body=b"x")
    assert sorted(map(str, ingestion.missing())) == sorted(map(str, [first, second]))
    (execution,) = ingestion.states.list_executions(stateMachineArn=ingestion.arn)["executions"]
    ingestion.states.stop_execution(executionArn=execution["executionArn"])
    assert under_way in (eventually(lambda: under_way in (found := ingestion.missing()) and found) or [])
    for each in (first, second, under_way):
        ingestion.judged(each)
    assert ingestion.missing() == []


def test_a_stack_without_queue_or_machine_says_what_makes_them(emulator: Emulator, ingestion: Ingestion) -> None:
    names = Names(stack="nowhere", account=emulator.account, region=emulator.region).of_workload("churn")
    with pytest.raises(RefusedError) as caught:
        resending.letters(names, sqs=ingestion.sqs)
    assert str(caught.value) == "queue churn-nowhere-dead-letters is not there: `up` makes it"
    with pytest.raises(RefusedError) as caught:
        resending.start(ingestion.put("a.csv"), names, states=ingestion.states)
    assert str(caught.value).endswith(":stateMachine:churn-nowhere-ingestion is not there: `up` makes it")
