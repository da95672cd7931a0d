"""What a scaling policy asks for, in numbers of the user guide's own examples where it has some."""

from __future__ import annotations

from typing import Any

import pytest

from local.emulator.scaling.arithmetic import stepped, tracked

_GUIDE = {  # Application Auto Scaling user guide, "Step scaling policies": threshold 50, three steps up
    "AdjustmentType": "PercentChangeInCapacity",
    "StepAdjustments": [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 0},
        {"MetricIntervalLowerBound": 10, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
        {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 30},
    ],
}


@pytest.mark.parametrize(("above", "capacity"), [(5, 10), (10, 11), (19.9, 11), (20, 13), (500, 13), (-1, 10)])
def test_a_step_covers_what_lies_from_its_lower_bound_to_below_its_upper(above: float, capacity: int) -> None:
    assert stepped(_GUIDE, above_threshold=above, capacity=10) == capacity


@pytest.mark.parametrize(
    ("more", "adjustment", "capacity", "wanted"),
    [
        ({"AdjustmentType": "ChangeInCapacity"}, 1, 0, 1),
        ({"AdjustmentType": "ChangeInCapacity"}, -2, 3, 1),
        ({"AdjustmentType": "ExactCapacity"}, 4, 9, 4),
        ({"AdjustmentType": "PercentChangeInCapacity"}, 10, 4, 5),  # 0.4 is rounded to 1
        ({"AdjustmentType": "PercentChangeInCapacity"}, -10, 4, 3),
        ({"AdjustmentType": "PercentChangeInCapacity"}, 50, 5, 7),  # 2.5 to 2
        ({"AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2}, 10, 4, 6),
    ],
)
def test_each_way_to_adjust(more: dict[str, Any], adjustment: int, capacity: int, wanted: int) -> None:
    policy = {**more, "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": adjustment}]}
    assert stepped(policy, above_threshold=0, capacity=capacity) == wanted


@pytest.mark.parametrize(
    ("value", "capacity", "wanted"),
    [(10, 2, 4), (5, 2, 2), (5.1, 2, 3), (0, 2, 0), (20, 0, 4), (0, 0, 0), (0.1 * 3, 10, 1)],
)
def test_a_tracked_target_is_met_by_the_least_capacity_that_meets_it(value: float, capacity: int, wanted: int) -> None:
    assert tracked(value=value, target=5, capacity=capacity) == wanted
