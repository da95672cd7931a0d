"""A function that answers to alarms: topic -> subscription -> function, what it cannot take to the dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.operations.function import Function, FunctionArgs
from components.topic import Topic, TopicArgs
from components.watch import Channel
from contracts.names import WorkloadNames

#: What every function of this kind imports: the package, its entry, and the reader of alarm notifications.
_CODE = tuple(f"workloads/{module}.py" for module in ("__init__", "alarm", "job", "logs"))


@dataclass(frozen=True, kw_only=True)
class ResponderArgs:
    """`role` names function and topic (`<prefix>-<role>`) and is the package of its code, `workloads/<role>/`.

    `code` are glob patterns of what it imports beside that; `statements` are what it may do.
    """

    ground: Ground
    names: WorkloadNames
    role: str
    description: str
    code: Sequence[str]
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    dead_letters_arn: pulumi.Input[str]
    timeout_seconds: int = 60
    memory_mb: int = 256
    boundary: pulumi.Input[str] | None = None


class Responder(pulumi.ComponentResource):
    """The function and the topic that calls it.

    rollback = Responder("churn-live-rollback", ResponderArgs(ground=ground, names=names, role="rollback", ...))
    rollback.topic_arn      # for alarms
    rollback.function       # for schedules
    """

    topic_arn: pulumi.Output[str]
    function: Function

    def __init__(self, name: str, args: ResponderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:operations:Responder", name, None, opts)
        ground, child = args.ground, pulumi.ResourceOptions(parent=self)
        self.function = Function(
            name,
            FunctionArgs(
                ground=ground,
                names=args.names,
                role=args.role,
                description=args.description,
                handler=f"workloads.{args.role}.handler.handle",
                code=[*_CODE, *args.code, f"workloads/{args.role}/*.py"],
                environment={"TOPIC_ARN": ground.alerts_arn, **args.environment},
                statements=[*args.statements, tell_people(args.names)],
                dead_letter_arn=args.dead_letters_arn,
                timeout_seconds=args.timeout_seconds,
                memory_mb=args.memory_mb,
                boundary=args.boundary,
            ),
            child,
        )
        topic = Topic(
            name,
            TopicArgs(names=args.names, role=args.role, key_arn=ground.keys[Domain.MESSAGES].arn),
            child,
        )
        self.topic_arn = topic.arn
        permission = aws.lambda_.Permission(
            f"{name}-permission",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="sns.amazonaws.com",
            source_arn=topic.arn,
            opts=child,
        )
        aws.sns.TopicSubscription(
            f"{name}-subscription",
            topic=topic.arn,
            protocol="lambda",
            endpoint=self.function.arn,
            redrive_policy=pulumi.Output.from_input(args.dead_letters_arn).apply(
                lambda arn: json.dumps({"deadLetterTargetArn": arn})
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"topicArn": self.topic_arn, "function": self.function.name})


def tell_people(names: WorkloadNames) -> Statement:
    """Publishing to the stack's topic for people."""
    return access.allow("TellPeople", ["sns:Publish"], [names.arn("sns", names.ground.resource(Channel.ALERTS))])
