"""The judges of all tasks: their figures are those of scikit-learn, their intervals hold, their gates decide."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from contracts.metrics import METRICS
from contracts.schema import Loss, Objective
from tests.workloads.tasks import problems
from tests.workloads.tasks.conftest import trained
from tests.workloads.tasks.problems import PROBLEMS, Package
from workloads import tasks
from workloads.evaluation import gate, intervals, judges, legal, report
from workloads.evaluation.__main__ import _comparable, write
from workloads.evaluation.champion import Champion
from workloads.evaluation.evaluate import Evaluated, evaluate
from workloads.evaluation.judges import regression
from workloads.evaluation.model import Boosted, Model
from workloads.job import UserError

__all__ = ["trained"]
reference: Any = sklearn_metrics  # its stubs are narrower than it is
Trained = Callable[[str], Package]
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/toy/1"


def loaded(package: Package) -> Model:
    package.booster.set_param({"nthread": 1})
    return Boosted(booster=package.booster, contract=package.contract, metadata=package.metadata)


def judged(package: Package, champion: Package | None = None, *, seed: int = 3) -> Evaluated:
    problem = next(name for name in PROBLEMS if problems.contract(name) == package.contract)
    live = Champion(package_arn=PACKAGE, model=loaded(champion)) if champion else None
    return evaluate(loaded(package), live, problems.rows(problem, 1500, seed), package.contract)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_model_of_each_task_is_judged_by_the_bounds_of_its_task(
    trained: Trained, problem: str, tmp_path: Path
) -> None:
    package = trained(problem)
    found = judged(package, package)
    assert found.report["gate"]["decision"] == "register", found.report["gate"]["reason"]
    measurable = {*found.report["metrics"], *gate.ELSEWHERE} & METRICS[package.contract.task].keys()
    assert measurable == METRICS[package.contract.task].keys()
    assert set(found.report["metrics"]) <= measurable
    assert all(each["low"] <= each["value"] <= each["high"] for each in found.report["metrics"].values())
    assert all(each["low"] < each["high"] for each in found.report["metrics"].values())
    assert found.report["champion"]["difference"]["value"] == 0
    assert [part["segment"] for part in found.report["segments"]["side"]] == [0.0, 1.0]
    assert found.report["importance"]["a"] > 0
    bound = found.report["champion"]["difference"]["bound"]
    assert {"max"} == {*METRICS[package.contract.task][bound].ends}
    written = write(found, {"rows": 1, "features": {}, "warnings": []}, tmp_path)
    assert (tmp_path / "evaluation.html").read_text().count("<svg") == 4
    baseline = json.loads((tmp_path / "baseline.json").read_text())
    assert sum(baseline["score"]["counts"]) == 1500
    assert written["headline"]["value"] == found.report["metrics"][written["headline"]["metric"]]["value"]
    assert re.fullmatch(
        rf"{written['headline']['metric']} -?\d\.\d{{4}} from -?\d\.\d{{4}} to -?\d\.\d{{4}}",
        written["headline"]["text"],
    )
    # what a value of a package's metadata may have (SageMaker API reference, CreateModelPackage)
    assert re.fullmatch(r"[\w .:/=+@-]{1,256}", written["headline"]["text"])


def test_a_worse_regression_is_rejected_with_its_loss(trained: Trained) -> None:
    package = trained("squared")
    weak = Package(package.directory, package.contract, package.booster[:2], package.metadata)
    reason = judged(weak, package).report["gate"]["reason"]
    assert "loss against the champion +" in reason
    assert "(quality.loss_increase.max of the contract)" in reason
    assert judged(package, weak).report["gate"]["decision"] == "register"


@pytest.mark.parametrize(
    ("loss", "parameter", "named"),
    [
        (Loss.SQUARED, None, lambda y, p: reference.mean_squared_error(y, p)),
        (Loss.ABSOLUTE, None, lambda y, p: reference.mean_absolute_error(y, p)),
        (Loss.QUANTILE, 0.9, lambda y, p: reference.mean_pinball_loss(y, p, alpha=0.9)),
        (Loss.POISSON, None, reference.mean_poisson_deviance),
        (Loss.GAMMA, None, reference.mean_gamma_deviance),
        (Loss.TWEEDIE, 1.3, lambda y, p: reference.mean_tweedie_deviance(y, p, power=1.3)),
    ],
)
def test_losses_are_those_of_scikit_learn(loss: Loss, parameter: float | None, named: Any) -> None:
    rng = np.random.default_rng(1)
    predictions = rng.gamma(2, 1, 500)
    labels = rng.poisson(predictions).astype(float)
    labels[labels == 0] = 0.25 if loss is Loss.GAMMA else 0
    found = regression.row_losses(labels, predictions, Objective(loss=loss, parameter=parameter))
    assert found.mean() == pytest.approx(named(labels, predictions), rel=1e-12)
    assert (found >= 0).all()


def test_the_share_explained_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    predictions = rng.gamma(2, 1, 800)
    labels = rng.poisson(predictions).astype(float)
    entities = np.arange(800)
    wanted = {
        "squared": reference.r2_score(labels, predictions),
        "absolute": reference.d2_absolute_error_score(labels, predictions),
        "poisson": reference.d2_tweedie_score(labels, predictions, power=1),
        "tweedie": reference.d2_tweedie_score(labels, predictions, power=1.3),
        "quantile": reference.d2_pinball_score(labels, predictions, alpha=0.9),
    }
    for problem, value in wanted.items():
        measured = judges.of(problems.contract(problem)).measure(labels, predictions, entities)
        d2 = measured["d2"]
        assert d2.value == pytest.approx(value, rel=1e-9), problem
        assert d2.low < d2.value < d2.high
    squared = judges.of(problems.contract("squared")).measure(labels, predictions, entities)
    assert squared["rmse"].value == pytest.approx(reference.root_mean_squared_error(labels, predictions))
    assert squared["bias"].value == pytest.approx(predictions.mean() - labels.mean())


def test_the_figures_of_several_classes_are_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 600)
    margins = rng.normal(size=(600, 3)) + 1.5 * np.eye(3)[labels]
    outputs = (np.exp(margins) / np.exp(margins).sum(axis=1, keepdims=True)).astype(np.float32)
    found = judges.of(problems.contract("multiclass")).measure(labels, outputs, np.arange(600))
    values = {name: each.value for name, each in found.items()}
    exact = outputs.astype(np.float64) / outputs.sum(axis=1, keepdims=True, dtype=np.float64)
    likeliest = outputs.argmax(axis=1)
    assert values["accuracy"] == reference.accuracy_score(labels, likeliest)
    assert values["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(labels, likeliest))
    assert values["macro_f1"] == pytest.approx(reference.f1_score(labels, likeliest, average="macro"))
    assert values["least_recall"] == reference.recall_score(labels, likeliest, average=None).min()
    assert values["logloss"] == pytest.approx(reference.log_loss(labels, exact), rel=1e-9)
    assert values["d2"] == pytest.approx(reference.d2_log_loss_score(labels, exact), rel=1e-9)


def test_ten_rows_of_one_entity_do_not_count_as_ten() -> None:
    rng = np.random.default_rng(4)
    values, entities = rng.normal(5, 2, 300), np.arange(300)
    once = intervals.mean(values, entities)
    ten = intervals.mean(np.repeat(values, 10), np.repeat(entities, 10))
    assert (ten.low, ten.high) == (pytest.approx(once.low), pytest.approx(once.high))
    apart = intervals.mean(np.repeat(values, 10), np.arange(3000))
    assert apart.high - apart.low < 0.4 * (once.high - once.low)
    half = 1.959964 * values.std(ddof=1) / np.sqrt(300)
    assert once.high - once.value == pytest.approx(half, rel=1e-5)


def test_nineteen_of_twenty_intervals_of_a_ratio_hold_the_truth() -> None:
    """Losses of two models on the same rows, the second 10 % larger in truth; 400 samples, 95 % within 3 errors."""
    rng, hits = np.random.default_rng(5), 0
    for _ in range(400):
        common = rng.exponential(1.0, 300)
        found = intervals.ratio(
            1.1 * common * rng.uniform(0.5, 1.5, 300), common * rng.uniform(0.5, 1.5, 300), np.arange(300)
        )
        hits += found.low <= 0.1 <= found.high
    assert 0.917 <= hits / 400 <= 0.983


def test_against_a_champion_without_loss_only_one_without_loss_stands() -> None:
    none, some, entities = np.zeros(10), np.ones(10), np.arange(10)
    assert intervals.ratio(none, none, entities) == intervals.Interval(value=0.0, low=0.0, high=0.0)
    assert intervals.ratio(some, none, entities).high == np.inf


def test_what_no_json_number_says_is_null_with_a_word_for_it(trained: Trained, tmp_path: Path) -> None:
    """A champion that knows every label: no candidate is a multiple of it."""
    package, rows = trained("absolute"), problems.rows("absolute", 300, 3)
    knowing: Any = SimpleNamespace(
        features=lambda table: table, scores=lambda table: table.column("y").to_numpy().astype(np.float32)
    )
    found = evaluate(loaded(package), Champion(package_arn=PACKAGE, model=knowing), rows, package.contract)
    written = write(found, {"rows": 1, "features": {}, "warnings": []}, tmp_path)

    def refused(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads((tmp_path / "evaluation.json").read_text(), parse_constant=refused)
    assert read == json.loads(json.dumps(written))
    assert read["gate"]["decision"] == "reject"
    assert read["champion"]["reason"] == "the champion is without loss on these rows, and the candidate is not"
    assert read["champion"]["difference"] == {"bound": "loss_increase", "value": None, "low": None, "high": None}
    assert read["not_finite"] == {f"champion.difference.{end}": "infinite" for end in ("value", "low", "high")}
    assert "+inf" in (tmp_path / "evaluation.html").read_text()


def test_finite_numbers_stay_as_they_are_and_each_other_one_is_named() -> None:
    report = {"a": [1.5, -math.inf], "b": {"c": math.nan, "d": (math.inf, None, "text", True)}}
    assert legal.document(report) == {
        "a": [1.5, None],
        "b": {"c": None, "d": [None, None, "text", True]},
        "not_finite": {"a.1": "infinite, below 0", "b.c": "undefined", "b.d.0": "infinite"},
    }
    assert legal.document({"a": 1.0}) == {"a": 1.0}


@pytest.mark.parametrize(
    ("problem", "outputs", "faulty"),
    [
        ("squared", [1.0, -3.0, 0.0], 0),
        ("squared", [1.0, np.nan, np.inf], 2),
        ("poisson", [1.0, 0.0, -1.0], 2),
        ("multiclass", [[0.2, 0.3, 0.5], [0.2, 0.3, 0.6], [np.nan, 0.5, 0.5], [1.1, -0.1, 0.0]], 3),
    ],
)
def test_outputs_that_no_model_of_the_task_may_give_are_counted(problem: str, outputs: Any, faulty: int) -> None:
    assert judges.of(problems.contract(problem)).faulty(np.array(outputs, dtype=np.float32)) == faulty


def test_what_drift_watches_is_the_same_number_in_the_baseline_and_in_answers(trained: Trained) -> None:
    for problem in ("binary", "multiclass", "numbered", "squared"):
        package = trained(problem)
        model = loaded(package)
        outputs = model.scores(model.features(problems.rows(problem, 50, 8)))
        strategy = tasks.of(package.contract)
        rows = [row if strategy.outputs == 1 else tuple(row) for row in outputs.tolist()]
        answers = [dict(zip(strategy.fields, strategy.values(row, strategy.decide(row)), strict=True)) for row in rows]
        watched = judges.of(package.contract).watched(outputs)
        assert [strategy.watched(answer) for answer in answers] == watched.tolist()


def test_a_champion_of_another_task_or_other_classes_is_not_compared(trained: Trained) -> None:
    live = Champion(package_arn=PACKAGE, model=loaded(trained("multiclass")))
    _comparable(live, trained("multiclass").contract)
    for other in ("squared", "numbered"):
        with pytest.raises(UserError, match=r"they cannot be compared, .*; give the new one a workload of its own"):
            _comparable(live, trained(other).contract)


def test_a_segment_without_a_value_is_told_in_the_page(trained: Trained) -> None:
    found = judged(trained("squared"))
    told = {**found.report, "warnings": [], "segments": {"side": [{"segment": None, "rows": 3, "mae": 1.25}]}}
    page = report.render(told, judge=found.judge, labels=found.labels, outputs=found.outputs, champion_outputs=None)
    assert "<tr><th>value<th>rows<th>mae</tr>" in page
    assert "<tr><td>missing\n<td>3<td>1.250</tr>" in page


def test_groups_that_are_not_shown_are_counted_and_named_in_the_page(trained: Trained) -> None:
    found = judged(trained("squared"))
    assert found.report["segments_left_out"] == {}
    left = {"side": {"groups": 4, "rows": 9, "values": [None, "<b>"]}}
    told = {**found.report, "warnings": [], "segments_left_out": left}
    page = report.render(told, judge=found.judge, labels=found.labels, outputs=found.outputs, champion_outputs=None)
    assert "Not shown are 4 smaller groups with 9 rows together:\nmissing, &lt;b&gt; and others.</p>" in page
