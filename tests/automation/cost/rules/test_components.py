"""Inference components: instances by the hour of copies, which are none while nobody asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.cost import Traffic
from automation.cost.rules.components import on_an_instance
from tests.automation.cost.written import WORKLOAD, estimated, items, resource

NAME = "churn-s-live"
ASKED = {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 1024}


def stack(minimum: int = 0) -> list[dict[str, Any]]:
    """A stack as the program makes it, and what scales its copies."""
    component = {
        "InferenceComponentName": NAME,
        "Specification": {"ModelName": f"{NAME}-model", "ComputeResourceRequirements": ASKED},
    }
    config = {"ProductionVariants": [{"VariantName": "champion", "InstanceType": "ml.m5.large"}]}
    body = {"Resources": {"Config": {"Properties": config}, "Component": {"Properties": component}}}
    return [
        resource("cloudformation/stack:Stack", within=WORKLOAD, name=NAME, templateBody=json.dumps(body)),
        resource("sagemaker/model:Model", "model", within=WORKLOAD, name=f"{NAME}-model"),
        resource(
            "appautoscaling/target:Target",
            "target",
            within=WORKLOAD,
            resourceId=f"inference-component/{NAME}",
            minCapacity=minimum,
            maxCapacity=4,
        ),
    ]


def hours(minimum: int, **traffic: Any) -> float:
    return items(estimated(*stack(minimum), traffic=Traffic(**traffic))).get("instance ml.m5.large", 0)


def test_nobody_who_asks_costs_nothing() -> None:
    assert hours(0, requests=0) == 0


def test_an_instance_is_there_in_hours_with_requests_and_for_copies_that_stay() -> None:
    asked = hours(0, requests=1_000_000)
    assert 0 < asked <= 730
    assert hours(2, requests=0) == 730  # two copies of one core, on one instance of two
    assert hours(3, requests=0) == 1460


def test_copies_of_each_hour_are_those_of_the_clock() -> None:
    by_day, by_night = (
        resource(
            "appautoscaling/scheduledAction:ScheduledAction",
            f"at {hour}",
            within=WORKLOAD,
            resourceId=f"inference-component/{NAME}",
            schedule=f"cron(0 {hour} * * ? *)",
            scalableTargetAction={"minCapacity": least, "maxCapacity": 8},
        )
        for hour, least in ((6, 3), (18, 0))
    )
    found = items(estimated(*stack(1), by_day, by_night, traffic=Traffic(requests=0)))
    assert found["instance ml.m5.large"] == 730  # three copies take two instances, for half of the day


@pytest.mark.parametrize(("cores", "memory", "held"), [(1, 1024, 2), (0.25, 1024, 8), (0.5, 4096, 2), (2, 8000, 1)])
def test_an_instance_holds_copies_by_cores_and_by_memory(cores: float, memory: int, held: int) -> None:
    asked = {"NumberOfCpuCoresRequired": cores, "MinMemoryRequiredInMb": memory}
    assert on_an_instance("ml.m5.large", asked) == held
