"""What the contract promises of every answer: `monotone`, directions of features, and `invariant`, columns that move
none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contracts.schema import Column, ColumnType
from workloads.model_tests.trial import SAMPLE, STEPS, ModelTest, Subject, Trial


def trials(subject: Subject) -> Iterator[Trial]:
    """One of each promise that the rows can try: a feature that is missing in all of them has no direction."""
    promised = subject.contract.monotone
    for position, name in enumerate(subject.model.names):
        direction = 0 if promised is None else promised.direction(name)
        known = subject.features[:, position][~np.isnan(subject.features[:, position])]
        if direction and known.size:
            steps = np.unique(np.quantile(known, np.linspace(0, 1, STEPS)).astype(np.float32))
            yield _direction(subject, position, direction, steps)
    for name in subject.contract.invariant or ():
        yield _invariance(subject, subject.contract.column(name))


def _direction(subject: Subject, position: int, direction: int, steps: NDArray[np.float32]) -> Trial:
    """Each row with every tenth of the values that the feature has."""
    model, sample, feature = subject.model, subject.sample, subject.model.names[position]
    name = f"more {feature} never {'lowers' if direction > 0 else 'raises'} an answer"

    def run() -> ModelTest:
        moved = np.repeat(sample, len(steps), axis=0)
        moved[:, position] = np.tile(steps, len(sample))
        scores = model.scores(moved).reshape(len(sample), len(steps)).astype(np.float64) * direction
        room = model.tolerance * float(np.abs(scores).max())
        wrong = int((np.diff(scores, axis=1) < -room).any(axis=1).sum())
        return _counted(name, wrong, len(sample), "do otherwise", f"monotone.{feature}")

    return Trial(name, run)


def _invariance(subject: Subject, column: Column) -> Trial:
    """Each row with other values of the column, from which the model makes its features anew."""
    model, name = subject.model, f"another {column.name} leaves an answer as it is"

    def run() -> ModelTest:
        rows = subject.rows.slice(0, SAMPLE)
        index, field = rows.schema.get_field_index(column.name), rows.schema.field(column.name)
        others = [
            rows.set_column(index, field, pa.array([value] * len(rows), field.type))
            for value in _values(column, subject.rows.column(column.name))
        ]
        if len(others) < 2:
            told = f"{len(others)} value of it in the rows, with which nothing can be tried"
            return ModelTest(name=name, passed=False, found=told, allowed="2 or more", key="invariant")
        before = model.scores(subject.sample)
        after = model.scores(model.features(pa.concat_tables(others))).reshape(len(others), *before.shape)
        room = model.tolerance * float(np.abs(before).max())
        moved = (np.abs(after - before) > room).any(axis=0).reshape(len(rows), -1).any(axis=1)
        return _counted(name, int(moved.sum()), len(rows), "are answered otherwise", "invariant")

    return Trial(name, run)


def _values(column: Column, found: pa.ChunkedArray) -> list[Any]:
    """All values that the contract lists; else of numbers every tenth of those that rows have, of others some of them,
    and where rows lack it no value too."""
    if column.allowed:
        values: list[Any] = list(column.allowed)
    else:
        known = pc.unique(found.drop_null()).sort()  # pyright: ignore[reportAttributeAccessIssue]
        ends = np.linspace(0, max(len(known) - 1, 0), min(STEPS, len(known))).astype(int)
        values = known.take(pa.array(ends)).to_pylist() if len(known) else []
    if column.type is ColumnType.NUMBER:
        values = [float(value) for value in values]
    return [*values, None] if found.null_count else values


def _counted(name: str, wrong: int, rows: int, what: str, key: str) -> ModelTest:
    return ModelTest(name=name, passed=wrong == 0, found=f"{wrong} of {rows} rows {what}", allowed="0", key=key)
