"""The promises of `monotone`: kept by training, tried on every candidate."""

from __future__ import annotations

from pathlib import Path

import pytest
import xgboost as xgb

from contracts.schema import Monotone
from tests.workloads.inference.exports import rows
from tests.workloads.tasks import problems
from workloads.evaluation import judges
from workloads.evaluation.model import Boosted, Imported, Model
from workloads.inference.onnx_predictor import OnnxPredictor
from workloads.model_tests import battery
from workloads.model_tests.trial import ModelTest, Subject

PROMISE = "monotone: {a: increasing, b: decreasing}"


def directions(model: Model) -> list[ModelTest]:
    """What is found of the promises of the model's contract."""
    table = rows.table() if "tickets" in model.contract.feature_names else problems.rows("squared", 400, 3)
    judge = judges.of(model.contract)
    found = battery.run(Subject(model=model, rows=table, features=model.features(table), judge=judge))
    return [test for test in found if test.name.startswith("more ")]


@pytest.mark.parametrize("problem", ["binary", "squared", "poisson", "tweedie"])
def test_what_was_trained_here_keeps_them(tmp_path: Path, problem: str) -> None:
    """Of labels that fall with `a` where `b` is far below 0, and rise with `b` where `a` is above it."""
    made = problems.package(tmp_path, problem, PROMISE)
    made.booster.set_param({"nthread": 1})
    assert [
        (test.name, test.found, test.passed)
        for test in directions(Boosted(booster=made.booster, contract=made.contract, metadata=made.metadata))
    ] == [
        ("more a never lowers an answer", "0 of 200 rows do otherwise", True),
        ("more b never raises an answer", "0 of 200 rows do otherwise", True),
    ]
    assert made.metadata["predictor"]["kind"] == "forest"


def test_a_model_that_breaks_one_fails_by_the_key_of_the_contract(tmp_path: Path) -> None:
    """The same labels, learned without the promise."""
    free = problems.package(tmp_path, "squared")
    assert directions(Boosted(booster=free.booster, contract=free.contract, metadata=free.metadata)) == []
    promised = problems.contract("squared", PROMISE)
    a, b = directions(
        Boosted(booster=xgb.Booster(model_file=free.directory / "model.ubj"), contract=promised, metadata={})
    )
    assert (a.passed, a.allowed, a.key, b.passed, b.key) == (False, "0", "monotone.a", False, "monotone.b")
    assert int(a.found.split()[0]) > 0


def test_models_that_others_made_are_held_to_them() -> None:
    """A logistic regression has one direction in every feature; nobody has constrained the forest."""

    def of(name: str, way: str) -> list[tuple[str, bool]]:
        contract = rows.contract(name, monotone=Monotone(**{way: ("tenure_months",)}))
        session = OnnxPredictor(rows.HERE / f"{name}.onnx", 6, 1)
        return [(t.name, t.passed) for t in directions(Imported(session=session, contract=contract, metadata={}))]

    assert of("logistic", "decreasing") == [("more tenure_months never raises an answer", True)]
    assert of("logistic", "increasing") == [("more tenure_months never lowers an answer", False)]
    assert of("forest", "increasing") == [("more tenure_months never lowers an answer", False)]
