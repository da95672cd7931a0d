"""Responses without a person: the rollback function and the retraining function.

Rollback: an alarm of the endpoint -> topic -> function, which moves the endpoint to the last release known to be good
and rewrites the release record. Retraining: a drift alarm or a schedule -> function, which starts the pipeline unless
one of its brakes holds. What fails for good ends in a dead-letter queue, which has an alarm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.ground.notifications import Channel, Notifications
from components.naming import DEAD_LETTERS, Names
from components.operations.function import Function, FunctionArgs
from settings import Retraining as RetrainingSettings

#: AWS services that the functions' code calls (`components.reach`): what they move or start, the record, people.
CALLS: Final = {
    "retraining": frozenset({"sagemaker.api", "sns"}),
    "rollback": frozenset({"sagemaker.api", "sns", "ssm"}),
}
#: EventBridge Scheduler user guide, "Schedule types": minutes hours day month weekday year.
SCHEDULES: Mapping[str, str] = {"daily": "cron(0 3 * * ? *)", "weekly": "cron(0 3 ? * MON *)"}

#: The most that Lambda allows: an endpoint takes minutes to come to rest, and until then nothing can be rolled back.
ROLLBACK_TIMEOUT_SECONDS = 900


def rollback_statements(names: Names, *, models_key: pulumi.Input[str]) -> list[Statement]:
    """What the rollback function may do: rewrite the release record under its lock and move the endpoint."""
    endpoint = [
        names.arn("sagemaker", f"endpoint/{names.endpoint}"),
        names.arn("sagemaker", f"endpoint-config/{names.endpoint}-*"),
    ]
    return [
        access.allow(
            "ReleaseRecord",
            ["ssm:GetParameter", "ssm:PutParameter"],
            [names.arn("ssm", f"parameter{names.release_parameter}")],
        ),
        access.allow(
            "RecordLock",
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [names.bucket_arn(names.artifacts_bucket, names.lock_key)],
        ),
        # Without it S3 answers 403 for a lock that was released, where 404 is the truth.
        access.allow(
            "SeeRecordLock",
            ["s3:ListBucket"],
            [names.bucket_arn(names.artifacts_bucket)],
            conditions={"StringLike": {"s3:prefix": [names.lock_key]}},
        ),
        access.use_key("EncryptRecordLock", [models_key], write=True),
        access.allow("FindConfigurations", ["sagemaker:ListEndpointConfigs"], ["*"]),
        access.allow("MoveEndpoint", ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint"], endpoint),
        # SageMaker encrypts the new fleet's volumes on behalf of who asks for the update (API reference,
        # CreateEndpointConfig, KmsKeyId).
        access.grant_key("EncryptFleet", [models_key]),
        _tell_people(names),
    ]


def retraining_statements(names: Names) -> list[Statement]:
    """What the retraining function may do: see what is accepted and what ran, and start the one pipeline."""
    pipeline = names.arn("sagemaker", f"pipeline/{names.pipeline}")
    return [
        access.allow(
            "SeeAcceptedData",
            ["s3:ListBucket"],
            [names.bucket_arn(names.processed_bucket)],
            conditions={"StringLike": {"s3:prefix": ["accepted/*"]}},
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
        _tell_people(names),
    ]


def _tell_people(names: Names) -> Statement:
    return access.allow("TellPeople", ["sns:Publish"], [names.arn("sns", names.resource(Channel.ALERTS))])


@dataclass(frozen=True, kw_only=True)
class ResponseArgs:
    """`retraining` says whether there is a pipeline to start; without one only the rollback function is made."""

    ground: Ground
    settings: RetrainingSettings
    notifications: Notifications
    retraining: bool


class Response(pulumi.ComponentResource):
    """The functions, their triggers and their dead-letter queue.

    response = Response("response", ResponseArgs(ground=ground, settings=settings.response, ...))
    response.functions, response.dead_letters      # for alarms
    """

    functions: list[str]
    dead_letters: aws.sqs.Queue

    def __init__(self, name: str, args: ResponseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:response:Response", name, None, opts)
        self._name, self._args = name, args
        self.dead_letters = self._dead_letters()
        names, settings = args.ground.names, args.settings
        rollback = self._function(
            "rollback",
            description="Moves the endpoint to the last release known to be good",
            code=["contracts/__init__.py", "contracts/release/*.py", "workloads/__init__.py", "workloads/alarm.py"],
            environment={
                "RELEASE_PARAMETER": names.release_parameter,
                "ENDPOINT_NAME": names.endpoint,
                "LOCK_BUCKET": names.artifacts_bucket,
                "LOCK_KEY": names.lock_key,
            },
            timeout_seconds=ROLLBACK_TIMEOUT_SECONDS,
            statements=rollback_statements(names, models_key=args.ground.keys[Domain.MODELS].arn),
        )
        self._subscribe("rollback", rollback, Channel.ROLLBACK)
        self.functions = ["rollback"]
        if args.retraining:
            retraining = self._function(
                "retraining",
                description="Starts the training pipeline unless a brake holds",
                code=["contracts/__init__.py", "contracts/datasets.py", "workloads/__init__.py", "workloads/alarm.py"],
                environment={
                    "PIPELINE_NAME": names.pipeline,
                    "ACCEPTED_URI": names.accepted_uri,
                    "COOL_DOWN_HOURS": str(settings.cool_down_hours),
                    "MAX_RUNS_PER_DAY": str(settings.max_runs_per_day),
                },
                statements=retraining_statements(names),
            )
            self._subscribe("retraining", retraining, Channel.RETRAINING)
            self.functions.append("retraining")
            if settings.schedule != "never":
                self._schedule(retraining, SCHEDULES[settings.schedule])
        self.register_outputs({"functions": self.functions, "deadLetters": self.dead_letters.name})

    def _child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _dead_letters(self) -> aws.sqs.Queue:
        names = self._args.ground.names
        queue = aws.sqs.Queue(
            f"{self._name}-dead-letters",
            name=names.resource(DEAD_LETTERS),
            kms_master_key_id=self._args.ground.keys[Domain.MESSAGES].arn,
            kms_data_key_reuse_period_seconds=300,
            message_retention_seconds=14 * 24 * 3600,
            opts=self._child(),
        )
        arn = names.arn("sqs", names.resource(DEAD_LETTERS))
        aws.sqs.QueuePolicy(
            f"{self._name}-dead-letters-policy",
            queue_url=queue.url,
            policy=access.document(
                [
                    access.grant(
                        "UndeliveredEvents",
                        ["sqs:SendMessage"],
                        [arn],
                        {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
                        conditions={
                            "ArnLike": {
                                "aws:SourceArn": [
                                    names.arn("events", f"rule/{names.resource('*')}"),
                                    names.arn("sns", names.resource("*")),
                                ]
                            }
                        },
                    ),
                    access.deny(
                        "DenyPlainHttp", ["sqs:*"], [arn], conditions={"Bool": {"aws:SecureTransport": "false"}}
                    ),
                ]
            ),
            opts=self._child(),
        )
        return queue

    def _function(
        self,
        role: str,
        *,
        description: str,
        code: Sequence[str],
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
        timeout_seconds: int = 60,
    ) -> Function:
        args = self._args
        return Function(
            f"{self._name}-{role}",
            FunctionArgs(
                ground=args.ground,
                role=role,
                description=description,
                handler=f"workloads.{role}.handler.handle",
                code=[*code, f"workloads/{role}/*.py"],
                environment={"TOPIC_ARN": args.notifications[Channel.ALERTS].arn, **environment},
                statements=statements,
                dead_letter_arn=self.dead_letters.arn,
                timeout_seconds=timeout_seconds,
            ),
            self._child(),
        )

    def _subscribe(self, role: str, function: Function, channel: Channel) -> None:
        topic = self._args.notifications[channel]
        permission = aws.lambda_.Permission(
            f"{self._name}-{role}-permission",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="sns.amazonaws.com",
            source_arn=topic.arn,
            opts=self._child(),
        )
        aws.sns.TopicSubscription(
            f"{self._name}-{role}-subscription",
            topic=topic.arn,
            protocol="lambda",
            endpoint=function.arn,
            redrive_policy=self.dead_letters.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn})),
            opts=self._child(permission),
        )

    def _schedule(self, function: Function, expression: str) -> None:
        args, ground, names = self._args, self._args.ground, self._args.ground.names
        role = access.Role(
            f"{self._name}-schedule-role",
            access.RoleArgs(
                names=names,
                job="schedule",
                service="scheduler.amazonaws.com",
                description="Asks the retraining function on a schedule",
                statements=[
                    access.allow("AskForRetraining", ["lambda:InvokeFunction"], [function.arn]),
                    access.allow("DeadLetters", ["sqs:SendMessage"], [self.dead_letters.arn]),
                    access.use_key("EncryptMessages", [ground.keys[Domain.MESSAGES].arn], write=True),
                ],
                permissions_boundary=ground.permissions_boundary,
            ),
            self._child(),
        )
        aws.scheduler.Schedule(
            f"{self._name}-schedule",
            name=names.resource("retraining"),
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
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=self.dead_letters.arn),
            ),
            opts=self._child(),
        )
