"""The drift job: every hour, captured traffic against the training data of the live champion.

A schedule starts a SageMaker processing job in the training image, `python3 -m workloads.drift detect`, and nothing
stands between the two: EventBridge Scheduler calls CreateProcessingJob itself (a universal target) and writes the time
and the job's name into the request. The job publishes DriftScore, which the drift alarm and, behind it, retraining wait
for, and leaves its report in the artifacts bucket.

The local emulator keeps the schedule and never starts it; there, the loop runs the same command by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access, jobs
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.operations import dead_letters
from components.watch import HOUR, Alarm, Channel, Event, Series, Watch, Widget
from contracts.images import TRAINING
from contracts.names import MODEL_QUALITY_NAMESPACE, EndpointNames
from settings import Monitoring as MonitoringSettings

#: AWS services that the job's code calls (`components.reach`): it publishes its score.
CALLS: Final = {"drift": frozenset({"monitoring"})}
#: What the role of the jobs is called.
JOB: Final = "drift"
#: EventBridge Scheduler user guide, "Schedule types": minutes hours day month weekday year.
HOURLY: Final = "cron(0 * * * ? *)"
#: Replaced when the schedule fires (user guide, "Adding context attributes"): an id such as d32c5kddcf5bb8c3, which
#: makes the job's name unique, and a time such as 2022-03-22T18:59:43Z, which is the end of the window whenever the job
#: gets to run.
EXECUTION_ID: Final = "<aws.scheduler.execution-id>"
SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"
#: Variants share the traffic at random, so the champion's part stands for all of it; and its scores are its own.
VARIANT: Final = "champion"
INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """S3 addresses of what the training data looked like, and of the contract that it was prepared under."""

    baseline: str
    contract: str


def reference(names: EndpointNames, package: Mapping[str, Any]) -> Reference | None:
    """What live data is compared with, None for a model package that was registered without it.

    The pipeline writes both into the package's metadata. The contract is that of the champion, not of the program: a
    changed contract may have other features than the live model, until a model has learned from it.
    """
    metadata = package.get("CustomerMetadataProperties", {})
    baseline, sha = metadata.get("drift_baseline"), metadata.get("contract_sha")
    if not baseline or not sha:
        return None
    return Reference(
        baseline=baseline, contract=f"s3://{names.artifacts_bucket}/{names.layout.contracts}{sha}/contract.json"
    )


def job_statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the job may do: read captured traffic, baseline and contract, write its report, publish its metrics."""
    artifacts, layout = names.artifacts_bucket, names.layout
    image = names.arn("ecr", f"repository/{names.ground.resource(TRAINING)}")
    return [
        *jobs.statements(names, volume_key=models_key, log_group=jobs.PROCESSING_LOGS, repository_arn=image),
        access.put_metrics([jobs.PROCESSING_LOGS, MODEL_QUALITY_NAMESPACE]),
        *access.read_objects(
            "ReadCapture", names, names.processed_bucket, [f"{layout.data_capture}{names.prefix}/{VARIANT}/"]
        ),
        access.use_key("DecryptCapture", [processed_key], write=False),
        *access.read_objects("ReadReference", names, artifacts, [layout.contracts, layout.runs]),
        access.write_objects("WriteReports", names, artifacts, [f"{layout.drift}{names.prefix}/"]),
        access.use_key("EncryptArtifacts", [models_key], write=True),
    ]


def schedule_statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], messages_key: pulumi.Input[str]
) -> list[Statement]:
    """What the schedule may do: start drift jobs, tagged, with the job's role, and keep what it could not start."""
    return [
        # Tags in the request of a job need AddTags too (SageMaker developer guide, "Provide permissions for tagging").
        access.allow(
            "StartJobs",
            ["sagemaker:AddTags", "sagemaker:CreateProcessingJob"],
            [names.arn("sagemaker", f"processing-job/{names.resource('drift-*')}")],
        ),
        access.pass_role("HandRoleToJobs", [names.role_arn(JOB)], jobs.SAGEMAKER),
        # SageMaker encrypts the job's volume on behalf of who asks for the job.
        access.grant_key("EncryptVolumes", [models_key]),
        dead_letters.send(names),
        access.use_key("EncryptMessages", [messages_key], write=True),
    ]


def job_request(
    names: EndpointNames,
    settings: MonitoringSettings,
    *,
    image_uri: str,
    compared_with: Reference,
    role_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str],
    subnet_ids: pulumi.Input[list[str]],
    security_group_id: pulumi.Input[str],
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The request of CreateProcessingJob (SageMaker API reference), with Scheduler's context attributes in place."""
    found = {"contract": compared_with.contract, "baseline": compared_with.baseline}
    contract, baseline = (f"{INPUT}/{name}/{uri.rpartition('/')[2]}" for name, uri in found.items())
    return {
        "ProcessingJobName": f"{names.resource('drift')}-{EXECUTION_ID}",
        "RoleArn": role_arn,
        "AppSpecification": {
            "ImageUri": image_uri,
            "ContainerEntrypoint": ["python3", "-m", "workloads.drift", "detect"],
            "ContainerArguments": [
                *("--contract", contract),
                *("--baseline", baseline),
                # Read from S3 by the job itself: an input would bring the whole prefix, not the hours of the window.
                *("--captured", f"{names.data_capture_uri}/{names.prefix}/{VARIANT}/"),
                *("--window-minutes", str(settings.drift_window_minutes)),
                *("--until", SCHEDULED_TIME),
                *("--endpoint", names.prefix),
                *("--output", f"{OUTPUT}/report"),
                "--publish",
            ],
        },
        "Environment": {"AWS_DEFAULT_REGION": names.region},  # a job is given AWS_REGION, which boto3 does not read
        "ProcessingInputs": [
            {
                "InputName": name,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"{INPUT}/{name}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "FullyReplicated",
                    "S3CompressionType": "None",
                },
            }
            for name, uri in found.items()
        ],
        "ProcessingOutputConfig": {
            "KmsKeyId": key_arn,
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": f"s3://{names.artifacts_bucket}/{names.layout.drift}{names.prefix}/{SCHEDULED_TIME}",
                        "LocalPath": f"{OUTPUT}/report",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
        },
        "ProcessingResources": {"ClusterConfig": jobs.cluster(settings.quality_instance_type, key_arn)},
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            # An isolated container makes no call at all, and this one reads its window from S3 and publishes metrics.
            # Its way out is the VPC's endpoints and nothing else.
            "EnableNetworkIsolation": False,
            "VpcConfig": {"Subnets": subnet_ids, "SecurityGroupIds": [security_group_id]},
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.quality_max_runtime_minutes * 60},
        "Tags": jobs.request_tags(tags),
    }


def watch(names: EndpointNames, *, max_score: float) -> Watch:
    """Drift asks for retraining; a drift job that failed leaves an hour without a score."""
    quality = {"Endpoint": names.prefix}
    return Watch(
        alarms=(
            Alarm(
                name=names.resource("drift"),
                description=f"DriftScore above {max_score:g}: live data is unlike the training data",
                namespace=MODEL_QUALITY_NAMESPACE,
                metric="DriftScore",
                dimensions=quality,
                statistic="Maximum",
                threshold=max_score,
                period_seconds=HOUR,
                channels=(Channel.ALERTS, Channel.RETRAINING),
                guards="drift",
            ),
        ),
        widgets=(
            Widget(
                title=f"{names.endpoint}: model quality",
                series=[
                    Series(namespace=MODEL_QUALITY_NAMESPACE, metric=metric, dimensions=quality, statistic=statistic)
                    for metric, statistic in (("DriftScore", "Maximum"), ("PredictionAccuracy", "Average"))
                ],
                period_seconds=HOUR,
            ),
        ),
        events=(
            Event(
                name=names.resource("drift-failed"),
                description="A drift job failed or was stopped: there is no DriftScore for its hour",
                pattern={
                    "source": ["aws.sagemaker"],
                    "detail-type": ["SageMaker Processing Job State Change"],
                    "detail": {
                        "ProcessingJobName": [{"prefix": names.resource("drift-")}],
                        "ProcessingJobStatus": ["Failed", "Stopped"],
                    },
                },
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class DriftArgs:
    """`image_uri` is the training image by digest.

    `dead_letters_arn` is the queue for jobs that could not be started. `tags` go onto every job, which the provider's
    default tags do not reach.
    """

    ground: Ground
    names: EndpointNames
    settings: MonitoringSettings
    compared_with: Reference
    image_uri: str
    dead_letters_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Drift(pulumi.ComponentResource):
    """The hourly drift job of the endpoint.

    Drift("churn-live-drift", DriftArgs(ground=ground, names=names, compared_with=compared_with, ...))
    """

    schedule: aws.scheduler.Schedule

    def __init__(self, name: str, args: DriftArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:drift:Drift", name, None, opts)
        self._name, self._args, self._ground, self._names = name, args, args.ground, args.names
        job = self._job_role()
        self.schedule = self._schedule(job, self._schedule_role())
        self.register_outputs({"schedule": self.schedule.name})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _job_role(self) -> access.Role:
        return access.Role(
            f"{self._name}-role",
            access.RoleArgs(
                names=self._names,
                job=JOB,
                service=jobs.SAGEMAKER,
                description="The hourly drift jobs",
                statements=job_statements(
                    self._names,
                    models_key=self._ground.keys[Domain.MODELS].arn,
                    processed_key=self._ground.keys[Domain.PROCESSED].arn,
                ),
                permissions_boundary=self._ground.permissions_boundary,
            ),
            self._child(),
        )

    def _schedule_role(self) -> access.Role:
        return access.Role(
            f"{self._name}-schedule-role",
            access.RoleArgs(
                names=self._names,
                job="drift-schedule",
                service="scheduler.amazonaws.com",
                description="Starts the hourly drift jobs",
                statements=schedule_statements(
                    self._names,
                    models_key=self._ground.keys[Domain.MODELS].arn,
                    messages_key=self._ground.keys[Domain.MESSAGES].arn,
                ),
                permissions_boundary=self._ground.permissions_boundary,
            ),
            self._child(),
        )

    def _schedule(self, job: access.Role, role: access.Role) -> aws.scheduler.Schedule:
        args, ground, names = self._args, self._ground, self._names
        request = job_request(
            names,
            args.settings,
            image_uri=args.image_uri,
            compared_with=args.compared_with,
            role_arn=job.arn,
            key_arn=ground.keys[Domain.MODELS].arn,
            subnet_ids=ground.network.subnet_ids,
            security_group_id=ground.network.security_group_id,
            tags=args.tags,
        )
        return aws.scheduler.Schedule(
            f"{self._name}-schedule",
            name=names.resource("drift"),
            description="Measures the drift of captured traffic and publishes DriftScore",
            schedule_expression=HOURLY,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            kms_key_arn=ground.keys[Domain.MESSAGES].arn,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=f"arn:{names.partition}:scheduler:::aws-sdk:sagemaker:createProcessingJob",
                role_arn=role.arn,
                input=pulumi.Output.json_dumps(request, sort_keys=True),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_retry_attempts=3, maximum_event_age_in_seconds=3600
                ),
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=args.dead_letters_arn),
            ),
            opts=self._child(),
        )
