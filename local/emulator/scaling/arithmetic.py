"""What capacity a scaling policy asks for: its arithmetic alone.

Sources: Application Auto Scaling user guide, "Step scaling policies" (intervals are relative to the alarm's threshold,
percentages are rounded away from nothing to one and else towards zero) and "Target tracking scaling policies".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def stepped(policy: Mapping[str, Any], *, above_threshold: float, capacity: int) -> int:
    """The capacity that a step policy asks for; that of now when no step covers the breach."""
    for step in policy.get("StepAdjustments", []):
        low = step.get("MetricIntervalLowerBound")
        high = step.get("MetricIntervalUpperBound")
        if (low is None or above_threshold >= low) and (high is None or above_threshold < high):
            return _adjusted(policy, step["ScalingAdjustment"], capacity)
    return capacity


def _adjusted(policy: Mapping[str, Any], adjustment: int, capacity: int) -> int:
    match policy["AdjustmentType"]:
        case "ExactCapacity":
            return adjustment
        case "PercentChangeInCapacity":
            change = capacity * adjustment / 100
            whole = math.copysign(1, change) if 0 < abs(change) < 1 else math.trunc(change)
            least = policy.get("MinAdjustmentMagnitude") or 0
            return capacity + int(math.copysign(max(abs(whole), least), adjustment))
        case _:
            return capacity + adjustment


def tracked(*, value: float, target: float, capacity: int) -> int:
    """The capacity at which a metric per unit of capacity would be at its target; nothing has the value of one."""
    return math.ceil(round(max(capacity, 1) * value / target, 9))
