"""What a contract says of how much rows and faults count: `class_weights` in training, `cost` of a wrong decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.faults import Fault, Path
from contracts.schema import ClassWeights, Column, ColumnType, Task
from contracts.texts import written

BALANCED: Final = "balanced"
#: The least and the largest weight of a class. XGBoost holds weights, and sums of them over all rows, in float32.
LEAST: Final = 1e-6
MOST: Final = 1e6
_ALLOWED: Final = f"number from {LEAST:g} to {MOST:g}"


def classes(column: Column) -> tuple[str, ...]:
    """The classes of a label as texts, in the order of their positions in a data set."""
    if column.type is ColumnType.BOOLEAN:
        return written(False), written(True)
    return tuple(map(written, column.allowed if len(column.allowed) > 2 else sorted(column.allowed)))


def faults(given: Any, column: Column | None, task: Task | None) -> Iterator[Fault]:
    """Why `class_weights` are none of the classes that the label's column has (None: it has a fault of its own)."""
    path: Path = ("class_weights",)
    if given is None or given == BALANCED:
        given = {}
        column = None
    elif not isinstance(given, Mapping):
        yield path, f"{given!r} is found; allowed is {BALANCED}, or a mapping from each class to a {_ALLOWED}"
        return
    for name, weight in given.items():
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not (is_number and LEAST <= weight <= MOST):
            yield (*path, name), f"{weight!r} is found; a {_ALLOWED} is allowed"
    known = () if task is Task.REGRESSION or column is None else classes(column)
    if column is None or not known:
        return
    listed = f"classes of {column.name} are {', '.join(known)}"
    yield from (((*path, name), f"is no class; {listed}") for name in given if name not in known)
    if lacking := [name for name in known if name not in given]:
        yield path, f"no weight of {', '.join(lacking)} is found; {listed}; give one of each, or write {BALANCED}"


def read(given: Any, column: Column) -> ClassWeights | None:
    """The weights of a contract without faults."""
    if given is None:
        return None
    if given == BALANCED:
        return ClassWeights()
    return ClassWeights(weights=tuple(float(given[name]) for name in classes(column)))
