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

from components import jobs
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.schedule import (
    EXECUTION_ID,
    HOURLY,
    SCHEDULED_TIME,
    ScheduleArgs,
    processing_jobs,
    schedule,
)
from components.watch import HOUR, Alarm, Channel, Series, Watch, Widget
from contracts.images import TRAINING
from contracts.names import MODEL_QUALITY_NAMESPACE, EndpointNames
from settings import Monitoring as MonitoringSettings

#: AWS services that the job's code calls (`components.reach`): it publishes its score.
CALLS: Final = {"drift": frozenset({"monitoring"})}
#: What the role of the jobs is called.
JOB: Final = "drift"
#: Variants share the traffic at random, so the champion's part stands for all of it; and its scores are its own.
VARIANT: Final = "champion"


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
    return Reference(baseline=baseline, contract=f"s3://{names.artifacts_bucket}/{names.layout.contract(sha)}")


def job_statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the job may do: read captured traffic, baseline and contract, write its report, publish its metrics."""
    layout = names.layout
    return jobs.monitor_statements(
        names,
        models_key=models_key,
        processed_key=processed_key,
        repository_arn=names.arn("ecr", f"repository/{names.ground.resource(TRAINING)}"),
        namespace=MODEL_QUALITY_NAMESPACE,
        captured=f"{layout.data_capture}{names.prefix}/{VARIANT}/",
        compared_with=[layout.contracts, layout.runs],
        reports=f"{layout.drift}{names.prefix}/",
    )


def job_request(
    names: EndpointNames,
    settings: MonitoringSettings,
    *,
    site: jobs.Site,
    image_uri: str,
    compared_with: Reference,
    role_arn: pulumi.Input[str],
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The request of CreateProcessingJob, with Scheduler's context attributes in place."""
    inputs = {"contract": compared_with.contract, "baseline": compared_with.baseline}
    contract, baseline = (f"{jobs.INPUT}/{name}/{uri.rpartition('/')[2]}" for name, uri in inputs.items())
    reports = f"s3://{names.artifacts_bucket}/{names.layout.drift}{names.prefix}"
    return jobs.processing_request(
        site,
        name=f"{names.resource(JOB)}-{EXECUTION_ID}",
        role_arn=role_arn,
        image_uri=image_uri,
        command=["workloads.drift", "detect"],
        arguments=[
            *("--contract", contract, "--baseline", baseline),
            # Read from S3 by the job itself: an input would bring the whole prefix, not the hours of the window.
            *("--captured", f"{names.data_capture_uri}/{names.prefix}/{VARIANT}/"),
            *("--window-minutes", str(settings.drift_window_minutes), "--until", SCHEDULED_TIME),
            *("--endpoint", names.prefix, "--output", f"{jobs.OUTPUT}/report", "--publish"),
        ],
        region=names.region,
        inputs=inputs,
        outputs={"report": f"{reports}/{SCHEDULED_TIME}"},
        instance_type=settings.quality_instance_type,
        minutes=settings.quality_max_runtime_minutes,
        isolated=False,  # it reads its window from S3 and publishes metrics
        tags=tags,
    )


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
        events=(jobs.failed(names, JOB, "A drift job failed or was stopped: there is no DriftScore for its hour"),),
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
        ground, names, child = args.ground, args.names, pulumi.ResourceOptions(parent=self)
        role = jobs.role(
            f"{name}-role",
            ground=ground,
            names=names,
            job=JOB,
            description="The hourly drift jobs",
            statements=job_statements(
                names,
                models_key=ground.keys[Domain.MODELS].arn,
                processed_key=ground.keys[Domain.PROCESSED].arn,
            ),
            opts=child,
        )
        request = job_request(
            names,
            args.settings,
            site=jobs.Site.of(ground),
            image_uri=args.image_uri,
            compared_with=args.compared_with,
            role_arn=role.arn,
            tags=args.tags,
        )
        self.schedule = schedule(
            name,
            ScheduleArgs(
                ground=ground,
                names=names,
                schedule=JOB,
                role=f"{JOB}-schedule",
                description="Measures the drift of captured traffic and publishes DriftScore",
                expression=HOURLY,
                started=processing_jobs(names, JOB, pulumi.Output.json_dumps(request, sort_keys=True), ground=ground),
                dead_letters_arn=args.dead_letters_arn,
            ),
            child,
        )
        self.register_outputs({"schedule": self.schedule.name})
