"""What the label of each task must be, and the loss of a regression: the part of a contract that differs by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.faults import Fault
from contracts.schema import Column, ColumnType, Contract, Loss, Objective, Task

MOST_CLASSES: Final = 100
#: Losses that have a parameter: its default, and the open interval in which it lies. XGBoost takes a power next to 1 or
#: 2, written with six digits, for one of them, of which the validation loss is infinite or an error (tried).
PARAMETERS: Final[Mapping[Loss, tuple[float, float, float]]] = {
    Loss.TWEEDIE: (1.5, 1.001, 1.999),
    Loss.QUANTILE: (0.5, 0.0, 1.0),
}
#: Losses of labels that are no negative numbers, and whether 0 is one of them.
_FROM_ZERO: Final[Mapping[Loss, bool]] = {Loss.POISSON: True, Loss.TWEEDIE: True, Loss.GAMMA: False}
#: XGBoost learns from float32, which holds no square of a number above 1.8e19 and takes one below 1e-45 for 0, which
#: gamma refuses. Float32 rounds both ends inwards.
_LARGEST: Final = 1e18
_LEAST: Final = 1e-30


def objective(written: Any) -> Objective | str:
    """The objective that a contract states, `squared` or `{quantile: 0.9}`; a text says what is wrong."""
    pair = written if isinstance(written, Mapping) else {str(written): None}
    allowed = f"allowed are {', '.join(Loss)}, or one of {', '.join(f'{{{loss}: number}}' for loss in PARAMETERS)}"
    if len(pair) != 1 or (loss := next(iter(pair))) not in list(Loss):
        return f"{written!r} is found; {allowed}"
    loss, value = Loss(loss), pair[loss]
    if loss not in PARAMETERS:
        return Objective(loss=loss) if value is None else f"{written!r} is found; {loss} has no parameter; {allowed}"
    default, low, high = PARAMETERS[loss]
    if value is None:
        return Objective(loss=loss, parameter=default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
        return f"{value!r} is found; of {loss} a number above {low:g} and below {high:g} is allowed"
    return Objective(loss=loss, parameter=float(value))


def faults(column: Column, task: Task, loss: Loss | None) -> Iterator[Fault]:
    """Why the label's column does not suit the task."""
    path = ("columns", column.name)
    found = f"type {column.type}, allowed {list(column.allowed)}"
    if task is Task.BINARY_CLASSIFICATION and not _is_binary(column):
        binary = "a binary label is {type: integer, allowed: [0, 1]} or {type: boolean}"
        yield path, f"{found} is found; {binary}; values: {{Yes: 1, No: 0}} says what other delivered texts mean"
    if task is Task.MULTICLASS_CLASSIFICATION and not _is_category(column):
        several = f"a label of classes is a string or an integer that lists 3 to {MOST_CLASSES} of them in `allowed`"
        yield path, f"{found} is found; {several}; of two classes the task is {Task.BINARY_CLASSIFICATION}"
    if task is Task.REGRESSION:
        yield from _number(column, loss)


def learnable(contract: Contract) -> tuple[float, float] | None:
    """The least and the largest label that a model can learn from; None of a task whose labels are classes."""
    if contract.task is not Task.REGRESSION:
        return None
    gamma = contract.objective is not None and contract.objective.loss is Loss.GAMMA
    return _LEAST if gamma else -_LARGEST, _LARGEST


def _is_binary(column: Column) -> bool:
    """Whether a label column can hold two values only."""
    zero_one = column.type is ColumnType.INTEGER and set(column.allowed) == {0, 1}
    return zero_one or column.type is ColumnType.BOOLEAN


def _is_category(column: Column) -> bool:
    return column.type in (ColumnType.STRING, ColumnType.INTEGER) and 3 <= len(column.allowed) <= MOST_CLASSES


def _number(column: Column, loss: Loss | None) -> Iterator[Fault]:
    path = ("columns", column.name)
    if column.type not in (ColumnType.INTEGER, ColumnType.NUMBER):
        yield (*path, "type"), f"{column.type} is found; a regression's label is an integer or a number"
        return
    if loss is None or loss not in _FROM_ZERO:
        return
    least = column.minimum if column.minimum is not None else min(map(float, column.allowed), default=None)
    if least is None or least < 0 or (least == 0 and not _FROM_ZERO[loss]):
        allowed = "0 or more" if _FROM_ZERO[loss] else "above 0"
        shown = "none" if least is None else f"{least:g}"
        what = f"{shown} is found; the objective {loss} is for labels {allowed}: state it as the minimum"
        yield (*path, "minimum"), f"{what}, so that validation quarantines others, or take another objective"
