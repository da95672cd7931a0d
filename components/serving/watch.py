"""What of an endpoint is to be watched: errors, latency, full instances, and rollouts that failed.

What every kind has is here as parts; the kind's component puts them together.

SageMaker reports ModelLatency in microseconds and CPUUtilization as the sum over all cores (SageMaker developer guide,
"Metrics for monitoring SageMaker with Amazon CloudWatch"); both are converted here and nowhere else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from components.watch import Alarm, Channel, Event, Series, Watch, Widget
from contracts import instances
from contracts.names import EndpointNames
from contracts.namespaces import HOSTS
from contracts.release import emergency
from settings import EndpointAlarms, Fleet, RequestAlarms

MICROSECONDS_PER_MS: Final = 1000
#: Share of the fleet's CPU or memory above which people are told: autoscaling follows invocations, so a full instance
#: means that its target is too high.
BUSY_PERCENT: Final = 90
REQUESTS: Final = "AWS/SageMaker"
#: What the alarm of a variant's server errors is called after the variant.
SERVER_ERRORS: Final = "server-errors"
#: The events spell a status in capitals, the API as one word; a rule that knows one spelling only might never match.
_TROUBLE: Final = (
    "FAILED", "Failed", "ROLLING_BACK", "RollingBack", "UPDATE_ROLLBACK_FAILED", "UpdateRollbackFailed",
)  # fmt: skip


def watch(names: EndpointNames, alarms: Sequence[Alarm], widgets: Sequence[Widget]) -> Watch:
    """Alarms and graphs of the live release's variants (none before the first), and the endpoint's own trouble."""
    return Watch(
        alarms=tuple(alarms),
        widgets=tuple(widgets),
        events=(
            Event(
                name=names.resource("endpoint-failed"),
                description="The endpoint failed, or SageMaker turned a rollout back",
                pattern={
                    "source": ["aws.sagemaker"],
                    "detail-type": ["SageMaker Endpoint Deployment State Change", "SageMaker Endpoint State Change"],
                    "detail": {"EndpointName": [names.prefix], "EndpointStatus": list(_TROUBLE)},
                },
            ),
        ),
    )


def watch_fleet(names: EndpointNames, settings: Fleet, variants: Sequence[str], shadows: Iterable[str] = ()) -> Watch:
    """What of an endpoint on instances is to be watched.

    What goes wrong with a shadow reaches nobody who asked: people are told, and nothing is turned back.
    """
    if not variants:
        return watch(names, (), ())

    def alarms(variant: str) -> list[Alarm]:
        return [*request_alarms(names, variant, settings.alarms), *host_alarms(names, variant, settings)]

    mine = [alarm for variant in variants for alarm in alarms(variant)]
    told = [_told_only(alarm) for variant in shadows for alarm in alarms(variant)]
    shown = [*variants, *shadows]
    return watch(names, [*mine, *told, halt(names)], [*request_graphs(names, shown), *_host_graphs(names, shown)])


def _told_only(alarm: Alarm) -> Alarm:
    return dataclasses.replace(alarm, channels=(Channel.ALERTS,), guards=None)


def halt(names: EndpointNames) -> Alarm:
    """The alarm with which a person stops a rollout; `contracts.release.emergency` says what else it is for."""
    return Alarm(
        name=emergency.halt_alarm(names.prefix),
        description="A person asked for the rollout under way to be turned back (python -m automation halt)",
        namespace=emergency.NAMESPACE,
        metric=emergency.METRIC,
        dimensions={"EndpointName": names.prefix},
        statistic="Maximum",
        threshold=0,
        period_seconds=60,
        guards="halt",
    )


def _dimensions(names: EndpointNames, variant: str) -> dict[str, str]:
    return {"EndpointName": names.prefix, "VariantName": variant}


def request_alarms(
    names: EndpointNames,
    variant: str,
    limits: EndpointAlarms,
    *,
    namespace: str = REQUESTS,
    by: Mapping[str, str] | None = None,
) -> list[Alarm]:
    """Alarms on what a variant answers; on the share of its errors where it is counted what it is asked.

    `namespace` is where that is counted: SageMaker's, or that of a service which counts by itself in the same words;
    `by` are the dimensions, where they are not those of a variant.
    """
    dimensions, stem = by or _dimensions(names, variant), names.resource(variant)
    found = [
        Alarm(
            name=f"{stem}-{SERVER_ERRORS}",
            description=f"{variant}: more than {limits.server_errors} answers with a 5xx status in 5 minutes, twice",
            namespace=namespace,
            metric="Invocation5XXErrors",
            dimensions=dimensions,
            statistic="Sum",
            threshold=limits.server_errors,
            periods=2,
            channels=(Channel.ALERTS, Channel.ROLLBACK),
            guards="server_errors",
        ),
        Alarm(
            name=f"{stem}-latency",
            description=f"{variant}: p99 of the model's latency above {limits.latency_p99_ms} ms in 5 minutes, twice",
            namespace=namespace,
            metric="ModelLatency",
            dimensions=dimensions,
            statistic="p99",
            threshold=limits.latency_p99_ms * MICROSECONDS_PER_MS,
            periods=2,
            channels=(Channel.ALERTS, Channel.ROLLBACK),
            guards="latency",
        ),
    ]
    if isinstance(limits, RequestAlarms):
        found.append(_error_rate(names, variant, limits.server_error_percent, namespace, dimensions))
    return found


def _error_rate(
    names: EndpointNames, variant: str, percent: int, namespace: str, dimensions: Mapping[str, str]
) -> Alarm:
    """A count says little where thousands are asked or five are: what matters then is the share."""
    return Alarm(
        name=f"{names.resource(variant)}-server-error-rate",
        description=f"{variant}: more than {percent} % of the answers with a 5xx status in 5 minutes, twice",
        namespace=namespace,
        metric="Invocation5XXErrors",
        share_of="Invocations",
        dimensions=dimensions,
        statistic="Sum",
        threshold=percent,
        periods=2,
        channels=(Channel.ALERTS, Channel.ROLLBACK),
        guards="server_errors",
    )


def host_alarms(names: EndpointNames, variant: str, settings: Fleet) -> list[Alarm]:
    """Alarms on the instances of a variant."""
    dimensions, stem = _dimensions(names, variant), names.resource(variant)
    return [
        Alarm(
            name=f"{stem}-cpu",
            description=f"{variant}: more than {BUSY_PERCENT} % of the CPU in use for 15 minutes",
            namespace=HOSTS,
            metric="CPUUtilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=BUSY_PERCENT * instances.vcpus(settings.instance_type),
            periods=3,
        ),
        Alarm(
            name=f"{stem}-memory",
            description=f"{variant}: more than {BUSY_PERCENT} % of the memory in use for 15 minutes",
            namespace=HOSTS,
            metric="MemoryUtilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=BUSY_PERCENT,
            periods=3,
        ),
    ]


def graph(
    names: EndpointNames,
    variants: Sequence[str],
    title: str,
    namespace: str,
    *lines: tuple[str, str],
    by: Mapping[str, str] | None = None,
) -> Widget:
    """One graph with a line for each metric and statistic of each variant; `by` as of `request_alarms`."""
    return Widget(
        title=f"{names.endpoint}: {title}",
        series=[
            Series(
                namespace=namespace, metric=metric, dimensions=by or _dimensions(names, variant), statistic=statistic
            )
            for metric, statistic in lines
            for variant in variants
        ],
    )


def request_graphs(names: EndpointNames, variants: Sequence[str], *, namespace: str = REQUESTS) -> tuple[Widget, ...]:
    """What variants were asked, and how they answered; `namespace` as of `request_alarms`."""
    asked = graph(names, variants, "invocations", namespace, ("Invocations", "Sum"))
    return (asked, *answer_graphs(names, variants, namespace=namespace))


def answer_graphs(
    names: EndpointNames,
    variants: Sequence[str],
    *,
    namespace: str = REQUESTS,
    by: Mapping[str, str] | None = None,
) -> tuple[Widget, ...]:
    """How variants answered; `namespace` and `by` as of `request_alarms`."""
    errors = (("Invocation4XXErrors", "Sum"), ("Invocation5XXErrors", "Sum"))
    latency = (("ModelLatency", "Average"), ("ModelLatency", "p99"))
    return (
        graph(names, variants, "errors", namespace, *errors, by=by),
        graph(names, variants, "model latency (microseconds)", namespace, *latency, by=by),
    )


def use_graph(names: EndpointNames, variants: Sequence[str]) -> Widget:
    """How much of the instances is in use."""
    use = (("CPUUtilization", "Average"), ("MemoryUtilization", "Average"))
    return graph(names, variants, "CPU (percent, summed over cores) and memory (percent)", HOSTS, *use)


def _host_graphs(names: EndpointNames, variants: Sequence[str]) -> tuple[Widget, ...]:
    return (
        use_graph(names, variants),
        graph(names, variants, "invocations per instance", REQUESTS, ("InvocationsPerInstance", "Sum")),
    )
