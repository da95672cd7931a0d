"""Endpoints on Fargate: tasks by the hour and processor, the load balancer by hours and by what passes it."""

from __future__ import annotations

import json
from typing import Any

from automation.cost import Traffic
from tests.automation.cost.written import WORKLOAD, estimated, items, resource, usd

NAME, SERVING = "churn-s-live", "serving"
COMPONENT = {"urn": SERVING, "type": "mlplatform:serving:Fargate", "name": NAME, "parent": WORKLOAD, "inputs": {}}


def service(*, architecture: str = "X86_64", tasks: int = 2) -> list[dict[str, Any]]:
    """A service of two tasks with 1 vCPU and 2 GB each, and the definitions of two releases."""
    container = {
        "environment": [
            {"name": "CAPTURE_PERCENT", "value": "100"},
            {"name": "CAPTURE_URI", "value": "s3://a/b"},
        ]
    }
    task = {
        "cpu": "1024",
        "memory": "2048",
        "runtimePlatform": {"cpuArchitecture": architecture},
        "containerDefinitions": json.dumps([container]),
    }
    definitions = [
        resource("ecs/taskDefinition:TaskDefinition", name, within=SERVING, **task) for name in ("wanted", "former")
    ]
    return [COMPONENT, *definitions, resource("ecs/service:Service", within=SERVING, name=NAME, desiredCount=tasks)]


def scaled(minimum: int) -> dict[str, Any]:
    limits = {"minCapacity": minimum, "maxCapacity": 9}
    return resource(
        "appautoscaling/target:Target", "target", within=SERVING, resourceId=f"service/{NAME}/{NAME}", **limits
    )


def test_tasks_cost_their_processors_and_memory_all_month() -> None:
    found = estimated(*service())
    assert items(found) == {
        "fargate vCPU x86": 2 * 730,
        "fargate memory x86": 2 * 2 * 730,
        "custom metric": 24 + 6,
    }
    assert items(found, "wanted") == items(found, "former") == {}
    assert usd(found) == round(2 * 730 * 0.04048 + 4 * 730 * 0.004445 + 30 * 0.30, 2)


def test_a_task_writes_what_it_captured_every_ten_seconds() -> None:
    bucket = resource("s3/bucket:Bucket", "kept", bucket="1-s-ai-processed-data")
    found = items(estimated(bucket, *service(tasks=3)), "kept")
    assert found["PUT, COPY, POST, LIST"] == 1 + 730 * 3 * 360 / 1000


def test_graviton_costs_by_its_own_prices() -> None:
    found = items(estimated(*service(architecture="ARM64", tasks=3)))
    assert (found["fargate vCPU arm"], found["fargate memory arm"]) == (3 * 730, 3 * 2 * 730)


def test_a_service_that_scales_costs_the_fewest_tasks_that_it_may_have() -> None:
    assert items(estimated(*service(), scaled(4)))["fargate vCPU x86"] == 4 * 730
    other = scaled(4)
    other["inputs"]["resourceId"] = "service/other/other"
    assert items(estimated(*service(), other))["fargate vCPU x86"] == 2 * 730


def test_hours_without_the_endpoint_cost_no_tasks_and_no_load_balancer() -> None:
    balancer = resource("lb/loadBalancer:LoadBalancer", "balancer", within=SERVING, name=NAME)
    found = estimated(*service(), balancer, traffic=Traffic(endpoint_hours=73))
    assert items(found)["fargate vCPU x86"] == 2 * 73
    assert items(found)["custom metric"] == 3
    assert items(found, "balancer")["application load balancer"] == 73
    assert usd(estimated(*service(), balancer, traffic=Traffic(endpoint_hours=0))) == 0


def test_a_load_balancer_costs_its_hours_and_the_gigabytes_that_pass_it() -> None:
    balancer = resource("lb/loadBalancer:LoadBalancer", within=WORKLOAD, name=NAME)
    traffic = Traffic(requests=4_000_000, request_kb=1.5, response_kb=0.5)
    found = estimated(balancer, traffic=traffic)
    assert items(found) == {"application load balancer": 730, "LCU": 8}
    assert usd(found) == round(730 * 0.0225 + 8 * 0.008, 2)


def at(hour: int, least: int) -> dict[str, Any]:
    """What sets other limits at an hour of every day."""
    return resource(
        "appautoscaling/scheduledAction:ScheduledAction",
        f"at {hour}",
        within=SERVING,
        resourceId=f"service/{NAME}/{NAME}",
        schedule=f"cron(0 {hour} * * ? *)",
        scalableTargetAction={"minCapacity": least, "maxCapacity": 20},
    )


def test_the_fewest_tasks_of_each_hour_are_those_of_the_clock() -> None:
    by_day, by_night = at(6, 6), at(18, 2)
    assert items(estimated(*service(), scaled(3), by_day, by_night))["fargate vCPU x86"] == (6 + 2) / 2 * 730
    assert items(estimated(*service(), scaled(3), by_day))["fargate vCPU x86"] == 6 * 730  # from the first morning on
    business = Traffic(endpoint_hours=730 * 50 / 168)  # Monday to Friday, 09:00 to 19:00
    found = items(estimated(*service(), scaled(3), by_day, by_night, traffic=business))
    assert found["fargate vCPU x86"] == round((9 * 6 + 1 * 2) / 10 * 730 * 50 / 168, 6)


def test_what_is_captured_is_written_by_the_tasks_of_each_hour() -> None:
    bucket = resource("s3/bucket:Bucket", "kept", bucket="1-s-ai-processed-data")
    busy = Traffic(requests=1e9)
    found = items(estimated(bucket, *service(), scaled(3), at(6, 6), at(18, 2), traffic=busy), "kept")
    assert found["PUT, COPY, POST, LIST"] == 1 + 730 * 4 * 360 / 1000
