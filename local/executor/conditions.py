"""The conditions of a Condition step; all of its list must hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from local.executor.errors import StepFailure
from local.executor.values import Values

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


def holds(condition: Mapping[str, Any], values: Values) -> bool:
    """Whether one condition holds. StepFailure for an unknown type, or two values that cannot be compared."""
    kind = condition["Type"]
    if kind in _COMPARE:
        left, right = values.resolve(condition["LeftValue"]), values.resolve(condition["RightValue"])
        if _kind(left) is not _kind(right):
            raise StepFailure(f"ClientError: {kind} cannot compare {left!r} with {right!r}")
        return _COMPARE[kind](left, right)
    if kind == "In":
        return values.resolve(condition["QueryValue"]) in values.resolve(condition["Values"])
    if kind == "Not":
        return not holds(condition["Condition"], values)
    if kind == "Or":
        return any(holds(inner, values) for inner in condition["Conditions"])
    raise StepFailure(f"ClientError: unknown condition {kind!r}; there are {', '.join([*_COMPARE, 'In', 'Not', 'Or'])}")


def _kind(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
