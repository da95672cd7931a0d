"""The metrics SageMaker publishes about invocations, in the namespace `AWS/SageMaker`.

For each variant, with the dimensions EndpointName and VariantName, and once more with EndpointConfigName for alarms
that watch only a new fleet (developer guide, "Auto-Rollback Configuration and Monitoring"); of an inference component
by its name alone, with a copy in the place of an instance. Latencies are in microseconds. Counts are published as
statistics of a short batch, model latencies one by one: percentiles need them.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local.emulator.context import Context

NAMESPACE = "AWS/SageMaker"
PUBLISH_SECONDS = 0.1
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Served:
    """Who served: the fleet's configuration and the variant of an endpoint, or an inference component there."""

    account: str
    region: str
    endpoint: str
    variant: str
    config: str
    component: str = ""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One request to a variant. Times in seconds; `overhead` is what is not the model's, `waited` that until the model
    that it names was loaded, 0 where it was.
    """

    status: int
    instances: int
    model_seconds: float
    overhead_seconds: float
    waited_seconds: float | None = None


def data(served: Served, invocations: Sequence[Invocation]) -> list[dict[str, Any]]:
    """The metric data of a batch, as PutMetricData takes them."""
    counts = {
        "Invocations": [1.0 for _ in invocations],
        f"InvocationsPer{'Copy' if served.component else 'Instance'}": [1.0 / i.instances for i in invocations],
        "Invocation4XXErrors": [float(400 <= i.status < 500) for i in invocations],
        "Invocation5XXErrors": [float(i.status >= 500) for i in invocations],
        "InvocationModelErrors": [float(i.status >= 400) for i in invocations],
    }
    overhead = [i.overhead_seconds * _MICROSECONDS for i in invocations]
    latencies = [i.model_seconds * _MICROSECONDS for i in invocations]
    described = [
        *({"MetricName": name, "Unit": "None", "StatisticValues": _statistics(v)} for name, v in counts.items()),
        {"MetricName": "OverheadLatency", "Unit": "Microseconds", "StatisticValues": _statistics(overhead)},
        {"MetricName": "ModelLatency", "Unit": "Microseconds", "Values": latencies},
        *_loading([i.waited_seconds for i in invocations if i.waited_seconds is not None]),
    ]
    variant = [{"Name": "EndpointName", "Value": served.endpoint}, {"Name": "VariantName", "Value": served.variant}]
    fleet = [*variant, {"Name": "EndpointConfigName", "Value": served.config}]
    counted_by = (
        [[{"Name": "InferenceComponentName", "Value": served.component}]] if served.component else [variant, fleet]
    )
    now = datetime.now(UTC).replace(tzinfo=None)  # moto's own timestamps have no zone
    return [entry | {"Timestamp": now, "Dimensions": named} for entry in described for named in counted_by]


def _loading(waited: Sequence[float]) -> list[dict[str, Any]]:
    """Of several models: whether the one that a request names was loaded, and how long it waited where not."""
    if not waited:
        return []
    hits, waits = [float(not each) for each in waited], [each * _MICROSECONDS for each in waited if each]
    found: list[dict[str, Any]] = [
        {"MetricName": "ModelCacheHit", "Unit": "None", "StatisticValues": _statistics(hits)}
    ]
    if waits:
        for name in ("ModelLoadingTime", "ModelLoadingWaitTime"):  # what is fetched is near
            found.append({"MetricName": name, "Unit": "Microseconds", "Values": waits})
    return found


def _statistics(values: Sequence[float]) -> dict[str, float]:
    return {"SampleCount": len(values), "Sum": sum(values), "Minimum": min(values), "Maximum": max(values)}


class InvocationMetrics:
    """Collects the invocations of all endpoints and publishes them in batches."""

    def __init__(self) -> None:
        self._waiting: dict[Served, list[Invocation]] = defaultdict(list)
        self._lock = threading.Lock()
        self._publishing = threading.Lock()

    def add(self, served: Served, invocation: Invocation) -> None:
        """Take an invocation for the next publication."""
        with self._lock:
            self._waiting[served].append(invocation)

    def publish(self) -> None:
        """Publish what waits; alarms are evaluated with it. When it returns, what another call took is there too."""
        with self._publishing:
            with self._lock:
                waiting, self._waiting = self._waiting, defaultdict(list)
            for served, invocations in waiting.items():
                backend = cloudwatch_backends[served.account][served.region]
                backend.put_metric_data(NAMESPACE, data(served, invocations))


def install(context: Context) -> InvocationMetrics:
    """Publish as long as the emulator lives."""
    metrics = InvocationMetrics()
    context.ticker.every(PUBLISH_SECONDS, metrics.publish)
    return metrics
