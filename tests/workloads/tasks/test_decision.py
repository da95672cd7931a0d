"""What classes weigh in training, and the threshold that costs least: chosen once, the same in every room."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import xgboost as xgb

from contracts import loader
from contracts.schema import Cost
from tests.workloads.tasks import problems
from tests.workloads.tasks.problems import Package
from workloads import tasks
from workloads.evaluation import metrics
from workloads.evaluation.evaluate import evaluate
from workloads.evaluation.model import Boosted
from workloads.inference import model
from workloads.inference.model import ModelError
from workloads.training import data
from workloads.training.threshold import least_cost

Trained = Callable[[str], Package]


def scores(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


@pytest.mark.parametrize(
    ("labels", "outputs", "cost", "expected"),
    [
        # the ideal of 1 : 3 is 0.25, and between 0.2 and 0.4 nobody is decided wrongly
        ([0, 0, 1, 1], scores(0.1, 0.2, 0.4, 0.9), (1, 3), 0.25),
        # the ideal is 0.5, which overlooks the row at 0.4: the middle of 0.125 and 0.375
        ([0, 1, 1], scores(0.125, 0.375, 0.875), (1, 1), 0.25),
        # a false alarm costs so much that the row at 0.25 is given up
        ([0, 1, 0, 0, 1], scores(0.125, 0.25, 0.375, 0.5, 0.75), (10, 1), 0.625),
        # to act always is cheapest
        ([1, 0, 1], scores(0.25, 0.5, 0.75), (1, 100), 1 / 101),
        # no threshold lies below a score of 0
        ([0, 1, 1], scores(0, 1 / 128, 0.75), (1, 100), 1 / 256),
        # to act never is cheapest
        ([0, 1, 0], scores(0.25, 0.5, 0.75), (100, 1), 100 / 101),
        ([0, 0], scores(1, 1), (1, 1), 0.5),
        ([1, 1], scores(0, 0), (1, 1), 0.5),
    ],
)
def test_the_threshold_costs_least(
    labels: list[int], outputs: np.ndarray, cost: tuple[float, float], expected: float
) -> None:
    made = Cost(false_positive=cost[0], false_negative=cost[1])
    assert least_cost(np.array(labels), outputs, made) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("cost", [(1e9, 1e-6), (1e-6, 1e9), (1e9, 1e9)])
def test_the_furthest_costs_of_a_contract_give_a_threshold_between_0_and_1(cost: tuple[float, float]) -> None:
    """That no cost may lie further apart: of 1 and 1e-17 it was 1.0, and the sums of 1e308 were infinite."""
    made = Cost(false_positive=cost[0], false_negative=cost[1])
    assert 0 < least_cost(np.array([0, 1, 0, 1]), scores(0.125, 0.25, 0.75, 0.875), made) < 1


@pytest.mark.parametrize("cost", [Cost(false_positive=1, false_negative=9), Cost(false_positive=7, false_negative=2)])
def test_no_other_threshold_costs_less(cost: Cost) -> None:
    rng = np.random.default_rng(4)
    outputs = np.round(rng.random(400), 2).astype(np.float32)
    labels = (rng.random(400) < outputs**2).astype(int)
    found = metrics.cost(labels, outputs, least_cost(labels, outputs, cost), cost)
    others = [metrics.cost(labels, outputs, each, cost)["mean"] for each in np.linspace(0.001, 0.999, 999).tolist()]
    assert found["mean"] == pytest.approx(min(others), abs=1e-12)
    assert found["mean"] < min(found["always"], found["never"])


@pytest.mark.parametrize(
    ("threshold", "score", "positive"),
    [
        (0.5, 0.5, True),
        (0.5, float(np.nextafter(np.float32(0.5), np.float32(0))), False),
        (0.7, float(np.float32(0.7)), False),  # 0.699999988
        (0.1, float(np.float32(0.1)), True),  # 0.100000001
    ],
)
def test_a_score_at_the_threshold_is_positive_in_every_room(threshold: float, score: float, *, positive: bool) -> None:
    task = tasks.of(loader.load(Path("contracts/churn.yaml")), threshold=threshold)
    assert (task.decide(score), task.decider()(score)) == (positive, positive)
    assert metrics.decisions(scores(score), threshold).tolist() == [positive]


def test_evaluation_and_service_decide_at_the_chosen_threshold(trained: Trained) -> None:
    package = trained("costly")
    chosen = package.metadata["threshold"]
    validation = problems.rows("costly", 600, 2)
    outputs = package.booster.inplace_predict(
        np.stack([validation[name].to_numpy(zero_copy_only=False) for name in ("a", "b", "both")], axis=1),
        validate_features=False,
    )
    assert package.contract.cost is not None
    assert chosen == least_cost(validation["y"].to_numpy(), outputs, package.contract.cost)
    assert model.load(package.directory, max_rows=10).threshold == chosen
    assert model.load(package.directory, max_rows=10, threshold=0.3).threshold == 0.3
    rows = problems.rows("costly", 800, 3)
    candidate = Boosted(booster=package.booster, contract=package.contract, metadata=package.metadata)
    report = evaluate(candidate, None, rows, package.contract).report
    assert report["threshold"] == chosen
    served = tasks.of_package(package.contract, package.metadata)
    acted = [served.decide(output) for output in candidate.scores(candidate.features(rows)).tolist()]
    assert report["metrics"]["positive_share"]["value"] == pytest.approx(sum(acted) / 800)
    assert report["cost"]["mean"] < 0.5 * min(report["cost"]["never"], report["cost"]["always"])


def test_a_package_without_the_chosen_threshold_is_refused(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained("costly").directory, tmp_path / "model")
    path = tmp_path / "model" / "metadata.json"
    whole = json.loads(path.read_text())
    for found in (None, 1.5, True, "0.5"):
        path.write_text(json.dumps({**whole, "threshold": found}))
        with pytest.raises(ModelError, match=rf"threshold {found!r} is found; a contract with `cost` needs a number"):
            model.load(tmp_path / "model", max_rows=10)


def test_no_threshold_is_chosen_where_one_is_given(trained: Trained) -> None:
    assert "threshold" not in trained("binary").metadata
    assert model.load(trained("binary").directory, max_rows=10).threshold == 0.5


def weighted(directory: Path, more: str) -> tuple[xgb.DMatrix, xgb.DMatrix]:
    for part, (count, seed) in {"train": (900, 1), "validation": (300, 2)}.items():
        (directory / part).mkdir()
        pq.write_table(problems.rows("multiclass", count, seed), directory / part / "part-0.parquet")
    return data.matrices(directory / "train", directory / "validation", problems.contract("multiclass", more), 1)[:2]


def test_rows_have_the_weight_of_their_class_in_both_parts(tmp_path: Path) -> None:
    training, validation = weighted(tmp_path, 'class_weights: {green: 4, "dark, blue": 2, red: 1}')
    for matrix in (training, validation):
        assert matrix.get_weight().tolist() == (2 ** matrix.get_label()).tolist()


def test_balanced_classes_count_alike_by_the_shares_of_the_training_part(tmp_path: Path) -> None:
    training, validation = weighted(tmp_path, "class_weights: balanced")
    labels, found = training.get_label().astype(int), training.get_weight()
    assert np.bincount(labels, weights=found) == pytest.approx([300, 300, 300])
    learned = dict(zip(labels.tolist(), found.tolist(), strict=True))
    pairs = zip(validation.get_label().tolist(), validation.get_weight().tolist(), strict=True)
    assert all(weight == learned[int(label)] for label, weight in pairs)


def test_rows_without_weights_have_none(tmp_path: Path) -> None:
    assert weighted(tmp_path, "")[0].get_weight().size == 0
