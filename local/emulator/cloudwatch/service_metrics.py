"""The metrics of Lambda and SQS that alarms read: invocations and errors of functions, messages waiting in queues.

Sources: Lambda developer guide, "Using CloudWatch metrics with Lambda"; SQS developer guide, "Available CloudWatch
metrics for Amazon SQS" (reported each minute).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.sqs.models import sqs_backends


def function_invoked(
    account: str, region: str, function: str, aliases: Iterable[str], *, failed: bool, seconds: float
) -> None:
    """Publish one invocation of a function, by the aliases that lead to its version too."""
    values = (
        ("Invocations", 1.0, "Count"),
        ("Errors", float(failed), "Count"),
        ("Duration", seconds * 1000, "Milliseconds"),
    )
    _of_function(account, region, function, aliases, values)


def function_throttled(account: str, region: str, function: str, aliases: Iterable[str]) -> None:
    """Publish one request that a function could not take."""
    _of_function(account, region, function, aliases, (("Throttles", 1.0, "Count"),))


def _of_function(
    account: str, region: str, function: str, aliases: Iterable[str], values: Iterable[tuple[str, float, str]]
) -> None:
    whole = [{"Name": "FunctionName", "Value": function}]
    counted_by = [whole, *([*whole, {"Name": "Resource", "Value": f"{function}:{alias}"}] for alias in aliases)]
    data: list[dict[str, Any]] = [
        {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}
        for name, value, unit in values
        for dimensions in counted_by
    ]
    cloudwatch_backends[account][region].put_metric_data("AWS/Lambda", data)


def publish_queue_depths() -> None:
    """Publish how many messages wait in each queue of every account and region."""
    for account, regions in list(sqs_backends.items()):
        for region, backend in list(regions.items()):
            data = [datum for queue in list(backend.queues.values()) for datum in _depths(queue)]
            if data:
                cloudwatch_backends[account][region].put_metric_data("AWS/SQS", data)


def _depths(queue: Any) -> list[dict[str, Any]]:
    values = {
        "ApproximateNumberOfMessagesVisible": queue.approximate_number_of_messages,
        "ApproximateNumberOfMessagesNotVisible": queue.approximate_number_of_messages_not_visible,
        "ApproximateNumberOfMessagesDelayed": queue.approximate_number_of_messages_delayed,
    }
    dimensions = [{"Name": "QueueName", "Value": queue.name}]
    return [
        {"MetricName": name, "Value": float(value), "Unit": "Count", "Dimensions": dimensions}
        for name, value in values.items()
    ]
