from __future__ import annotations

from typing import Any

import pytest

from contracts.schema import Quality
from workloads.evaluation.gate import Gate, decide
from workloads.evaluation.metrics import Interval
from workloads.evaluation.model_tests import ModelTest

GOOD: dict[str, Any] = {
    "quality": Quality(min_auc=0.75, min_accuracy=0.75, min_f1=0.7, max_calibration_error=0.1, max_auc_loss=0.01),
    "auc": Interval(value=0.9, low=0.88, high=0.92),
    "accuracy": 0.8,
    "f1": 0.75,
    "calibration_error": 0.03,
    "auc_difference": Interval(value=0.002, low=-0.004, high=0.008),
    "model_tests": [ModelTest(name="order", passed=True, found="0", allowed="0")],
}


def judge(change: dict[str, Any]) -> Gate:
    return decide(**{**GOOD, **change})


def test_a_good_model_is_registered() -> None:
    gate = judge({})
    assert (gate.decision, gate.reason) == ("register", "all 6 checks hold; not worse than the champion")


def test_the_first_model_has_no_champion_to_beat() -> None:
    gate = judge({"auc_difference": None})
    assert (gate.decision, gate.reason) == ("register", "all 5 checks hold; no champion to compare with")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auc": Interval(value=0.7499, low=0.7, high=0.8)}, "auc 0.7499, allowed >= 0.75"),
        ({"accuracy": 0.74}, "accuracy 0.7400, allowed >= 0.75"),
        ({"f1": 0.1}, "f1 0.1000, allowed >= 0.7"),
        ({"calibration_error": 0.11}, "calibration_error 0.1100, allowed <= 0.1"),
        (
            {"auc_difference": Interval(value=-0.004, low=-0.0101, high=0.002)},
            "auc against the champion -0.0040 [-0.0101, +0.0020], allowed interval above -0.01",
        ),
        (
            {"model_tests": [ModelTest(name="latency p99", passed=False, found="70 ms", allowed="<= 50 ms")]},
            "model test latency p99 70 ms, allowed <= 50 ms",
        ),
    ],
)
def test_one_failing_check_rejects_with_its_reason(change: dict[str, Any], reason: str) -> None:
    gate = judge(change)
    assert (gate.decision, gate.reason) == ("reject", reason)


def test_thresholds_are_inclusive() -> None:
    at_the_edge: dict[str, Any] = {
        "auc": Interval(value=0.75, low=0.7, high=0.8),
        "accuracy": 0.75,
        "f1": 0.7,
        "calibration_error": 0.1,
        "auc_difference": Interval(value=0.0, low=-0.01, high=0.01),
    }
    assert judge(at_the_edge).decision == "register"


def test_every_failure_is_in_the_reason() -> None:
    gate = judge({"accuracy": 0.5, "f1": 0.5})
    assert gate.reason == "accuracy 0.5000, allowed >= 0.75; f1 0.5000, allowed >= 0.7"


def test_a_metric_that_is_no_number_rejects() -> None:
    assert judge({"f1": float("nan")}).decision == "reject"
