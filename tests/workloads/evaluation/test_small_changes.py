"""The bound on decisions that hang on noise: `quality: {flip_share: {max: ...}}`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.schema import Bounds, Contract
from tests.workloads.tasks import problems
from workloads.evaluation import judges, model_tests
from workloads.evaluation.model import Model
from workloads.evaluation.model_tests import ModelTest

ROWS = 2000


class Step(Model):
    """A model that jumps from 0 to 1 where its first feature passes `metadata["at"]`."""

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        found = (features[:, 0] >= self.metadata["at"]).astype(np.float32)
        return np.stack([1 - found, found, np.zeros_like(found)], axis=1) if self.metadata.get("several") else found

    def importances(self, features: NDArray[np.float32]) -> NDArray[Any]:
        return np.zeros(features.shape[1])


def bounded(problem: str, most: float | None) -> Contract:
    made = problems.contract(problem)
    return made if most is None else dataclasses.replace(made, quality=(Bounds(metric="flip_share", max=most),))


def found(contract: Contract, features: NDArray[np.float32], **metadata: Any) -> list[ModelTest]:
    model = Step(contract=contract, metadata=metadata)
    tests = model_tests.run(model, features, judges.of(contract), None)
    return [test for test in tests if test.name == "small changes move few decisions"]


def rows(share: float) -> NDArray[np.float32]:
    """Rows of which a share lies upon 0, where the model jumps, and the others a standard deviation beside it."""
    values = np.where(np.arange(ROWS) < share * ROWS, 0.0, np.where(np.arange(ROWS) % 2, 1.0, -1.0))
    return np.repeat(values[:, None], 3, axis=1).astype(np.float32)


@pytest.mark.parametrize(("problem", "more"), [("binary", {}), ("multiclass", {"several": True})])
def test_rows_upon_the_edge_are_counted_and_bounded(problem: str, more: dict[str, Any]) -> None:
    """Of rows on the edge half fall on the other side in a draw, and a few more in the worst of four."""
    (test,) = found(bounded(problem, 0.06), rows(0.1), at=0.0, **more)
    share = float(test.found.split()[0])
    assert 0.05 <= share <= 0.06
    assert (test.passed, test.allowed, test.key) == (True, "<= 0.06", "quality.flip_share.max")
    (strict,) = found(bounded(problem, 0.04), rows(0.1), at=0.0, **more)
    assert (strict.passed, strict.found) == (False, test.found)
    (far,) = found(bounded(problem, 0.0), rows(0.0), at=0.0, **more)
    assert (far.passed, far.found) == (True, "0.0000 of 2000 rows")


def test_missing_values_stay_missing() -> None:
    features = rows(0.0)
    features[::2] = np.nan
    (test,) = found(bounded("binary", 0.0), features, at=0.0)
    assert test.passed


def test_categories_stay_what_they_are() -> None:
    """`kind`, the last feature of the problem, is one; the model looks at it alone."""
    contract = bounded("categorical", 0.0)
    position = contract.feature_names.index("kind")

    class OfKind(Step):
        def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
            return (features[:, position] >= 1).astype(np.float32)

    features = np.random.default_rng(1).integers(0, 3, (ROWS, len(contract.feature_names))).astype(np.float32)
    tests = model_tests.run(OfKind(contract=contract, metadata={}), features, judges.of(contract), None)
    assert [test.found for test in tests if test.key == "quality.flip_share.max"] == ["0.0000 of 2000 rows"]


def test_without_a_bound_nothing_is_asked() -> None:
    assert found(bounded("binary", None), rows(0.1), at=0.0) == []
