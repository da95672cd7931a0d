from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from sklearn.metrics import roc_auc_score

from workloads.evaluation import bootstrap, metrics, segments
from workloads.inference.decision import decider

reference: Any = sklearn_metrics  # its stubs are narrower than it is


def sample(rows: int, seed: int = 0) -> tuple[metrics.Array, metrics.Array, metrics.Array]:
    """Labels, a good score and a noisier one."""
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.4).astype(np.int8)
    good = 1 / (1 + np.exp(-(2 * labels - 1 + random.normal(size=rows))))
    noisy = 1 / (1 + np.exp(-(2 * labels - 1 + 3 * random.normal(size=rows))))
    return labels, good, noisy


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=6, max_size=60))
@settings(max_examples=200, deadline=None)
def test_auc_equals_sklearn_with_ties(rows: list[tuple[bool, int]]) -> None:
    rows += [(True, 1), (True, 2), (False, 1), (False, 2)]
    labels, scores = np.array([r[0] for r in rows], np.int8), np.array([r[1] / 5 for r in rows])
    found = metrics.auc(labels, scores)
    assert found.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found.low <= found.value <= found.high


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=60), st.floats(0.01, 0.99))
@settings(max_examples=200, deadline=None)
def test_figures_at_the_threshold_are_those_of_scikit_learn(rows: list[tuple[bool, int]], threshold: float) -> None:
    labels, scores = np.array([r[0] for r in rows], np.int8), np.array([r[1] / 5 for r in rows], np.float32)
    decided = metrics.decisions(scores, threshold)
    found = metrics.at_threshold(labels, scores, threshold)
    assert found.pop("positive_share") == decided.mean()
    assert found.pop("accuracy") == pytest.approx(reference.accuracy_score(labels, decided), abs=1e-12)
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        labels, decided, average="binary", zero_division=0.0
    )
    assert found == pytest.approx({"precision": precision, "recall": recall, "f1": f1}, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_figures_of_each_class_are_those_of_scikit_learn_where_some_have_no_row(rows: list[tuple[int, int]]) -> None:
    labels, decided = np.array(rows).T
    counts = metrics.confusion(labels.astype(np.float32), decided, 4)
    assert counts.tolist() == reference.confusion_matrix(labels, decided, labels=range(4)).tolist()
    wanted = reference.precision_recall_fscore_support(labels, decided, labels=range(4), zero_division=0.0)[:3]
    assert np.array(metrics.of_classes(counts)) == pytest.approx(np.array(wanted), abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=80))
@settings(max_examples=200, deadline=None)
def test_the_roc_curve_is_that_of_scikit_learn_by_its_corners_alone(rows: list[tuple[bool, int]]) -> None:
    rows += [(True, 1), (False, 2)]
    labels, scores = np.array([r[0] for r in rows], np.int8), np.array([r[1] / 20 for r in rows], np.float32)
    every = np.array(reference.roc_curve(labels, scores, drop_intermediate=False)[:2])
    found = np.array(metrics.roc(labels, scores))
    for rate in (0, 1):  # both rates grow along the curve, so their sum says where on it a point lies
        assert np.interp(every.sum(axis=0), found.sum(axis=0), found[rate]) == pytest.approx(every[rate], abs=1e-12)
    steps = np.diff(found)
    turns = steps[0, :-1] * steps[1, 1:] - steps[1, :-1] * steps[0, 1:]
    assert (found[:, 0].tolist(), found[:, -1].tolist()) == ([0, 0], [1, 1])
    assert np.abs(turns).min(initial=1) > 1e-9


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_scores_are_judged_as_probabilities_as_scikit_learn_does_sure_and_wrong_ones_too(kind: Any) -> None:
    labels, good, _ = sample(500)
    scores = np.concatenate([good, [0.0, 1.0, 0.0, 1.0]]).astype(kind)
    labels = np.concatenate([labels, [0, 1, 1, 0]])
    found = metrics.probabilities(labels, scores, np.arange(504), bootstrap.of(np.arange(504)))
    assert found["logloss"].value == pytest.approx(reference.log_loss(labels, scores), rel=1e-6)
    assert found["brier"].value == pytest.approx(reference.brier_score_loss(labels, scores), rel=1e-6)


def test_delong_interval_agrees_with_the_bootstrap() -> None:
    labels, good, noisy = sample(1500)
    random = np.random.default_rng(1)
    draws: list[float] = []
    for _ in range(600):
        index = random.integers(0, len(labels), len(labels))
        draws.append(roc_auc_score(labels[index], good[index]) - roc_auc_score(labels[index], noisy[index]))
    low, high = np.percentile(draws, [2.5, 97.5])
    found = metrics.auc_difference(labels, good, noisy)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))


def test_ten_rows_of_a_customer_say_no_more_than_one_that_is_ten_times_the_same() -> None:
    labels, good, noisy = sample(300)
    once = (metrics.auc(labels, good), metrics.auc_difference(labels, good, noisy))
    labels, good, noisy, entities = (np.repeat(values, 10) for values in (labels, good, noisy, np.arange(300)))
    assert metrics.auc(labels, good).high < once[0].high - 0.01  # taken for 3000 customers it is too sure
    for again, first in zip(
        (metrics.auc(labels, good, entities), metrics.auc_difference(labels, good, noisy, entities)), once, strict=True
    ):
        assert (again.low, again.high) == (pytest.approx(first.low), pytest.approx(first.high))


def test_the_interval_of_customers_with_rows_of_both_classes_agrees_with_their_bootstrap() -> None:
    random = np.random.default_rng(3)
    customer, rows = random.normal(size=400), 5
    entities = np.repeat(np.arange(400), rows)
    labels = (random.random(400 * rows) < 1 / (1 + np.exp(-2 * customer[entities]))).astype(np.int8)
    scores = customer[entities] + random.normal(size=400 * rows)
    table = scores.reshape(400, rows), labels.reshape(400, rows)
    draws: list[float] = []
    for _ in range(600):
        index = random.integers(0, 400, 400)
        draws.append(roc_auc_score(table[1][index].ravel(), table[0][index].ravel()))
    low, high = np.percentile(draws, [2.5, 97.5])
    found = metrics.auc(labels, scores, entities)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.006), pytest.approx(high, abs=0.006))


def test_two_rows_of_one_customer_are_too_few() -> None:
    labels, scores, entities = np.array([1, 1, 0, 0]), np.linspace(0, 1, 4), np.array(["a", "a", "b", "c"])
    with pytest.raises(ValueError, match="positive rows of 1 and negative rows of 2 entities; at least 2 of each"):
        metrics.auc(labels, scores, entities)


def test_the_same_scores_differ_by_exactly_nothing() -> None:
    labels, good, _ = sample(300)
    assert metrics.auc_difference(labels, good, good) == metrics.Interval(value=0.0, low=0.0, high=0.0)


@pytest.mark.parametrize(("positives", "negatives"), [(1, 5), (5, 1), (0, 9)])
def test_too_few_of_a_class_is_an_error_with_the_counts(positives: int, negatives: int) -> None:
    labels = np.array([1] * positives + [0] * negatives)
    with pytest.raises(
        ValueError, match=f"positive rows of {positives} and negative rows of {negatives} entities; at least 2"
    ):
        metrics.auc(labels, np.linspace(0, 1, len(labels)))


def test_decisions_are_taken_at_the_threshold_inclusive() -> None:
    labels, scores = np.array([1, 1, 0, 0]), np.array([0.75, 0.74, 0.8, 0.1])
    assert metrics.at_threshold(labels, scores, 0.75) == {
        "accuracy": 0.5,
        "f1": 0.5,
        "precision": 0.5,
        "recall": 0.5,
        "positive_share": 0.5,
    }


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 0.75, 0.9])
def test_decisions_are_those_of_the_service_whose_scores_are_float32(threshold: float) -> None:
    nearest = np.float32(threshold)
    scores = np.array([np.nextafter(nearest, np.float32(0)), nearest, np.nextafter(nearest, np.float32(1))])
    served = list(map(decider(threshold), scores.tolist()))
    assert served == [False, float(nearest) >= threshold, True]
    assert [metrics.at_threshold(np.array([1]), scores[[i]], threshold)["positive_share"] for i in range(3)] == served
    shares = metrics.by_segment(np.array([1, 0, 1]), scores, segments.of(["a", "b", "c"]), threshold)
    assert [share["positive_share"] for share in shares] == served


def test_the_float32_of_seven_tenths_is_below_it() -> None:
    score = np.array([0.7], dtype=np.float32)
    assert metrics.at_threshold(np.array([1]), score, 0.7)["positive_share"] == 0.0
    assert metrics.at_threshold(np.array([1]), score.astype(np.float64), float(score[0]))["positive_share"] == 1.0


def test_the_metrics_that_depend_on_the_threshold() -> None:
    assert tuple(metrics.at_threshold(np.array([1, 0]), np.array([0.1, 0.2]), 0.5)) == metrics.AT_THRESHOLD


def test_deciding_nobody_has_f1_zero() -> None:
    assert metrics.at_threshold(np.array([1, 0]), np.array([0.1, 0.2]), 0.9)["f1"] == 0.0


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [([1, 0], [1.0, 0.0], 0.0), ([0, 1], [1.0, 0.0], 1.0), ([1, 0, 0, 0], [0.25] * 4, 0.0), ([1, 1], [0.6, 0.6], 0.4)],
)
def test_calibration_error(labels: list[int], scores: list[float], expected: float) -> None:
    found = metrics.calibration_error(np.array(labels), np.array(scores), bootstrap.of(np.arange(len(labels))))
    assert found.value == pytest.approx(expected)


def test_segments_are_judged_apart() -> None:
    labels, scores = np.array([1, 0, 1, 1]), np.array([0.9, 0.1, 0.2, 0.9])
    report = metrics.by_segment(labels, scores, segments.of([0.0, 0.0, 1.0, 1.0]), 0.5)
    assert [(r["segment"], r["rows"], r["positives"], r["recall"], r["accuracy"]) for r in report] == [
        (0.0, 2, 1, 1.0, 1.0),
        (1.0, 2, 2, 0.5, 0.5),
    ]


@pytest.mark.parametrize("names", [(2.0, 10.0), ("basic", "pro")])
def test_rows_without_a_segment_are_a_segment_and_the_last(names: tuple[float | str, ...]) -> None:
    labels, scores = np.array([1, 0, 0, 1, 0]), np.array([0.9, 0.1, 0.2, 0.9, 0.9])
    report = metrics.by_segment(labels, scores, segments.of([None, names[1], names[0], None, names[0]]), 0.5)
    assert [(r["segment"], r["rows"], r["accuracy"]) for r in report] == [
        (names[0], 2, 0.5),
        (names[1], 1, 1.0),
        (None, 2, 1.0),
    ]


def test_a_segment_without_positives_has_no_recall() -> None:
    report = metrics.by_segment(np.array([0, 0, 1]), np.array([0.9, 0.1, 0.1]), segments.of(["a", "a", "b"]), 0.5)
    assert [(r["segment"], r["recall"]) for r in report] == [("a", None), ("b", 0.0)]
