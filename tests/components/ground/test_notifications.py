from __future__ import annotations

import functools

from components.ground.notifications import Channel, Notifications, NotificationsArgs
from tests.components.engine import Deployment, deploy, ground, policy

TOPIC = "arn:aws:sns:eu-west-1:123456789012:churn-staging-"


@functools.cache
def notifications(*notify: str) -> Deployment:
    return deploy(lambda: Notifications("notifications", NotificationsArgs(ground=ground(), notify=notify)))


def test_one_encrypted_topic_for_each_channel() -> None:
    topics = notifications().all("aws:sns/topic:Topic")
    assert [t.inputs["name"] for t in topics] == [f"churn-staging-{c}" for c in ("alerts", "retraining", "rollback")]
    assert {t.inputs["kmsMasterKeyId"] for t in topics} == {"arn:aws:kms:eu-west-1:123456789012:key/keys-messages"}


def test_alarms_of_this_stack_publish_to_every_topic_and_events_to_people_only() -> None:
    for channel in Channel:
        statements = policy(notifications().one(f"notifications-{channel}-policy"))
        assert statements["Alarms"] == {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": [f"{TOPIC}{channel}"],
            "Condition": {
                "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn-staging-*"},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        }
        assert statements["DenyPlainHttp"]["Effect"] == "Deny"
        assert ("EventRules" in statements) is (channel is Channel.ALERTS)


def test_people_are_told_by_mail() -> None:
    kind = "aws:sns/topicSubscription:TopicSubscription"
    assert notifications().names(kind) == []
    subscription = notifications("on-call@example.com").all(kind)[0]
    assert subscription.inputs["protocol"] == "email"
    assert subscription.inputs["endpoint"] == "on-call@example.com"
    assert subscription.input_dependencies["topic"] == ("notifications-alerts",)
