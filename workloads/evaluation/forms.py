"""The forms of the platform's answers (docs/inference.md), read by who compares them with what a model says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from workloads.tasks import Strategy

_RELATIVE: Final = 1e-6


def output(task: Strategy, prediction: Mapping[str, Any]) -> Any:
    """What the model said of a row, from its prediction in JSON.

    KeyError for a field that lacks; TypeError or ValueError for a value that is none, or a decision that does not
    follow.
    """
    found = task.output(prediction)
    for number in found if isinstance(found, list) else [found]:
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ValueError(f"{number!r}, which is no finite number")
    wanted = dict(zip(task.fields, task.values(found, task.decide(found)), strict=True))
    if wrong := [field for field, value in wanted.items() if prediction[field] != value]:
        raise ValueError(f"{wrong[0]} {prediction[wrong[0]]!r} where {wanted[wrong[0]]!r} follows")
    return found


def same_cells(found: Sequence[str], wanted: Sequence[Any]) -> bool:
    """Whether the cells of a line of CSV say these values, numbers within what their text may leave out."""
    return len(found) == len(wanted) and all(map(_same_cell, found, wanted))


def _same_cell(found: str, wanted: Any) -> bool:
    if not isinstance(wanted, float):
        return found == str(wanted)
    try:
        return math.isclose(float(found), wanted, rel_tol=_RELATIVE, abs_tol=_RELATIVE)
    except ValueError:
        return False
