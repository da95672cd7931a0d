"""What a contract says of its task: which labels suit it, its loss, and the metrics that it may bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import loader
from contracts.loader import ContractError
from contracts.metrics import DEFAULTS
from contracts.schema import Bounds, Loss, Objective, Task, from_json, to_json

BASE: dict[str, Any] = {
    "name": "toy",
    "task": "regression",
    "entity": "id",
    "event_time": {"from": "delivery"},
    "label": "y",
    "columns": {"id": {"type": "string"}, "a": {"type": "number"}, "y": {"type": "number"}},
    "features": {"a": "a"},
}
MULTI = {"task": "multiclass_classification"}
COLORS = {"type": "string", "allowed": ["red", "green", "blue"]}
LOSSES = "squared, absolute, poisson, gamma, tweedie, quantile, or one of {tweedie: number}, {quantile: number}"


def written(label: dict[str, Any] | None = None, **changes: Any) -> str:
    columns = BASE["columns"] | ({"y": label} if label else {})
    return yaml.safe_dump({**BASE, "columns": columns, **changes}, sort_keys=False)


def faults(label: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    with pytest.raises(ContractError) as caught:
        loader.loads(written(label, **changes))
    return [fault.partition(", ")[2] for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("said", "objective"),
    [
        (None, Objective(loss=Loss.SQUARED)),
        ("absolute", Objective(loss=Loss.ABSOLUTE)),
        ("tweedie", Objective(loss=Loss.TWEEDIE, parameter=1.5)),
        ({"tweedie": 1.1}, Objective(loss=Loss.TWEEDIE, parameter=1.1)),
        ({"quantile": 0.9}, Objective(loss=Loss.QUANTILE, parameter=0.9)),
        ("quantile", Objective(loss=Loss.QUANTILE, parameter=0.5)),
    ],
)
def test_a_regression_says_what_it_predicts(said: Any, objective: Objective) -> None:
    label = {"type": "number", "minimum": 0}
    contract = loader.loads(written(label, **({} if said is None else {"objective": said})))
    assert (contract.task, contract.objective) == (Task.REGRESSION, objective)
    assert contract.quality == DEFAULTS[Task.REGRESSION]
    assert from_json(to_json(contract)) == contract


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"objective": ["squared"]}, f"objective: ['squared'] is found; allowed are {LOSSES}"),
        ({"objective": "huber"}, f"objective: 'huber' is found; allowed are {LOSSES}"),
        (
            {"objective": {"squared": 2}},
            f"objective: {{'squared': 2}} is found; squared has no parameter; allowed are {LOSSES}",
        ),
        ({"objective": {"quantile": 1}}, "objective: 1 is found; of quantile a number above 0 and below 1 is allowed"),
        (
            {"objective": {"tweedie": True}},
            "objective: True is found; of tweedie a number above 1.001 and below 1.999 is allowed",
        ),
        (
            {"objective": {"tweedie": 1.9999999}},
            "objective: 1.9999999 is found; of tweedie a number above 1.001 and below 1.999 is allowed",
        ),
        ({"threshold": 0.5}, "threshold: is found, while a regression has no decision to act; remove it"),
        (
            {"objective": "poisson"},
            "columns.y.minimum: none is found; the objective poisson is for labels 0 or more: state it as the minimum, "
            "so that validation quarantines others, or take another objective",
        ),
        (
            {"objective": "gamma", "label": {"type": "number", "minimum": 0}},
            "columns.y.minimum: 0 is found; the objective gamma is for labels above 0: state it as the minimum, "
            "so that validation quarantines others, or take another objective",
        ),
        (
            {"label": {"type": "string"}},
            "columns.y.type: string is found; a regression's label is an integer or a number",
        ),
        ({"quality": {"d2": {"min": 2}}}, "quality.d2.min: 2 is found; allowed is 1 or less"),
        (
            {"quality": {"auc": {"min": 0.8}}},
            "quality.auc: unknown key; allowed are d2, loss, rmse, mae, bias, covered_share, calibration_error, "
            "loss_increase, latency_ms, memory_mb, rows_per_second; remove it",
        ),
        (
            {
                "columns": {**BASE["columns"], "c": {"type": "string", "allowed": [f"t{n}" for n in range(1001)]}},
                "features": {"a": "a", "kind": "c"},
            },
            "columns.c.allowed: 1001 texts are found; of a category, as feature kind is, at most 1000 are allowed; "
            "group them before they are delivered, or take it out of the features",
        ),
        (
            MULTI,
            "columns.y: type number, allowed [] is found; a label of classes is a string or an integer that lists 3 to "
            "100 of them in `allowed`; of two classes the task is binary_classification",
        ),
        (
            {**MULTI, "label": {"type": "string", "allowed": ["a", "b"]}},
            "columns.y: type string, allowed ['a', 'b'] is found; a label of classes is a string or an integer that "
            "lists 3 to 100 of them in `allowed`; of two classes the task is binary_classification",
        ),
        (
            {**MULTI, "label": COLORS, "objective": "squared"},
            "objective: is found, while the objective of a multiclass_classification is the log loss; remove it",
        ),
        (
            {**MULTI, "label": COLORS, "threshold": 0.5},
            "threshold: is found, while a multiclass_classification has no decision to act; remove it",
        ),
    ],
)
def test_what_does_not_suit_the_task_is_told_with_what_does(changes: dict[str, Any], expected: str) -> None:
    label = changes.get("label")
    assert faults(label, **{key: value for key, value in changes.items() if key != "label"}) == [expected]


def test_classes_are_in_the_order_of_the_contract_and_bounds_replace_the_tasks_own() -> None:
    contract = loader.loads(written(COLORS, **MULTI, quality={"accuracy": {"min": 0.9}}))
    assert contract.classes == ("red", "green", "blue")
    assert contract.quality == (*DEFAULTS[Task.MULTICLASS_CLASSIFICATION], Bounds(metric="accuracy", min=0.9))
    assert contract.objective is None


def test_the_nearest_neighbours_are_legal() -> None:
    assert loader.loads(written({"type": "integer"}, quality={"bias": {"min": -3, "max": 3}})).bounds("bias").min == -3
    assert loader.loads(written({"type": "integer", "minimum": 0}, objective="poisson")).objective is not None
    assert loader.loads(written({"type": "integer", "allowed": [3, 1, 2]}, **MULTI)).classes == (3, 1, 2)


def test_a_contract_compiled_before_there_were_objectives_is_read_and_compiles_to_the_same_bytes() -> None:
    before = to_json(loader.load(Path(__file__).parents[2] / "contracts" / "churn.yaml"))
    assert '"objective"' not in before
    assert to_json(from_json(before)) == before
