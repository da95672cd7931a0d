"""Retraining without a person: a drift alarm or a schedule starts the pipeline, unless one of the brakes holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.operations import dead_letters
from components.operations.function import Function
from components.operations.responder import Responder, ResponderArgs
from contracts.names import WorkloadNames
from settings import Retraining as RetrainingSettings

ROLE: Final = "retraining"
#: AWS services that the function's code calls (`components.reach`): what it starts, and people.
CALLS: Final = {ROLE: frozenset({"sagemaker.api", "sns"})}
#: EventBridge Scheduler user guide, "Schedule types": minutes hours day month weekday year.
SCHEDULES: Final[Mapping[str, str]] = {"daily": "cron(0 3 * * ? *)", "weekly": "cron(0 3 ? * MON *)"}


def statements(names: WorkloadNames) -> list[Statement]:
    """What the function may do: see what is accepted and what ran, and start the one pipeline."""
    pipeline = names.arn("sagemaker", f"pipeline/{names.pipeline}")
    return [
        access.allow(
            "SeeAcceptedData",
            ["s3:ListBucket"],
            [names.bucket_arn(names.processed_bucket)],
            conditions={"StringLike": {"s3:prefix": [f"{names.layout.accepted}*"]}},
        ),
        access.allow(
            "RunPipeline",
            [
                "sagemaker:ListPipelineExecutions",
                "sagemaker:ListPipelineParametersForExecution",
                "sagemaker:StartPipelineExecution",
            ],
            [pipeline, f"{pipeline}/execution/*"],
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class RetrainingArgs:
    """`settings` are the brakes and the schedule."""

    ground: Ground
    names: WorkloadNames
    settings: RetrainingSettings
    dead_letters_arn: pulumi.Input[str]


class Retraining(pulumi.ComponentResource):
    """The retraining function, its topic and its schedule.

    retraining = Retraining("churn-retraining", RetrainingArgs(ground=ground, names=names, settings=..., ...))
    retraining.topic_arn        # for the drift alarm
    """

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: RetrainingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:operations:Retraining", name, None, opts)
        self._name, self._args, names = name, args, args.names
        responder = Responder(
            name,
            ResponderArgs(
                ground=args.ground,
                names=names,
                role=ROLE,
                description="Starts the training pipeline unless a brake holds",
                code=["contracts/__init__.py", "contracts/datasets.py"],
                environment={
                    "PIPELINE_NAME": names.pipeline,
                    "ACCEPTED_URI": names.accepted_uri,
                    "COOL_DOWN_HOURS": str(args.settings.cool_down_hours),
                    "MAX_RUNS_PER_DAY": str(args.settings.max_runs_per_day),
                },
                statements=statements(names),
                dead_letters_arn=args.dead_letters_arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.topic_arn = responder.topic_arn
        if args.settings.schedule != "never":
            self._schedule(responder.function, SCHEDULES[args.settings.schedule])
        self.register_outputs({"topicArn": self.topic_arn})

    def _schedule(self, function: Function, expression: str) -> None:
        args, ground, names = self._args, self._args.ground, self._args.names
        child = pulumi.ResourceOptions(parent=self)
        role = access.Role(
            f"{self._name}-schedule-role",
            access.RoleArgs(
                names=names,
                job="schedule",
                service="scheduler.amazonaws.com",
                description="Asks the retraining function on a schedule",
                statements=[
                    access.allow(
                        "AskForRetraining",
                        ["lambda:InvokeFunction"],
                        [names.arn("lambda", f"function:{names.resource(ROLE)}")],
                    ),
                    dead_letters.send(names),
                    access.use_key("EncryptMessages", [ground.keys[Domain.MESSAGES].arn], write=True),
                ],
                permissions_boundary=ground.permissions_boundary,
            ),
            child,
        )
        aws.scheduler.Schedule(
            f"{self._name}-schedule",
            name=names.resource(ROLE),
            description="Regular retraining, whatever the alarms say",
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            kms_key_arn=ground.keys[Domain.MESSAGES].arn,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=function.arn,
                role_arn=role.arn,
                input=json.dumps({"trigger": f"{args.settings.schedule} schedule"}),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_retry_attempts=3, maximum_event_age_in_seconds=3600
                ),
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=args.dead_letters_arn),
            ),
            opts=child,
        )
