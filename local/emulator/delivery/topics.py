"""SNS deliveries: Lambda subscriptions run the function, what cannot be delivered does not fail the publisher.

Nothing leaves the machine: e-mail, SMS and HTTP subscriptions are recorded, not contacted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import Subscription

from local.emulator.context import Context
from local.emulator.delivery import lambdas, permissions, queues
from local.emulator.delivery.log import Status
from local.emulator.extension import wrap


def event(
    subscription: Subscription, message: str, message_id: str, subject: str | None, attributes: dict[str, Any] | None
) -> dict[str, Any]:
    """The event of a function subscribed to a topic (Lambda developer guide, "Invoking Lambda functions with SNS")."""
    named = {key: {"Type": value["Type"], "Value": value["Value"]} for key, value in (attributes or {}).items()}
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    "Signature": "EMULATED",
                    "SigningCertUrl": "https://sns.amazonaws.com/EMULATED.pem",
                    "MessageId": message_id,
                    "Message": message,
                    "MessageAttributes": named,
                    "Type": "Notification",
                    "UnsubscribeUrl": f"https://sns.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
                    "TopicArn": subscription.topic.arn,
                    "Subject": subject,
                },
            }
        ]
    }


def install(context: Context) -> None:
    """Deliver through the emulator."""

    def publish(
        original: Callable[..., None],
        self: Subscription,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        if self.protocol == "sqs":
            refusal = queues.refusal(self.endpoint, permissions.TOPICS, self.topic.arn)
            status, detail = (Status.FAILED, {"error": refusal}) if refusal else (Status.DELIVERED, {})
            context.log.add(self.topic.arn, self.endpoint, status, **detail)
            if refusal is None:
                original(self, message, message_id, subject, message_attributes, **more)
        elif self.protocol == "lambda":
            if more.get("message_structure") == "json":
                message = self._parse_message_structure(message, self.protocol)
            invocation = event(self, message, message_id, subject, message_attributes)
            refusal = _invoke(context, self, invocation)
        else:
            reason = f"{self.protocol} subscriptions: the emulator contacts nothing outside this machine"
            context.log.add(self.topic.arn, self.endpoint, Status.NOT_EMULATED, reason=reason)
            return
        if refusal is not None:
            _redrive(context, self, message, refusal)

    wrap(Subscription, "publish", publish)


def _invoke(context: Context, subscription: Subscription, invocation: dict[str, Any]) -> str | None:
    region, account = subscription.endpoint.split(":")[3:5]
    return lambdas.invoke_later(
        context,
        account,
        region,
        subscription.endpoint,
        invocation,
        source=subscription.topic.arn,
        service=permissions.TOPICS,
    )


def _redrive(context: Context, subscription: Subscription, message: str, error: str) -> None:
    """Put what could not be delivered on the subscription's dead-letter queue, when it has one."""
    target = json.loads(subscription.attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
    queues.bury(context, target, message, source=subscription.topic.arn, service=permissions.TOPICS, error=error)
