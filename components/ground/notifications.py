"""Topics: one for people, one that starts a rollback, one that asks for retraining.

All are encrypted with the key of messages, which CloudWatch alarms and EventBridge rules of this account may use.
Alarms and rules name a topic by its `Channel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.naming import Names


class Channel(StrEnum):
    """Who is told: people (`alerts`), the rollback function, the retraining function."""

    ALERTS = "alerts"
    ROLLBACK = "rollback"
    RETRAINING = "retraining"


def topic_policy(channel: Channel, names: Names) -> list[Statement]:
    """Alarms of this stack publish; to people also event rules and the functions, whose own policies let them.

    EventBridge's calls carry neither aws:SourceArn nor aws:SourceAccount (Amazon SNS developer guide, "Managing
    encryption keys"), so its statement is bounded by the topic and the key alone.
    """
    topic = [names.arn("sns", names.resource(channel))]
    statements = [
        access.grant(
            "Alarms",
            ["sns:Publish"],
            topic,
            {"Service": "cloudwatch.amazonaws.com"},
            conditions={
                "ArnLike": {"aws:SourceArn": names.arn("cloudwatch", f"alarm:{names.resource('*')}")},
                "StringEquals": {"aws:SourceAccount": names.account},
            },
        ),
        access.deny("DenyPlainHttp", ["sns:Publish"], topic, conditions={"Bool": {"aws:SecureTransport": "false"}}),
    ]
    if channel is Channel.ALERTS:
        statements.append(access.grant("EventRules", ["sns:Publish"], topic, {"Service": "events.amazonaws.com"}))
    return statements


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """`notify` are e-mail addresses that get every alert."""

    ground: Ground
    notify: Sequence[str]


class Notifications(pulumi.ComponentResource):
    """The topics, by channel.

    notifications = Notifications("notifications", NotificationsArgs(ground=ground, notify=[]))
    notifications[Channel.ALERTS].arn
    """

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:notifications:Notifications", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, key = args.ground.names, args.ground.keys[Domain.MESSAGES]
        self._topics: dict[Channel, aws.sns.Topic] = {}
        for channel in Channel:
            topic = aws.sns.Topic(
                f"{name}-{channel}",
                name=names.resource(channel),
                kms_master_key_id=key.arn,
                signature_version=2,
                opts=child,
            )
            aws.sns.TopicPolicy(
                f"{name}-{channel}-policy",
                arn=topic.arn,
                policy=access.document(topic_policy(channel, names)),
                opts=child,
            )
            self._topics[channel] = topic
        for address in args.notify:
            aws.sns.TopicSubscription(
                f"{name}-{address}",
                topic=self._topics[Channel.ALERTS].arn,
                protocol="email",
                endpoint=address,
                opts=child,
            )
        self.register_outputs({channel: topic.arn for channel, topic in self._topics.items()})

    def __getitem__(self, channel: Channel) -> aws.sns.Topic:
        return self._topics[channel]
