"""SNS deliveries: Lambda subscriptions run the function, a missing queue does not fail the publisher.

Nothing leaves the machine: e-mail, SMS and HTTP subscriptions are recorded, not contacted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import Subscription
from moto.sqs.exceptions import QueueDoesNotExist

from local.emulator.context import Context
from local.emulator.delivery import lambdas
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

    def publish(original: Callable[..., None]) -> Callable[..., None]:
        def corrected(
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
            topic = self.topic.arn
            if self.protocol == "sqs":
                try:
                    original(self, message, message_id, subject, message_attributes, **more)
                except QueueDoesNotExist:
                    context.log.add(topic, self.endpoint, Status.FAILED, error="the queue does not exist")
                else:
                    context.log.add(topic, self.endpoint, Status.DELIVERED, message_id=message_id)
            elif self.protocol == "lambda":
                if more.get("message_structure") == "json":
                    message = self._parse_message_structure(message, self.protocol)
                region, account = self.endpoint.split(":")[3:5]
                invocation = event(self, message, message_id, subject, message_attributes)
                lambdas.invoke_later(context, account, region, self.endpoint, invocation, source=topic)
            else:
                reason = f"{self.protocol} subscriptions: the emulator contacts nothing outside this machine"
                context.log.add(topic, self.endpoint, Status.NOT_EMULATED, reason=reason)

        return corrected

    wrap(Subscription, "publish", publish)
