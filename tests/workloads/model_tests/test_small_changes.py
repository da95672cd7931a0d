"""The bound on decisions that hang on noise: `quality: {flip_share: {max: ...}}`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from contracts.schema import Bounds, Contract
from tests.workloads.tasks import problems
from workloads.evaluation import judges
from workloads.evaluation.model import Boosted, Model
from workloads.model_tests import battery, perturbation
from workloads.model_tests.trial import ModelTest, Subject

ROWS = 2000
Scores = Callable[[NDArray[np.float32]], NDArray[Any]]


class Scored(Model):
    """A model that scores as `metadata["of"]` says."""

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = self.metadata["of"](features).astype(np.float32)
        return np.stack([1 - scores, scores, np.zeros_like(scores)], axis=1) if self.metadata["several"] else scores


class Unasked(Scored):
    """One whose questions are noted beforehand."""

    at_hand = False


def bounded(problem: str, most: float | None) -> Contract:
    bounds = () if most is None else (Bounds(metric="flip_share", max=most),)
    return dataclasses.replace(problems.contract(problem), quality=bounds)


def found(
    contract: Contract, features: NDArray[np.float32], of: Scores, kind: type[Scored] = Scored, *, several: bool = False
) -> list[ModelTest]:
    model = kind(contract=contract, metadata={"of": of, "several": several})
    judge = judges.of(contract)
    tests = battery.run(Subject(model=model, rows=pa.table({}), features=features, judge=judge))
    return [test for test in tests if test.name == "small changes move few decisions"]


def above(level: float) -> Scores:
    """1 where the first feature reaches a level."""
    return lambda features: features[:, 0] >= level


def rows(share: float) -> NDArray[np.float32]:
    """Rows of which a share lies upon 0.5, and the others a standard deviation beside it."""
    values = np.where(np.arange(ROWS) < share * ROWS, 0.5, np.where(np.arange(ROWS) % 2, 1.5, -0.5))
    return np.repeat(values[:, None], 3, axis=1).astype(np.float32)


@pytest.mark.parametrize(("problem", "several"), [("binary", False), ("multiclass", True)])
def test_all_rows_upon_the_edge_are_counted_and_bounded(problem: str, several: bool) -> None:
    (test,) = found(bounded(problem, 0.1), rows(0.1), above(0.5), several=several)
    assert (test.found, test.passed, test.allowed, test.key) == (
        "0.1000 of 2000 rows",
        True,
        "<= 0.1",
        "quality.flip_share.max",
    )
    (strict,) = found(bounded(problem, 0.09), rows(0.1), above(0.5), several=several)
    assert (strict.passed, strict.found) == (False, test.found)
    (far,) = found(bounded(problem, 0.0), rows(0.0), above(0.5), several=several)
    assert (far.passed, far.found) == (True, "0.0000 of 2000 rows")


@pytest.mark.parametrize("distance", [0.009, 0.011])
def test_a_change_is_a_hundredth_of_a_standard_deviation(distance: float) -> None:
    """Rows stand at 0.5 and a deviation beside it, whose standard deviation is 1 within a thousandth."""
    features = rows(0.0)
    features[0, 0] = 0.5
    (test,) = found(bounded("binary", 0.0), features, above(0.5 + distance))
    assert test.found == f"{0.0005 if distance < 0.01 else 0:.4f} of 2000 rows"


def test_a_whole_number_goes_one_up_or_down_and_not_beyond_those_that_there_are() -> None:
    """Counts from 0 to 4: an edge between 2 and 3 moves both of them, one below 0 none."""
    counts = np.repeat((np.arange(ROWS) % 5).astype(np.float32)[:, None], 3, axis=1)
    assert [test.found for test in found(bounded("binary", 0.4), counts, above(2.5))] == ["0.4000 of 2000 rows"]
    assert [test.found for test in found(bounded("binary", 0.4), counts, above(-0.5))] == ["0.0000 of 2000 rows"]


def test_a_flag_is_not_turned_over() -> None:
    flags = np.repeat((np.arange(ROWS) % 2).astype(np.float32)[:, None], 3, axis=1)
    assert [test.found for test in found(bounded("binary", 0.0), flags, above(0.5))] == ["0.0000 of 2000 rows"]


def every_feature(features: NDArray[np.float32]) -> NDArray[Any]:
    """It takes all three to move a decision: two of a feature's changes are too little."""
    return np.clip(0.49 + (features - 0.5).clip(-0.02, 0.02).sum(axis=1) / 2, 0, 1)


def test_features_are_moved_together_too_the_way_that_unsettles_the_decision() -> None:
    """But not where the answers, from which that way follows, are known after all questions alone."""
    (together,) = found(bounded("binary", 0.0), rows(0.1), every_feature)
    assert together.found == "0.1000 of 2000 rows"
    (alone,) = found(bounded("binary", 0.0), rows(0.1), every_feature, Unasked)
    assert alone.found == "0.0000 of 2000 rows"


def test_missing_values_stay_missing() -> None:
    features = rows(0.0)
    features[::2] = np.nan
    (test,) = found(bounded("binary", 0.0), features, above(0.5))
    assert test.passed


def test_categories_stay_what_they_are() -> None:
    """`kind`, the last feature of the problem, is one; the model looks at it alone."""
    contract = bounded("categorical", 0.0)
    position = contract.feature_names.index("kind")
    features = np.random.default_rng(1).integers(0, 3, (ROWS, len(contract.feature_names))).astype(np.float32)
    (test,) = found(contract, features, lambda matrix: matrix[:, position] >= 1)
    assert test.found == "0.0000 of 2000 rows"


def test_without_a_bound_nothing_is_asked() -> None:
    assert found(bounded("binary", None), rows(0.1), above(0.5)) == []


def test_of_many_rows_some_are_taken_evenly() -> None:
    """Half of the rows, the later one, is upon the edge."""
    features = np.repeat(rows(0.0), 4, axis=0)
    features[len(features) // 2 :] = 0.5
    (test,) = found(bounded("binary", 0.0), features, above(0.5))
    assert len(features) > perturbation.MOST_ROWS
    assert test.found == "0.5000 of 5000 rows"


def test_trees_that_drawn_noise_leaves_as_they_are_are_moved(tmp_path: Path) -> None:
    """The share of a trained model is no less than that which four uniform draws of the same size find."""
    made = problems.package(tmp_path, "binary")
    model = Boosted(booster=made.booster, contract=made.contract, metadata=made.metadata)
    table = problems.rows("binary", 2000, 3)
    features, judge = model.features(table), judges.of(made.contract)
    subject = Subject(model=model, rows=table, features=features, judge=judge)
    sought = perturbation.flipped(subject, len(features)).mean()
    random, before = np.random.default_rng(7), judge.decisions(model.scores(features))
    size = perturbation.SMALL * np.nanstd(features, axis=0)
    drawn = max(
        float((judge.decisions(model.scores(features + random.uniform(-1, 1, features.shape) * size)) != before).mean())
        for _ in range(4)
    )
    assert sought > 1.5 * drawn > 0
