"""What a contract says of how much classes and wrong decisions count."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import loader, weights
from contracts.schema import ClassWeights, Column, ColumnType, Cost, from_json, to_json
from tests.contracts.test_labels import COLORS, MULTI, faults, written

BINARY = {"task": "binary_classification"}
ZERO_ONE = {"type": "integer", "allowed": [0, 1]}
COSTS = {"false_positive": 1, "false_negative": 5}


def test_costs_stand_in_place_of_a_threshold() -> None:
    contract = loader.loads(written(ZERO_ONE, **BINARY, cost=COSTS))
    assert contract.cost == Cost(false_positive=1, false_negative=5)
    assert from_json(to_json(contract)) == contract
    assert '"cost"' not in to_json(loader.loads(written(ZERO_ONE, **BINARY, threshold=0.5)))


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("balanced", ZERO_ONE, ()),
        ("{1: 5, 0: 1}", ZERO_ONE, (1.0, 5.0)),
        ("{1: 5, 0: 1}", {"type": "integer", "allowed": [1, 0]}, (1.0, 5.0)),
        ("{true: 2.5, false: 1}", {"type": "boolean"}, (1.0, 2.5)),
        ("{blue: 3, red: 1, green: 2}", COLORS, (1.0, 2.0, 3.0)),
        ("{20: 3, 10: 1, 5: 2}", {"type": "integer", "allowed": [20, 5, 10]}, (3.0, 2.0, 1.0)),
    ],
)
def test_weights_are_in_the_order_of_the_classes(text: str, label: dict[str, Any], expected: tuple[float, ...]) -> None:
    task = MULTI if len(label.get("allowed", ())) > 2 else BINARY
    contract = loader.loads(written(label, **task) + f"class_weights: {text}\n")
    assert contract.class_weights == ClassWeights(weights=expected)
    assert from_json(to_json(contract)) == contract


ALLOWED = "allowed is balanced, or a mapping from each class to a number from 1e-06 to 1e+06"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"threshold": 0.5, "cost": COSTS},
            "cost: is found beside threshold; a threshold is either given, or chosen by its cost on the validation "
            "part; remove one",
        ),
        ({"cost": {"false_positive": 1}}, "cost.false_negative: is missing; add it"),
        (
            {"cost": {**COSTS, "false_positive": 0}},
            "cost.false_positive: 0 is found; allowed is greater than or equal to 0.000001",
        ),
        (
            {"cost": {**COSTS, "false_positive": 9e-7}},
            "cost.false_positive: 9e-07 is found; allowed is greater than or equal to 0.000001",
        ),
        (
            {"cost": {**COSTS, "false_negative": 1e308}},
            "cost.false_negative: 1e+308 is found; allowed is less than or equal to 1000000000",
        ),
        (
            {"cost": {**COSTS, "false_negative": float("inf")}},
            "cost.false_negative: inf is found; allowed is a finite number",
        ),
        ({"cost": 3}, "cost: 3 is found; a mapping with the keys false_positive, false_negative is allowed"),
        ({"class_weights": "even"}, f"class_weights: 'even' is found; {ALLOWED}"),
        ({"class_weights": None}, f"class_weights: '' is found; {ALLOWED}"),
        ({"class_weights": [1, 5]}, f"class_weights: [1, 5] is found; {ALLOWED}"),
        (
            {"class_weights": {"0": 1, "1": True}},
            "class_weights.1: True is found; a number from 1e-06 to 1e+06 is allowed",
        ),
        (
            {"class_weights": {"0": 1, "1": 1e39}},
            "class_weights.1: 1e+39 is found; a number from 1e-06 to 1e+06 is allowed",
        ),
        ({"class_weights": {"0": 1, "1": -1}}, "class_weights.1: -1 is found; a number from 1e-06 to 1e+06 is allowed"),
        (
            {"class_weights": {"1": 5}},
            "class_weights: no weight of 0 is found; classes of y are 0, 1; give one of each, or write balanced",
        ),
        (
            {"class_weights": {"0": 1, "1": 5, "2": 1}},
            "class_weights.2: is no class; classes of y are 0, 1",
        ),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, Any], expected: str) -> None:
    assert faults(ZERO_ONE, **BINARY, **changes) == [expected]


@pytest.mark.parametrize(
    ("label", "changes", "expected"),
    [
        (None, {"cost": COSTS}, "cost: is found, while a regression has no decision to act; remove it"),
        (
            COLORS,
            {**MULTI, "cost": COSTS},
            "cost: is found, while a multiclass_classification has no decision to act; remove it",
        ),
        (None, {"class_weights": "balanced"}, "class_weights: is found, while a regression has no classes; remove it"),
    ],
)
def test_they_are_refused_of_a_task_that_has_none(label: Any, changes: dict[str, Any], expected: str) -> None:
    assert faults(label, **changes) == [expected]


def test_a_label_with_a_fault_is_told_once() -> None:
    assert len(faults({"type": "number"}, **BINARY, class_weights={"0": 1, "1": 2})) == 1


def test_classes_are_texts_as_they_are_read() -> None:
    assert weights.classes(Column(name="y", type=ColumnType.BOOLEAN)) == ("false", "true")
