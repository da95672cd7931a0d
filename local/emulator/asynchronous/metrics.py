"""The metrics of asynchronous endpoints, all in `AWS/SageMaker`.

Source: SageMaker developer guide, "Alarms and logs for tracking metrics from asynchronous endpoints", whose list is
exhaustive: `Invocations` and `InvocationsPerInstance` are not among them. Those of the queue are by EndpointName, once
a minute; those of a request by EndpointName and VariantName.
"""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local.emulator.sagemaker.hosting import Hosted

NAMESPACE = "AWS/SageMaker"


def publish(endpoint: Hosted, values: dict[str, tuple[float, str]], variant: str | None = None) -> None:
    """Publish values with their units, of a variant or of the endpoint as a whole."""
    named = {"EndpointName": endpoint.endpoint_name} | ({"VariantName": variant} if variant else {})
    dimensions = [{"Name": key, "Value": value} for key, value in named.items()]
    data: list[dict[str, Any]] = [
        {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}
        for name, (value, unit) in values.items()
    ]
    cloudwatch_backends[endpoint.account][endpoint.region].put_metric_data(NAMESPACE, data)


def of_queue(*, requests: int, instances: int, oldest_seconds: float) -> dict[str, tuple[float, str]]:
    """What a queue of so many requests, under way or waiting, says with so many instances behind it."""
    return {
        "ApproximateBacklogSize": (float(requests), "Count"),
        "ApproximateBacklogSizePerInstance": (requests / max(instances, 1), "Count"),
        "ApproximateAgeOfOldestRequest": (oldest_seconds, "Seconds"),
        "HasBacklogWithoutCapacity": (float(requests > 0 and instances == 0), "Count"),
    }


def of_request(
    *, status: int, model_seconds: float, waited_seconds: float, total_seconds: float, failed: bool
) -> dict[str, tuple[float, str]]:
    """What one processed request says."""
    return {
        "Invocation4XXErrors": (float(400 <= status < 500), "None"),
        "Invocation5XXErrors": (float(status >= 500), "None"),
        "ModelLatency": (model_seconds * 1_000_000, "Microseconds"),
        "InvocationsProcessed": (1.0, "Count"),
        "InvocationFailures": (float(failed), "Count"),
        "TimeInBacklog": (waited_seconds * 1000, "Milliseconds"),
        "TotalProcessingTime": (total_seconds * 1000, "Milliseconds"),
    }
