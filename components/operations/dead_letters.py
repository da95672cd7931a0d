"""The dead-letter queue of a workload, or of the ground: what failed for good waits here for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from components.watch import Alarm, Series, Watch, Widget
from contracts.names import DEAD_LETTERS, Names

RETENTION_DAYS = 14
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "sqs",
        types="sqs/queue sqs/queuePolicy",
        reads="GetQueueAttributes GetQueueUrl ListQueueTags",
        changes="CreateQueue DeleteQueue SetQueueAttributes TagQueue UntagQueue",
        named="{every}",
    ),
)


def watch(names: Names) -> Watch:
    """One letter is one too many."""
    queue = names.resource(DEAD_LETTERS)
    namespace, metric, dimensions = "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue}
    return Watch(
        alarms=(
            Alarm(
                name=queue,
                description=f"{queue}: something failed for good and waits for a person",
                namespace=namespace,
                metric=metric,
                dimensions=dimensions,
                statistic="Maximum",
                threshold=0,
            ),
        ),
        widgets=(
            Widget(
                title="Dead letters",
                series=[Series(namespace=namespace, metric=metric, dimensions=dimensions, statistic="Maximum")],
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class DeadLettersArgs:
    """The names of the workload, or of the ground."""

    ground: Ground
    names: Names


class DeadLetters(pulumi.ComponentResource):
    """The queue, which topics and event rules of this stack may write to.

    dead_letters = DeadLetters("churn-dead-letters", DeadLettersArgs(ground=ground, names=names))
    dead_letters.arn
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: DeadLettersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:operations:DeadLetters", name, None, opts)
        child, names = pulumi.ResourceOptions(parent=self), args.names
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=names.resource(DEAD_LETTERS),
            kms_master_key_id=args.ground.keys[Domain.MESSAGES].arn,
            kms_data_key_reuse_period_seconds=300,
            message_retention_seconds=RETENTION_DAYS * 24 * 3600,
            opts=child,
        )
        arn = names.arn("sqs", names.resource(DEAD_LETTERS))
        sources = [names.arn("events", f"rule/{names.resource('*')}"), names.arn("sns", names.resource("*"))]
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=access.document(
                [
                    access.grant(
                        "UndeliveredEvents",
                        ["sqs:SendMessage"],
                        [arn],
                        {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
                        conditions={"ArnLike": {"aws:SourceArn": sources}},
                    ),
                    access.deny(
                        "DenyPlainHttp", ["sqs:*"], [arn], conditions={"Bool": {"aws:SecureTransport": "false"}}
                    ),
                ]
            ),
            opts=child,
        )
        self.arn, self.url = queue.arn, queue.url
        self.register_outputs({"arn": self.arn})
