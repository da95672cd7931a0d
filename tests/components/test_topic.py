from __future__ import annotations

import functools

from components.topic import Topic, TopicArgs
from tests.components.engine import CHURN, NAMES, Deployment, deploy, policy

KEY = "arn:aws:kms:eu-west-1:123456789012:key/messages"


@functools.cache
def topics(*emails: str) -> Deployment:
    def program() -> None:
        Topic("alerts", TopicArgs(names=NAMES, role="alerts", key_arn=KEY, event_rules=True, emails=emails))
        Topic("retraining", TopicArgs(names=CHURN, role="retraining", key_arn=KEY))

    return deploy(program)


def test_topics_are_encrypted_and_named_by_their_level() -> None:
    found = topics().all("aws:sns/topic:Topic")
    assert [t.inputs["name"] for t in found] == ["mlplatform-staging-alerts", "churn-staging-retraining"]
    assert {t.inputs["kmsMasterKeyId"] for t in found} == {KEY}


def test_alarms_of_every_workload_of_the_stack_publish_and_event_rules_to_people_only() -> None:
    for name, topic in (("alerts", "mlplatform-staging-alerts"), ("retraining", "churn-staging-retraining")):
        statements = policy(topics().one(f"{name}-policy"))
        assert statements["Alarms"] == {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": [f"arn:aws:sns:eu-west-1:123456789012:{topic}"],
            "Condition": {
                "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*-staging-*"},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        }
        assert statements["DenyPlainHttp"]["Effect"] == "Deny"
        assert ("EventRules" in statements) is (name == "alerts")


def test_people_are_told_by_mail() -> None:
    kind = "aws:sns/topicSubscription:TopicSubscription"
    assert topics().names(kind) == []
    subscription = topics("on-call@example.com").all(kind)[0]
    assert subscription.inputs["protocol"] == "email"
    assert subscription.inputs["endpoint"] == "on-call@example.com"
    assert subscription.input_dependencies["topic"] == ("alerts-topic",)
