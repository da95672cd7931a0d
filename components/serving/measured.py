"""What scaling measures of a variant: the metrics of SageMaker behind the units of the settings.

SageMaker developer guide, "Metrics for monitoring SageMaker with Amazon CloudWatch": ModelLatency is in microseconds,
CPUUtilization the sum over all cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.serving.watch import MICROSECONDS_PER_MS, REQUESTS
from contracts import instances
from contracts.names import EndpointNames
from contracts.namespaces import HOSTS


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A metric of CloudWatch; a value of the settings times `unit` is one of the metric."""

    namespace: str
    metric: str
    statistic: str
    unit: int


def measured(what: str, instance_type: str) -> Measured:
    """The metric behind a name of the settings."""
    match what:
        case "invocations_per_instance":
            return Measured(namespace=REQUESTS, metric="InvocationsPerInstance", statistic="Sum", unit=1)
        case "latency_ms":
            return Measured(namespace=REQUESTS, metric="ModelLatency", statistic="Average", unit=MICROSECONDS_PER_MS)
        case "cpu_percent":
            cores = instances.vcpus(instance_type)
            return Measured(namespace=HOSTS, metric="CPUUtilization", statistic="Average", unit=cores)
        case _:
            raise ValueError(f"found {what!r}; allowed: invocations_per_instance, latency_ms, cpu_percent")


def dimensions(names: EndpointNames, variant: str) -> Mapping[str, str]:
    """Those of a variant."""
    return {"EndpointName": names.prefix, "VariantName": variant}
