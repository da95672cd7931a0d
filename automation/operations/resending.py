"""Delivered objects that ingestion has not done: sent again to the machine, from the dead letters or from raw data.

A letter has one of three forms: the state of an execution whose tries were used up, the detail of the event that an
execution was stopped, or the event of an object that no execution was started for (`components.data.ingestion`). What
else lies with the dead letters is of other functions, and stays there.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from automation.operations.errors import RefusedError
from contracts.names import DEAD_LETTERS, WorkloadNames

#: How long nobody else sees a letter that is looked at (SQS: at most 12 hours); one that is kept is seen at once.
_HIDDEN_SECONDS: Final = 900
#: SQS asks all of its servers only where it may wait ("long polling", developer guide).
_WAIT_SECONDS: Final = 1


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A version of an object in raw data, as the machine is told of it."""

    bucket: str
    key: str
    version_id: str

    @property
    def told(self) -> dict[str, Any]:
        """The machine's input: what it reads of an event of S3."""
        return {"bucket": {"name": self.bucket}, "object": {"key": self.key, "version-id": self.version_id}}

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key} (version {self.version_id})"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A dead letter about a delivery, and why it lies there; `receipt` is what SQS takes it away by."""

    identifier: str
    receipt: str
    delivery: Delivery
    why: str


def letters(names: WorkloadNames, *, sqs: Any) -> list[Letter]:
    """All of the workload's dead letters about deliveries, which nobody else sees until they are sent or `keep` is
    called. Letters about something else are seen again at once."""
    url = _queue(names, sqs)
    found: list[Letter] = []
    others: list[str] = []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_SECONDS, VisibilityTimeout=_HIDDEN_SECONDS
    ).get("Messages", []):
        for message in messages:
            letter = read(message, names)
            if letter is None:
                others.append(message["ReceiptHandle"])
            else:
                found.append(letter)
    _show(others, url, sqs)
    return found


def read(message: Mapping[str, Any], names: WorkloadNames) -> Letter | None:
    """A message of the queue as a letter, None where it is about something else than raw data of the workload."""
    try:
        told, why = _told(json.loads(message["Body"]))
        delivery = Delivery(
            bucket=told["bucket"]["name"], key=told["object"]["key"], version_id=told["object"]["version-id"]
        )
    except (AttributeError, KeyError, TypeError, ValueError):  # no JSON, or another form of it
        return None
    if delivery.bucket != names.raw_bucket or not delivery.key.startswith(names.layout.incoming):
        return None  # an event of another bucket, which another function is told of
    return Letter(
        identifier=message["MessageId"], receipt=message["ReceiptHandle"], delivery=delivery, why=" ".join(why.split())
    )


def _told(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """What the machine was told, or should have been, and what came of it. KeyError where it is nothing of that."""
    if "executionArn" in body:
        return json.loads(body["input"]), f"{body['status']} {body['executionArn'].rpartition(':')[2]}"
    if body.get("source") == "aws.s3":
        return body["detail"], "no execution was started"
    return body, f"{body['error']['Error']}: {body['error'].get('Cause', '')}"


def send(letter: Letter, names: WorkloadNames, *, states: Any, sqs: Any) -> str:
    """Start an execution for a letter and take it away; the execution's ARN.

    The execution is called by the letter: one that was sent, and not taken away before a crash, is not sent twice.
    """
    name = f"resend-{letter.identifier}"
    try:
        execution = start(letter.delivery, names, name=name, states=states)
    except states.exceptions.ExecutionAlreadyExists:
        execution = f"{_machine(names).replace(':stateMachine:', ':execution:')}:{name}"
    sqs.delete_message(QueueUrl=_queue(names, sqs), ReceiptHandle=letter.receipt)
    return execution


def keep(found: Iterable[Letter], names: WorkloadNames, *, sqs: Any) -> None:
    """Show letters that are not sent to others again."""
    _show([letter.receipt for letter in found], _queue(names, sqs), sqs)


def _show(receipts: Iterable[str], url: str, sqs: Any) -> None:
    for receipt in receipts:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)


def start(delivery: Delivery, names: WorkloadNames, *, states: Any, name: str | None = None) -> str:
    """Start an execution for a delivery; its ARN. RefusedError where the workload has no machine."""
    try:
        return states.start_execution(
            stateMachineArn=_machine(names), name=name or f"resend-{uuid.uuid4()}", input=json.dumps(delivery.told)
        )["executionArn"]
    except states.exceptions.StateMachineDoesNotExist as error:
        raise RefusedError(f"{_machine(names)} is not there: `up` makes it") from error


def missing(names: WorkloadNames, *, s3: Any, states: Any) -> list[Delivery]:
    """Versions of raw objects of which no note says what they were judged as, and that no execution has under way."""
    noted = set(_keys(s3, names.processed_bucket, names.layout.deliveries))
    unknown = [each for each in _delivered(names, s3) if _note(names, each) not in noted]
    under_way = _under_way(names, states) if unknown else set[Delivery]()
    return [each for each in unknown if each not in under_way]


def _delivered(names: WorkloadNames, s3: Any) -> Iterator[Delivery]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=names.raw_bucket, Prefix=names.layout.incoming)
    for page in pages:
        for each in page.get("Versions", []):
            yield Delivery(bucket=names.raw_bucket, key=each["Key"], version_id=each["VersionId"])


def _note(names: WorkloadNames, delivery: Delivery) -> str:
    """Key of what validation notes of a version (`workloads.validation.outcome`)."""
    told = f"s3://{delivery.bucket}/{delivery.key} {delivery.version_id}"
    return f"{names.layout.deliveries}{hashlib.sha256(told.encode()).hexdigest()}.json"


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", []):
            yield each["Key"]


def _under_way(names: WorkloadNames, states: Any) -> set[Delivery]:
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=_machine(names), statusFilter="RUNNING")
    found = set[Delivery]()
    for page in pages:
        for each in page["executions"]:
            told = json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
            found.add(
                Delivery(
                    bucket=told["bucket"]["name"], key=told["object"]["key"], version_id=told["object"]["version-id"]
                )
            )
    return found


def _machine(names: WorkloadNames) -> str:
    return names.arn("states", f"stateMachine:{names.resource('ingestion')}")


def _queue(names: WorkloadNames, sqs: Any) -> str:
    name = names.resource(DEAD_LETTERS)
    try:
        return sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist as error:
        raise RefusedError(f"queue {name} is not there: `up` makes it") from error
