"""Intervals by drawing entities: those of a naive bootstrap of rows, of entities as a whole, and in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from tests.workloads.tasks import problems
from workloads.evaluation import bootstrap, judges, metrics
from workloads.evaluation.intervals import Interval
from workloads.evaluation.judges import regression

reference: Any = sklearn_metrics  # its stubs are narrower than it is
Array = bootstrap.Array


def naive(rows_of: list[Array], measure: Callable[[Array], float], draws: int = 300) -> tuple[float, float]:
    """The middle 95 % of a measure of rows, drawn by entity as the textbook has it."""
    random = np.random.default_rng(11)
    found = list[float]()
    for _ in range(draws):
        found.append(measure(np.concatenate([rows_of[i] for i in random.integers(0, len(rows_of), len(rows_of))])))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def customers(count: int, rows: int) -> tuple[Array, list[Array], Array]:
    """A temper of each of so many customers for each of their rows, whose rows are whose, and the owners."""
    owners = np.repeat(np.arange(count), rows)
    tempers = np.random.default_rng(3).normal(size=count)[owners]
    return tempers, np.split(np.arange(count * rows), count), owners


def test_ratios_of_decisions_have_the_intervals_of_a_naive_bootstrap_of_customers() -> None:
    tempers, rows_of, owners = customers(250, 6)
    random = np.random.default_rng(4)
    labels = (random.random(1500) < 1 / (1 + np.exp(-2 * tempers))).astype(np.int8)
    scores = 1 / (1 + np.exp(-tempers - random.normal(size=1500)))
    found = metrics.decided(labels, scores, 0.6, owners, bootstrap.of(owners))
    decided = scores >= 0.6
    for name, figure in {
        "f1": reference.f1_score,
        "precision": reference.precision_score,
        "recall": reference.recall_score,
        "accuracy": reference.accuracy_score,
        "positive_share": lambda _, said: said.mean(),
    }.items():
        low, high = naive(rows_of, lambda rows, figure=figure: figure(labels[rows], decided[rows]))
        assert found[name].value == pytest.approx(figure(labels, decided), abs=1e-12), name
        assert (found[name].low, found[name].high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01)), (
            name
        )
        alone = metrics.decided(labels, scores, 0.6, np.arange(1500), bootstrap.of(np.arange(1500)))[name]
        assert alone.high - alone.low < 0.85 * (high - low), "rows of one customer were taken for many"


def test_figures_of_classes_have_the_intervals_of_a_naive_bootstrap() -> None:
    random = np.random.default_rng(5)
    labels = random.choice(3, 900, p=[0.6, 0.3, 0.1])
    outputs = np.exp(random.normal(size=(900, 3)) + 1.2 * np.eye(3)[labels])
    outputs /= outputs.sum(axis=1, keepdims=True)
    said, rows_of = outputs.argmax(axis=1), list(np.arange(900)[:, None])
    found = judges.of(problems.contract("multiclass")).measure(labels, outputs, np.arange(900))
    low, high = naive(rows_of, lambda rows: reference.balanced_accuracy_score(labels[rows], said[rows]))
    balanced = found["balanced_accuracy"]
    assert (balanced.low, balanced.high) == (pytest.approx(low, abs=0.012), pytest.approx(high, abs=0.012))
    low, high = naive(rows_of, lambda rows: reference.f1_score(labels[rows], said[rows], average="macro"))
    assert (found["macro_f1"].low, found["macro_f1"].high) == (
        pytest.approx(low, abs=0.012),
        pytest.approx(high, abs=0.012),
    )
    recalls = [reference.recall_score(labels == c, said == c) for c in range(3)]
    low, high = naive(rows_of, lambda rows: min(reference.recall_score(labels[rows], said[rows], average=None)))
    assert found["least_recall"].value == pytest.approx(min(recalls))
    assert found["least_recall"].low == pytest.approx(low, abs=0.02)
    assert found["least_recall"].high >= high - 0.02, "chance lowers a minimum: the upper end may not follow it"


def test_the_calibration_of_numbers_is_the_mean_gap_of_tenths_in_spreads_of_the_label() -> None:
    random = np.random.default_rng(6)
    outputs = random.normal(50, 10, 1203)
    labels = outputs + np.sin(outputs / 5) * 3 + random.normal(0, 8, 1203)
    found = regression.calibration_error(labels, outputs, bootstrap.of(np.arange(1203)))
    predicted, observed, rows = regression.tenths(labels, outputs)
    assert found.value == pytest.approx(np.average(np.abs(predicted - observed), weights=rows) / labels.std())
    assert 0 < found.low < found.value < found.high < 0.3


def test_a_constant_label_has_no_spread_to_measure_a_gap_by() -> None:
    labels, draws = np.full(40, 0.1), bootstrap.of(np.arange(40))
    assert regression.calibration_error(labels, labels, draws) == Interval(value=0.0, low=0.0, high=0.0)
    assert regression.calibration_error(labels, labels + 1, draws).value == np.inf


def test_an_interval_of_the_calibration_error_holds_the_truth_also_where_there_is_none() -> None:
    """Scores that are the probabilities, and ones that are not: 150 samples each, at most 5 % and 3 errors miss."""
    random, truths = np.random.default_rng(7), {1.0: 0.0, 1.3: 0.0656, 2.0: 1 / 6}
    draws = bootstrap.of(np.arange(300))
    for power, truth in truths.items():
        hits = 0
        for _ in range(150):
            scores = random.random(300)
            labels = random.random(300) < scores**power
            found = metrics.calibration_error(labels, scores, draws)
            hits += found.low <= truth <= found.high
        assert hits / 150 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 150), power


def test_ten_rows_of_one_customer_do_not_count_as_ten() -> None:
    random = np.random.default_rng(8)
    scores, labels = random.random(300), random.random(300) < 0.4
    once = metrics.calibration_error(labels, scores, bootstrap.of(np.arange(300)))
    ten = metrics.calibration_error(
        np.repeat(labels, 10), np.repeat(scores, 10), bootstrap.of(np.repeat(np.arange(300), 10))
    )
    assert (ten.value, ten.low, ten.high) == tuple(map(pytest.approx, (once.value, once.low, once.high)))


def test_blocks_of_many_customers_show_the_spread_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(9)
    labels, said = random.random(4_000) < 0.3, random.random(4_000) < 0.4

    def recall() -> Interval:
        draws = bootstrap.of(np.arange(4_000))
        return draws.share(metrics.rate_sums(labels, said, 2, draws), lambda sums: metrics.rates(sums)[1][..., 1])

    blocks = recall()
    monkeypatch.setattr(bootstrap, "MOST_BLOCKS", 10_000)
    monkeypatch.setattr(bootstrap, "DRAWS", 500)
    each = recall()
    assert blocks.value == each.value
    assert blocks.high - blocks.low == pytest.approx(each.high - each.low, rel=0.12)


def test_a_million_rows_are_drawn_in_the_memory_of_their_numbers() -> None:
    rows = 1_000_000
    scores, entities = np.random.default_rng(10).random(rows), np.arange(rows)
    tracemalloc.start()
    found = metrics.calibration_error(scores > 0.5, scores, bootstrap.of(entities))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.low > 0.24
    assert peak < 80 * rows  # ten numbers a row; a thousand copies of the rows would be 16 GB
