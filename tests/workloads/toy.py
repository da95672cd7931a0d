"""The contract of two classes that a test of one room needs when its subject is the columns or the features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.schema import Column, ColumnType, Contract, Feature, Task


def contract(
    inputs: Iterable[Column],
    features: Mapping[str, str],
    *,
    name: str = "toy",
    entity: ColumnType = ColumnType.INTEGER,
    **more: Any,
) -> Contract:
    """Rows of the columns `id` (of type `entity`) and `at`, then `inputs`, then the label `y`, which is 0 or 1.

    `features` are expressions by name; `more` is whatever else a `Contract` has.
    """
    return Contract(
        name=name,
        task=Task.BINARY_CLASSIFICATION,
        entity="id",
        event_time="at",
        label="y",
        columns=(
            Column(name="id", type=entity),
            Column(name="at", type=ColumnType.TIMESTAMP),
            *inputs,
            Column(name="y", type=ColumnType.INTEGER, allowed=(0, 1)),
        ),
        features=tuple(Feature(name=feature, expression=text) for feature, text in features.items()),
        **more,
    )
