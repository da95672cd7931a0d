"""A topic: encrypted, TLS only, and open to the alarms of this stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.service import Service
from contracts.names import Names

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "sns",
        types="sns/topic sns/topicPolicy sns/topicSubscription",
        reads="GetSubscriptionAttributes GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource",
        changes="CreateTopic DeleteTopic SetSubscriptionAttributes SetTopicAttributes Subscribe TagResource "
        "Unsubscribe UntagResource",
        named="{every}",
    ),
)


def topic_policy(names: Names, role: str, *, event_rules: bool, alarms: bool = True) -> list[Statement]:
    """Alarms of this stack publish, on request also event rules; roles publish by their own policies.

    EventBridge's calls carry neither aws:SourceArn nor aws:SourceAccount (Amazon SNS developer guide, "Managing
    encryption keys"), so its statement is bounded by the topic and the key alone.
    """
    topic = [names.arn("sns", names.resource(role))]
    statements = [
        access.deny("DenyPlainHttp", ["sns:Publish"], topic, conditions={"Bool": {"aws:SecureTransport": "false"}})
    ]
    if alarms:
        statements.insert(
            0,
            access.grant(
                "Alarms",
                ["sns:Publish"],
                topic,
                {"Service": "cloudwatch.amazonaws.com"},
                conditions={
                    "ArnLike": {"aws:SourceArn": names.arn("cloudwatch", f"alarm:{names.every}")},
                    "StringEquals": {"aws:SourceAccount": names.account},
                },
            ),
        )
    if event_rules:
        statements.append(access.grant("EventRules", ["sns:Publish"], topic, {"Service": "events.amazonaws.com"}))
    return statements


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    """`role` names the topic (`<prefix>-<role>`); `emails` get all.

    `alarms` lets the stack's alarms publish, `event_rules` EventBridge.
    """

    names: Names
    role: str
    key_arn: pulumi.Input[str]
    event_rules: bool = False
    alarms: bool = True
    emails: Sequence[str] = ()


class Topic(pulumi.ComponentResource):
    """One topic.

    alerts = Topic("alerts", TopicArgs(names=names, role="alerts", key_arn=key.arn, event_rules=True))
    alerts.arn
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:topic:Topic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=args.names.resource(args.role),
            kms_master_key_id=args.key_arn,
            signature_version=2,
            opts=child,
        )
        aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=access.document(
                topic_policy(args.names, args.role, event_rules=args.event_rules, alarms=args.alarms)
            ),
            opts=child,
        )
        for address in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=child
            )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
