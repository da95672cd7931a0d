from __future__ import annotations

from typing import Any

import pytest

from local.emulator.sagemaker.rollout import Shift, faults, plan


def blue_green(kind: str, wait: int = 300, **more: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait} | more}
    }


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def count(value: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": value}


def shares(config: dict[str, Any] | None, instances: int = 4) -> list[float]:
    return [shift.share for shift in plan(config, instances).shifts]


def test_without_a_configuration_everything_moves_at_once_and_nothing_bakes() -> None:
    planned = plan(None, 2)
    assert planned.shifts == (Shift(share=1.0, wait_seconds=0),)
    assert (planned.termination_wait_seconds, planned.alarms) == (0, ())


def test_all_at_once_bakes_before_the_old_fleet_goes() -> None:
    assert plan(blue_green("ALL_AT_ONCE"), 2).shifts == (Shift(share=1.0, wait_seconds=300),)


def test_a_canary_bakes_twice() -> None:
    planned = plan(blue_green("CANARY", CanarySize=percent(10)), 4)
    assert planned.shifts == (Shift(share=0.1, wait_seconds=300), Shift(share=1.0, wait_seconds=300))


def test_a_canary_of_instances_is_their_share_of_the_fleet() -> None:
    assert shares(blue_green("CANARY", CanarySize=count(1)), instances=4) == [0.25, 1.0]


@pytest.mark.parametrize(("size", "expected"), [(10, 10), (30, 4), (50, 2)])
def test_linear_steps_end_with_everything(size: int, expected: int) -> None:
    found = shares(blue_green("LINEAR", LinearStepSize=percent(size)))
    assert len(found) == expected
    assert found[-1] == 1.0
    assert found == sorted(found)


def test_rolling_batches_are_steps() -> None:
    assert shares({"RollingUpdatePolicy": {"MaximumBatchSize": percent(25), "WaitIntervalInSeconds": 60}}) == [
        0.25,
        0.5,
        0.75,
        1.0,
    ]


def test_alarms_and_the_wait_before_termination_are_taken_over() -> None:
    config = blue_green("ALL_AT_ONCE")
    config["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] = 120
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "errors"}, {"AlarmName": "latency"}]}
    planned = plan(config, 2)
    assert (planned.termination_wait_seconds, planned.alarms) == (120, ("errors", "latency"))


VALID = blue_green("CANARY", CanarySize=percent(10))


def test_a_valid_configuration_has_no_faults() -> None:
    assert faults(VALID, 2, 1) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            blue_green("CANARY", CanarySize=percent(60)),
            "CanarySize is 60 CAPACITY_PERCENT, 60% of 4 instances; allowed is 0% to 50% of the fleet's capacity",
        ),
        (
            blue_green("CANARY", CanarySize=count(3)),
            "CanarySize is 3 INSTANCE_COUNT, 75% of 4 instances; allowed is 0% to 50% of the fleet's capacity",
        ),
        (
            blue_green("LINEAR", LinearStepSize=percent(5)),
            "LinearStepSize is 5 CAPACITY_PERCENT, 5% of 4 instances; allowed is 10% to 50% of the fleet's capacity",
        ),
        (
            blue_green("CANARY"),
            "CanarySize must be given with traffic routing type CANARY and no other, found CANARY",
        ),
        (
            blue_green("ALL_AT_ONCE", CanarySize=percent(10)),
            "CanarySize must be given with traffic routing type CANARY and no other, found ALL_AT_ONCE",
        ),
        (
            VALID | {"RollingUpdatePolicy": {"MaximumBatchSize": percent(20), "WaitIntervalInSeconds": 0}},
            "only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be specified",
        ),
        (
            {"RollingUpdatePolicy": {"MaximumBatchSize": percent(1), "WaitIntervalInSeconds": 0}},
            "MaximumBatchSize is 1 CAPACITY_PERCENT, 1% of 4 instances; allowed is 5% to 50% of the fleet's capacity",
        ),
    ],
)
def test_one_fault(config: dict[str, Any], expected: str) -> None:
    assert faults(config, 4, 1) == [expected]


def test_rolling_is_for_one_variant() -> None:
    config = {"RollingUpdatePolicy": {"MaximumBatchSize": percent(20), "WaitIntervalInSeconds": 0}}
    assert faults(config, 4, 2) == ["RollingUpdatePolicy is for endpoints with one variant, found 2"]


def test_the_timeout_must_leave_room_for_the_waits() -> None:
    config = blue_green("CANARY", CanarySize=percent(10))
    config["BlueGreenUpdatePolicy"] |= {"MaximumExecutionTimeoutInSeconds": 600, "TerminationWaitInSeconds": 60}
    assert faults(config, 4, 1) == [
        "MaximumExecutionTimeoutInSeconds is 600, must be more than the 660 seconds of all waits"
    ]
