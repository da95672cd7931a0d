"""Functions that are endpoints: requests, the seconds of their memory, and what is kept warm."""

from __future__ import annotations

from typing import Any

from automation.cost import Traffic
from tests.automation.cost.written import WORKLOAD, estimated, items, resource, usd

NAME = "churn-s-live"


def function(**more: Any) -> list[dict[str, Any]]:
    """A function of 2 GB with an alias, and one with another name that has none."""
    return [
        resource("lambda/function:Function", within=WORKLOAD, name=NAME, memorySize=2048, **more),
        resource("lambda/alias:Alias", "alias", within=WORKLOAD, functionName=NAME, name="live"),
        resource("lambda/function:Function", "other", within=WORKLOAD, name="churn-s-other"),
    ]


def test_a_function_that_serves_costs_its_requests_and_the_seconds_of_its_memory() -> None:
    found = estimated(*function(), traffic=Traffic(requests=2_000_000, serverless_ms=50))
    assert items(found) == {"requests": 2, "duration x86": 2 * 2_000_000 * 0.05}
    assert items(found, "other") == {"requests": 0.0001, "duration x86": 125}
    assert items(found, "alias") == {}


def test_a_twentieth_of_its_requests_is_traced() -> None:
    found = estimated(*function(tracingConfig={"mode": "Active"}))
    assert items(found)["traces recorded"] == 0.05


def test_environments_are_paid_while_they_are_kept_warm() -> None:
    warm = resource(
        "lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        "warm",
        within=WORKLOAD,
        functionName=NAME,
        qualifier="live",
        provisionedConcurrentExecutions=3,
    )
    found = estimated(*function(), warm, traffic=Traffic(endpoint_hours=100))
    assert items(found, "warm") == {"provisioned concurrency x86": 3 * 2 * 100 * 3600}

    def limit(kind: str, name: str, **more: Any) -> dict[str, Any]:
        return resource(f"appautoscaling/{kind}", name, within=WORKLOAD, resourceId=f"function:{NAME}:live", **more)

    target = limit("target:Target", "target", minCapacity=3, maxCapacity=9)
    assert items(estimated(*function(), warm, target), "warm") == {
        "provisioned concurrency x86": 3 * 2 * 730 * 3600
    }  # fmt: skip
    by_day, by_night = (
        limit(
            "scheduledAction:ScheduledAction",
            f"at {hour}",
            schedule=f"cron(0 {hour} * * ? *)",
            scalableTargetAction={"minCapacity": least, "maxCapacity": 9},
        )
        for hour, least in ((6, 5), (18, 1))
    )
    assert items(estimated(*function(), warm, target, by_day, by_night), "warm") == {
        "provisioned concurrency x86": 3 * 2 * 730 * 3600
    }
    assert items(estimated(*function(), warm, target, by_night), "warm") == {
        "provisioned concurrency x86": 1 * 2 * 730 * 3600
    }


def test_a_stopped_one_costs_nothing() -> None:
    assert usd(estimated(*function()[:2], traffic=Traffic(endpoint_hours=0))) == 0
    assert usd(estimated(*function(reservedConcurrentExecutions=0)[:2])) == 0
    assert usd(estimated(*function(reservedConcurrentExecutions=1)[:2])) > 0


def test_every_captured_request_is_an_object() -> None:
    """A function writes it before the answer: it may not run after that."""
    bucket = resource("s3/bucket:Bucket", "kept", bucket="1-s-ai-processed-data")

    def puts(**more: Any) -> float:
        variables = {"CAPTURE_URI": "s3://a/b", "CAPTURE_PERCENT": "10"}
        made = function(environment={"variables": variables}, **more)
        return items(estimated(bucket, *made), "kept")["PUT, COPY, POST, LIST"]

    assert puts() == 1 + 100
    assert puts(reservedConcurrentExecutions=0) == 1
