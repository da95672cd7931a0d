"""The test rows that a model gets most wrong, with what moved it there: where people look for faults of data first.

Features are made of no column that is personal (the contract refuses it); an entity that is one is left out here.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contracts.schema import Contract, Task
from workloads import tasks
from workloads.evaluation.judges import Judge
from workloads.evaluation.model import Boosted, Model

Array = NDArray[Any]
MOST_ROWS: Final = 10


def rows(model: Model, judge: Judge, table: pa.Table, features: Array, outputs: Array) -> list[dict[str, Any]]:
    """The most wrong rows of a table (n), first the worst; of features (n, features) and outputs (n, ...) of the model.

    Each has label, the answer as the service gives it, and of a booster the features' values with their contributions
    (SHAP), which with `bias` add up to the margin; of several classes that of the class that is said.
    """
    contract = judge.contract
    wrong = judge.wrong(table.column(contract.label).to_numpy(), outputs)
    worst = np.argsort(-wrong, kind="stable")[:MOST_ROWS]
    worst = worst[wrong[worst] > 0]
    told = [_told(contract, judge.threshold, table, outputs, int(row)) for row in worst]
    if not isinstance(model, Boosted) or not told:
        return told
    moved = model.contributions(features[worst])
    if moved.ndim > 2:
        moved = moved[np.arange(len(worst)), outputs[worst].argmax(axis=1)]
    return [
        {
            **each,
            "bias": float(of_row[-1]),
            "features": {
                name: {"value": _value(model, name, float(value)), "contribution": float(contribution)}
                for name, value, contribution in zip(model.names, of_features, of_row[:-1], strict=True)
            },
        }
        for each, of_features, of_row in zip(told, features[worst], moved, strict=True)
    ]


def _told(contract: Contract, threshold: float, table: pa.Table, outputs: Array, row: int) -> dict[str, Any]:
    strategy, output, label = (
        tasks.of(contract, threshold=threshold),
        outputs[row].tolist(),
        table.column(contract.label)[row],
    )
    answer = strategy.values(output, strategy.decide(output))
    several = contract.task is Task.MULTICLASS_CLASSIFICATION
    entity = {} if contract.column(contract.entity).pii else {"entity": table.column(contract.entity)[row].as_py()}
    return {
        **entity,
        "label": contract.classes[int(label.as_py())] if several else label.as_py(),
        "answer": dict(zip(strategy.fields, answer, strict=True)),
    }


def _value(model: Model, name: str, value: float) -> float | str | None:
    """A feature's value as a person knows it: a category by its text, None where it is missing."""
    if math.isnan(value):
        return None
    return model.lists[name][int(value)] if name in model.lists else value
