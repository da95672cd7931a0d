"""What EventBridge Scheduler starts, and the role of each schedule, which may start that and nothing else.

What could not be started for an hour lies with the dead letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access, jobs
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from contracts.names import WorkloadNames

SERVICE: Final = "scheduler.amazonaws.com"
#: EventBridge Scheduler user guide, "Schedule types": minutes hours day month weekday year.
HOURLY: Final = "cron(0 * * * ? *)"
#: Replaced when a schedule fires (user guide, "Adding context attributes"): an id such as d32c5kddcf5bb8c3, which makes
#: a job's name unique, and a time such as 2022-03-22T18:59:43Z, which is the schedule's whenever a job gets to run.
EXECUTION_ID: Final = "<aws.scheduler.execution-id>"
SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "scheduler",
        types="scheduler/schedule",
        reads="GetSchedule",
        changes="CreateSchedule DeleteSchedule UpdateSchedule",
        named="schedule/*/{every}",
        handed_to="scheduler",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a schedule starts: the target with its input, and what its role may do for that."""

    target_arn: pulumi.Input[str]
    input: pulumi.Input[str]
    statements: Sequence[Statement]


def processing_jobs(names: WorkloadNames, job: str, request: pulumi.Input[str], *, ground: Ground) -> Started:
    """Processing jobs `<prefix>-<job>-*` with the role `<prefix>-<job>`; `request` is that of CreateProcessingJob.

    Scheduler calls SageMaker itself (user guide, "Using universal targets"): nothing stands between the two.
    """
    return Started(
        target_arn=f"arn:{names.partition}:scheduler:::aws-sdk:sagemaker:createProcessingJob",
        input=request,
        statements=[
            # Tags in the request need AddTags too (SageMaker developer guide, "Provide permissions for tagging").
            access.allow(
                "StartJobs",
                ["sagemaker:AddTags", "sagemaker:CreateProcessingJob"],
                [names.arn("sagemaker", f"processing-job/{names.resource(f'{job}-*')}")],
            ),
            access.pass_role("HandRoleToJobs", [names.role_arn(job)], jobs.SAGEMAKER),
            # SageMaker encrypts the job's volume on behalf of who asks for the job.
            access.grant_key("EncryptVolumes", [ground.keys[Domain.MODELS].arn]),
        ],
    )


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """`schedule` and `role` name both (`<prefix>-<schedule>`); `expression` is read by the clock of `timezone`."""

    ground: Ground
    names: WorkloadNames
    schedule: str
    role: str
    description: str
    expression: str
    started: Started
    dead_letters_arn: pulumi.Input[str]
    timezone: str = "UTC"


def schedule(name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions) -> aws.scheduler.Schedule:
    """The schedule `<name>-schedule` with its role."""
    ground, names, messages_key = args.ground, args.names, args.ground.keys[Domain.MESSAGES].arn
    role = access.Role(
        f"{name}-schedule-role",
        access.RoleArgs(
            names=names,
            job=args.role,
            service=SERVICE,
            description=f"Starts on a schedule: {args.description}",
            statements=[
                *args.started.statements,
                access.send_dead_letters(names),
                access.use_key("EncryptMessages", [messages_key], write=True),
            ],
            permissions_boundary=ground.permissions_boundary,
        ),
        opts,
    )
    return aws.scheduler.Schedule(
        f"{name}-schedule",
        name=names.resource(args.schedule),
        description=args.description,
        schedule_expression=args.expression,
        schedule_expression_timezone=args.timezone,
        flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        kms_key_arn=messages_key,
        target=aws.scheduler.ScheduleTargetArgs(
            arn=args.started.target_arn,
            role_arn=role.arn,
            input=args.started.input,
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_retry_attempts=3, maximum_event_age_in_seconds=3600
            ),
            dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=args.dead_letters_arn),
        ),
        opts=opts,
    )
