from __future__ import annotations

from typing import Any

import pytest

from contracts.schema import DEFAULT_QUALITY, Bounds
from workloads.evaluation.gate import Gate, decide
from workloads.evaluation.intervals import Comparison, Interval
from workloads.model_tests.trial import ModelTest


def by_auc(value: float, low: float, high: float) -> Comparison:
    return Comparison(
        metric="auc",
        bound="auc_loss",
        champion=Interval(value=0.9, low=0.88, high=0.92),
        difference=Interval(value=value, low=low, high=high),
        larger_is_better=True,
    )


def by_loss(value: float, low: float, high: float) -> Comparison:
    return Comparison(
        metric="loss",
        bound="loss_increase",
        champion=Interval(value=2.0, low=1.8, high=2.2),
        difference=Interval(value=value, low=low, high=high),
        larger_is_better=False,
    )


GOOD: dict[str, Any] = {
    "quality": DEFAULT_QUALITY,
    "measured": {"auc": 0.9, "accuracy": 0.8, "f1": 0.75, "calibration_error": 0.03, "recall": 0.6, "logloss": 0.3},
    "at_threshold": dict.fromkeys(("accuracy", "f1", "recall"), 0.75),
    "rows": 1000,
    "comparison": by_auc(0.002, -0.004, 0.008),
    "model_tests": [ModelTest(name="order", passed=True, found="0", allowed="0")],
}


def around(value: float, half: float) -> Interval:
    return Interval(value=value, low=value - half, high=value + half)


def judge(change: dict[str, Any]) -> Gate:
    """A change of what was measured, or of another argument."""
    other = {name: value for name, value in change.items() if name in GOOD}
    measured = GOOD["measured"] | {name: value for name, value in change.items() if name not in GOOD}
    known: Any = {
        name: value if isinstance(value, Interval) else around(value, 0.0) for name, value in measured.items()
    }
    return decide(**{**GOOD, "measured": known, **other})


def test_a_good_model_is_registered() -> None:
    gate = judge({})
    assert (gate.decision, gate.reason) == ("register", "all 6 checks hold; not worse than the champion")


def test_the_first_model_has_no_champion_to_beat() -> None:
    gate = judge({"comparison": None})
    assert (gate.decision, gate.reason) == ("register", "all 5 checks hold; no champion to compare with")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auc": 0.7499}, "auc 0.7499 [0.7499, 0.7499], allowed >= 0.75 (quality.auc.min of the contract)"),
        (
            {"accuracy": 0.74},
            "accuracy 0.7400 [0.7400, 0.7400] at threshold 0.75, allowed >= 0.75 (quality.accuracy.min of the "
            "contract)",
        ),
        (
            {"f1": 0.1},
            "f1 0.1000 [0.1000, 0.1000] at threshold 0.75, allowed >= 0.7 (quality.f1.min of the contract)",
        ),
        (  # more rows may well find it good enough
            {"f1": around(0.69, 0.02)},
            "f1 0.6900 [0.6700, 0.7100] at threshold 0.75, allowed >= 0.7 (quality.f1.min of the contract): the limit "
            "lies within the interval: 1000 test rows are too few to tell; give more data, or a larger split.test",
        ),
        (
            {"calibration_error": 0.11},
            "calibration_error 0.1100 [0.1100, 0.1100], allowed <= 0.1 (quality.calibration_error.max of the contract)",
        ),
        (  # worse by more than the margin: rows would not help
            {"comparison": by_auc(-0.014, -0.0181, -0.01)},
            "auc against the champion -0.0140 [-0.0181, -0.0100], allowed interval above -0.01 "
            "(quality.auc_loss.max of the contract)",
        ),
        (  # better, and nobody can tell: half the width is three times the room, so nine times the rows
            {"comparison": by_auc(0.002, -0.034, 0.038)},
            "auc against the champion +0.0020 [-0.0340, +0.0380], allowed interval above -0.01 "
            "(quality.auc_loss.max of the contract): too few test rows: of 1000 the interval is too wide to tell, "
            "about 9000 would do if the difference stays; give more data, or a larger split.test",
        ),
        (
            {
                "model_tests": [
                    ModelTest(name="latency p99", passed=False, found="70 ms", allowed="<= 50 ms", key="quality.l.max")
                ]
            },
            "model test latency p99 70 ms, allowed <= 50 ms (quality.l.max of the contract)",
        ),
        (
            {"model_tests": [ModelTest(name="order", passed=False, found="3", allowed="0")]},
            "model test order 3, allowed 0",
        ),
    ],
)
def test_one_failing_check_rejects_with_its_reason(change: dict[str, Any], reason: str) -> None:
    gate = judge(change)
    assert (gate.decision, gate.reason) == ("reject", reason)


def test_thresholds_are_inclusive() -> None:
    at_the_edge: dict[str, Any] = {
        "auc": 0.75,
        "accuracy": 0.75,
        "f1": 0.7,
        "calibration_error": 0.1,
        "comparison": by_auc(0.0, -0.01, 0.01),
    }
    assert judge(at_the_edge).decision == "register"


def test_what_holds_by_chance_alone_says_so_in_its_check() -> None:
    gate = judge({"f1": around(0.71, 0.02), "auc": around(0.77, 0.02)})
    assert gate.decision == "register"
    assert {check.name: check.advice for check in gate.checks if check.advice} == {
        "f1": "the limit lies within the interval: 1000 test rows are too few to tell; give more data, or a larger "
        "split.test"
    }


def test_every_failure_is_in_the_reason() -> None:
    gate = judge({"accuracy": 0.5, "f1": 0.5})
    assert gate.reason == (
        "accuracy 0.5000 [0.5000, 0.5000] at threshold 0.75, allowed >= 0.75 (quality.accuracy.min of the contract); "
        "f1 0.5000 [0.5000, 0.5000] at threshold 0.75, allowed >= 0.7 (quality.f1.min of the contract)"
    )


def test_a_metric_that_is_no_number_rejects() -> None:
    assert judge({"f1": float("nan")}).decision == "reject"


def test_a_contract_bounds_what_it_likes_on_either_side() -> None:
    bounds = (
        Bounds(metric="recall", min=0.5),
        Bounds(metric="auc", min=0.6, max=0.89),
        Bounds(metric="logloss", max=1),
    )
    gate = judge({"quality": bounds})
    assert [(check.name, check.passed, check.allowed) for check in gate.checks] == [
        ("recall", True, ">= 0.5"),
        ("auc", False, ">= 0.6 and <= 0.89"),
        ("logloss", True, "<= 1"),
        ("model test order", True, "0"),
    ]
    assert gate.reason == "auc 0.9000 [0.9000, 0.9000], allowed >= 0.6 and <= 0.89 (quality.auc.max of the contract)"


@pytest.mark.parametrize(
    ("comparison", "reason"),
    [
        (by_loss(-0.02, -0.05, 0.01), "all 2 checks hold; not worse than the champion"),
        (by_loss(0.0, -0.05, 0.05), "all 2 checks hold; not worse than the champion"),
        (  # a loss that is smaller is better, whatever the lower end says
            by_loss(0.08, 0.06, 0.1),
            "loss against the champion +0.0800 [+0.0600, +0.1000], allowed interval below +0.05 "
            "(quality.loss_increase.max of the contract)",
        ),
        (  # 0.2 wide where 0.05 are free: sixteen times the rows
            by_loss(0.0, -0.2, 0.2),
            "loss against the champion +0.0000 [-0.2000, +0.2000], allowed interval below +0.05 "
            "(quality.loss_increase.max of the contract): too few test rows: of 1000 the interval is too wide to tell, "
            "about 16000 would do if the difference stays; give more data, or a larger split.test",
        ),
        (
            by_loss(float("inf"), float("inf"), float("inf")),
            "loss against the champion +inf [+inf, +inf], allowed interval below +0.05 "
            "(quality.loss_increase.max of the contract)",
        ),
    ],
)
def test_a_loss_must_not_grow_beyond_its_margin(comparison: Comparison, reason: str) -> None:
    bounds = (Bounds(metric="loss_increase", max=0.05),)
    assert judge({"quality": bounds, "comparison": comparison}).reason == reason
