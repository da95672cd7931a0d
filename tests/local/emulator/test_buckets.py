from __future__ import annotations

import json
from typing import Any

import pytest

from local.emulator import Emulator


@pytest.fixture
def notified(emulator: Emulator, s3: Any, name: str, open_queue: Any) -> Any:
    """A bucket that notifies EventBridge, and the events a rule sent to a queue."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    sqs, events = emulator.client("sqs"), emulator.client("events")
    url = open_queue(name)
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:eu-west-1:123456789012:{name}"}])

    def read() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return read


def test_the_configuration_is_described(s3: Any, notified: Any, name: str) -> None:
    found = s3.get_bucket_notification_configuration(Bucket=name)
    assert found["EventBridgeConfiguration"] == {}


def test_a_bucket_without_notifications_says_so(s3: Any, bucket: str) -> None:
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert "EventBridgeConfiguration" not in found


def test_a_new_object_is_one_event(s3: Any, notified: Any, name: str) -> None:
    s3.put_object(Bucket=name, Key="incoming/2026-01-01/rows.csv", Body=b"a,b\n1,2\n")
    found = notified()
    assert [event["detail-type"] for event in found] == ["Object Created"]
    detail = found[0]["detail"]
    assert detail["object"]["key"] == "incoming/2026-01-01/rows.csv"
    assert detail["object"]["size"] == 8
    assert (detail["bucket"], detail["reason"]) == ({"name": name}, "PutObject")
    assert found[0]["resources"] == [f"arn:aws:s3:::{name}"]


def test_tags_and_deletion_are_events_of_their_own(s3: Any, notified: Any, name: str) -> None:
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    s3.put_object_tagging(Bucket=name, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.delete_object(Bucket=name, Key="a")
    assert [event["detail-type"] for event in notified()] == ["Object Created", "Object Tags Added", "Object Deleted"]
