"""The promises of `invariant`: inputs that move no answer."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from contracts.schema import Column, ColumnType, Feature
from tests.workloads.evaluation.test_evaluation import make_contract, make_rows
from tests.workloads.tasks import problems
from workloads.evaluation import judges
from workloads.evaluation.model import Boosted, Model
from workloads.model_tests import promises
from workloads.model_tests.trial import ModelTest, Subject


class Summed(Model):
    """One whose answer is the sum of its features, where they are there."""

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.nansum(features, axis=1)


def promised(model: Model, rows: pa.Table) -> list[ModelTest]:
    subject = Subject(model=model, rows=rows, features=model.features(rows), judge=judges.of(model.contract))
    return [trial.run() for trial in promises.trials(subject)]


@pytest.mark.parametrize(
    ("features", "wrong"),
    [
        (("b",), {"a": 0, "b": 200}),
        (("a", "b"), {"a": 200, "b": 200}),
        (("missing(a)", "b - b"), {"a": 200, "b": 0}),
        (("fill(a, 0) * 0", "bucket(b, 1000)"), {"a": 0, "b": 0}),
    ],
)
def test_features_are_made_anew_of_other_values(features: tuple[str, ...], wrong: dict[str, int]) -> None:
    """Of those that rows have, a missing one among them where some lack it."""
    contract = make_contract(*features, invariant=("a", "b"))
    found = promised(Summed(contract=contract, metadata={}), make_rows(400, 3))
    assert [(test.name, test.found, test.passed) for test in found] == [
        (
            f"another {name} leaves an answer as it is",
            f"{count} of 200 rows are answered otherwise",
            count == 0,
        )
        for name, count in wrong.items()
    ]
    assert {(test.key, test.allowed) for test in found} == {("invariant", "0")}


def test_a_trained_model_may_not_read_what_it_promises_not_to(tmp_path: Path) -> None:
    """Of categories too, with all that the contract lists, and of a model that answers with several numbers."""
    made = problems.package(tmp_path / "c", "categorical", "invariant: [size, a]")
    model: Model = Boosted(booster=made.booster, contract=made.contract, metadata=made.metadata)
    size, a = promised(model, problems.rows("categorical", 400, 3))
    assert (size.passed, a.passed) == (False, False)
    several = problems.package(tmp_path / "m", "multiclass", "invariant: [b]")
    model = Boosted(booster=several.booster, contract=several.contract, metadata=several.metadata)
    (b,) = promised(model, problems.rows("multiclass", 400, 3))
    assert not b.passed


def test_one_value_tries_nothing_and_so_does_not_pass() -> None:
    contract = make_contract("b", invariant=("a",))
    rows = make_rows(50, 3)
    same = rows.set_column(rows.schema.get_field_index("a"), "a", pa.array([1.0] * 50))
    (found,) = promised(Summed(contract=contract, metadata={}), same)
    assert (found.passed, found.found, found.allowed) == (
        False,
        "1 value of it in the rows, with which nothing can be tried",
        "2 or more",
    )


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (Column(name="x", type=ColumnType.BOOLEAN), [True, False, False]),
        (Column(name="x", type=ColumnType.INTEGER), [3, 1, 2]),
        (Column(name="x", type=ColumnType.STRING, nullable=True), ["b", None, "a"]),
    ],
)
def test_columns_of_every_type_are_tried(column: Column, values: list[Any]) -> None:
    contract = make_contract("b")
    feature = Feature(name="of", expression="missing(x)" if column.type is ColumnType.STRING else "x")
    contract = dataclasses.replace(contract, columns=(*contract.columns, column), features=(feature,), invariant=("x",))
    rows = make_rows(3, 1).append_column("x", pa.array(values))
    (found,) = promised(Summed(contract=contract, metadata={}), rows)
    assert found.found == "3 of 3 rows are answered otherwise"
