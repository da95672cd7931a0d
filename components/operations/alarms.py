"""Which alarms there are: pure plans, turned into resources by `components.operations.monitoring`.

SageMaker reports ModelLatency in microseconds and CPUUtilization as the sum over all cores (SageMaker developer guide,
"Metrics for monitoring SageMaker with Amazon CloudWatch"); both are converted here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from components.ground.notifications import Channel
from components.naming import MODEL_QUALITY_NAMESPACE, Names
from contracts import instances
from settings import EndpointAlarms, Realtime, RollbackAlarm

MICROSECONDS_PER_MS: Final = 1000
FIVE_MINUTES: Final = 300
#: Share of the fleet's CPU or memory above which people are told: autoscaling follows invocations, so a full instance
#: means that its target is too high.
BUSY_PERCENT: Final = 90


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: goes off when the metric is above `threshold` in `periods` periods in a row.

    `statistic` is a CloudWatch statistic (Sum, Average, Maximum) or a percentile (p99). `channels` are told. `guards`
    says which setting of `rollback_alarms` it answers to, None for an alarm that never turns a rollout back.
    """

    role: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    threshold: float
    channels: Sequence[Channel]
    period_seconds: int = FIVE_MINUTES
    periods: int = 1
    guards: RollbackAlarm | None = None


def plan(
    names: Names,
    endpoint: Realtime,
    *,
    variants: Sequence[str],
    max_drift: float,
    functions: Sequence[str],
    dead_letters: str,
) -> list[Alarm]:
    """Every alarm of the stack: those of the endpoint only while there are variants to watch."""
    return [
        *(
            alarm
            for variant in variants
            for alarm in variant_alarms(names, variant, endpoint.instance_type, endpoint.alarms)
        ),
        *([drift_alarm(names, max_drift)] if variants else []),
        *function_alarms(names, functions),
        dead_letter_alarm(dead_letters),
    ]


def variant_alarms(names: Names, variant: str, instance_type: str, settings: EndpointAlarms) -> list[Alarm]:
    """Alarms of one variant of the endpoint."""
    dimensions = {"EndpointName": names.endpoint, "VariantName": variant}
    hosts = "/aws/sagemaker/Endpoints"
    return [
        Alarm(
            role=f"{variant}-server-errors",
            description=f"{variant}: more than {settings.server_errors} answers with a 5xx status in 5 minutes, twice",
            namespace="AWS/SageMaker",
            metric="Invocation5XXErrors",
            dimensions=dimensions,
            statistic="Sum",
            threshold=settings.server_errors,
            periods=2,
            channels=(Channel.ALERTS, Channel.ROLLBACK),
            guards="server_errors",
        ),
        Alarm(
            role=f"{variant}-latency",
            description=f"{variant}: p99 of the model's latency above {settings.latency_p99_ms} ms in 5 minutes, twice",
            namespace="AWS/SageMaker",
            metric="ModelLatency",
            dimensions=dimensions,
            statistic="p99",
            threshold=settings.latency_p99_ms * MICROSECONDS_PER_MS,
            periods=2,
            channels=(Channel.ALERTS, Channel.ROLLBACK),
            guards="latency",
        ),
        Alarm(
            role=f"{variant}-cpu",
            description=f"{variant}: more than {BUSY_PERCENT} % of the CPU in use for 15 minutes",
            namespace=hosts,
            metric="CPUUtilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=BUSY_PERCENT * instances.vcpus(instance_type),
            periods=3,
            channels=(Channel.ALERTS,),
        ),
        Alarm(
            role=f"{variant}-memory",
            description=f"{variant}: more than {BUSY_PERCENT} % of the memory in use for 15 minutes",
            namespace=hosts,
            metric="MemoryUtilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=BUSY_PERCENT,
            periods=3,
            channels=(Channel.ALERTS,),
        ),
    ]


def drift_alarm(names: Names, max_score: float) -> Alarm:
    """Live data unlike the data the champion learned from: asks for retraining."""
    return Alarm(
        role="drift",
        description=f"DriftScore above {max_score:g}: live data is unlike the training data",
        namespace=MODEL_QUALITY_NAMESPACE,
        metric="DriftScore",
        dimensions={"Endpoint": names.endpoint},
        statistic="Maximum",
        threshold=max_score,
        period_seconds=3600,
        channels=(Channel.ALERTS, Channel.RETRAINING),
        guards="drift",
    )


def function_alarms(names: Names, functions: Iterable[str]) -> list[Alarm]:
    """One alarm for each Lambda function, by role: any error is one too many for a function that runs rarely."""
    return [
        Alarm(
            role=f"{function}-errors",
            description=f"{names.resource(function)}: an invocation failed",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": names.resource(function)},
            statistic="Sum",
            threshold=0,
            channels=(Channel.ALERTS,),
        )
        for function in functions
    ]


def dead_letter_alarm(queue: str) -> Alarm:
    """Something failed for good and waits in the queue for a person."""
    return Alarm(
        role="dead-letters",
        description=f"{queue}: something failed for good and waits for a person",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue},
        statistic="Maximum",
        threshold=0,
        channels=(Channel.ALERTS,),
    )
