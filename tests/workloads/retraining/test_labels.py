from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from contracts import names
from workloads.quantiles import Quantiles
from workloads.retraining import labels
from workloads.retraining.labels import shift


def part(rows: int, **told: Any) -> dict[str, Any]:
    return {"rows": rows, **told}


def verdict(accepted: int, rate: float | None = None, **shares: float) -> dict[str, Any]:
    return {"accepted": accepted, "summary": {"rows": accepted, "label_rate": rate, "label_shares": shares}}


def amounts(accepted: int, quantiles: list[float]) -> dict[str, Any]:
    return {"accepted": accepted, "summary": {"rows": accepted, "label_rate": None, "label_quantiles": quantiles}}


def test_the_label_rate_of_all_parts_is_compared_with_that_of_all_new_rows() -> None:
    """2,000 of 10,000 against 600 of 2,000; 3 standard errors are 3 x sqrt(0.16 / 10,000 + 0.16 / 2,000)."""
    parts = [part(8_000, positives=1_500), part(1_000, positives=300), part(1_000, positives=200)]
    found = shift(parts, [verdict(1_500, 0.4), verdict(500, 0.0)])
    assert found is not None
    assert (found.now, found.before, found.rows) == (0.3, 0.2, 2_000)
    assert found.chance == pytest.approx(0.029393877)
    assert found.score == pytest.approx(0.1 - 0.029393877)
    assert str(found) == (
        "the label rate is 0.3 in 2000 new rows, and 0.2 in what the newest model learned from; 0.029 would be chance"
    )


def test_of_several_classes_the_one_that_moved_most_beyond_chance_is_told() -> None:
    """`b` has moved by 0.10 and `c` by 0.08, which is more where so few rows are of it."""
    parts = [part(1_000, classes={"a": 480, "b": 500, "c": 20})]
    found = shift(parts, [verdict(400, a=0.50, b=0.40, c=0.10)])
    assert found is not None
    assert str(found).startswith("the share of label c is 0.1 in 400 new rows, and 0.02 in what")


def test_a_class_that_no_new_row_has_leaves_its_share_to_the_others() -> None:
    found = shift([part(1_000, classes={"a": 500, "b": 500})], [verdict(1_000, a=1.0)])
    assert found is not None
    assert (found.before, found.now) == (0.5, 1.0)  # the first of two that moved alike
    assert found.score == pytest.approx(0.5 - 3 * (0.25 / 500) ** 0.5)


def test_few_rows_have_not_moved_whatever_their_labels() -> None:
    found = shift([part(1_000, positives=200)], [verdict(5, 0.4)])
    assert found is not None
    assert found.score == 0


def test_of_numbers_the_share_up_to_the_value_where_it_changed_most_is_told() -> None:
    """Half of the new rows are above 100, as one in six was before. Of 3,000 rows and 500, Smirnov's limit at three
    standard errors is 1.82 x sqrt(1 / 3,000 + 1 / 500); 0.005 is a step of the quantiles."""
    low, high = [float(value) for value in range(100)], [float(value) for value in range(100, 200)]
    parts = [part(2_000, label_quantiles=low), part(1_000, label_quantiles=[*low[::2], *high[::2]])]
    found = shift(parts, [amounts(250, low), amounts(250, high)])
    assert found is not None
    assert (found.rows, found.now, found.before) == (500, pytest.approx(0.5), pytest.approx(5 / 6))
    assert found.chance == pytest.approx(1.8176 * (1 / 3_000 + 1 / 500) ** 0.5 + 0.005, abs=1e-4)
    assert found.score == pytest.approx(1 / 3 - found.chance)
    assert str(found) == (
        "the share of labels up to 99 is 0.5 in 500 new rows, and 0.8333 in what the newest model learned from; "
        "0.093 would be chance"
    )


def test_numbers_of_the_same_distribution_have_not_moved() -> None:
    draw = np.random.default_rng(5)
    for rows in (20, 400, 30_000):
        told: list[list[float]] = []
        for many in (50_000, rows):
            quantiles = Quantiles()
            quantiles.add(draw.gamma(2.0, 50.0, many))
            told.append(quantiles.told())
        found = shift([part(50_000, label_quantiles=told[0])], [amounts(rows, told[1])])
        assert found is not None
        assert found.score == 0


def test_a_cap_that_half_of_the_rows_now_share_has_moved() -> None:
    parts, capped = [part(1_000, label_quantiles=[1.0, 2.0, 3.0, 4.0])], amounts(1_000, [1.0, 2.0, 2.0, 2.0])
    found = shift(parts, [capped])
    assert found is not None
    assert str(found).startswith("the share of labels up to 2 is 1 in 1000 new rows, and 0.5 in what")


@pytest.mark.parametrize(
    ("parts", "verdicts"),
    [
        ([part(1_000)], [verdict(100)]),  # numbers, told before there were quantiles
        ([part(1_000)], [amounts(100, [1.0, 2.0])]),
        ([part(1_000, label_quantiles=[1.0, 2.0])], [verdict(100)]),
        ([part(1_000, positives=200)], []),
        ([part(1_000, positives=200)], [{"accepted": 10, "summary": None}]),
        ([], [verdict(100, 0.2)]),
        ([part(0, positives=0)], [verdict(100, 0.2)]),
    ],
)
def test_there_is_no_shift_where_there_is_nothing_to_compare(parts: list[Any], verdicts: list[Any]) -> None:
    assert shift(parts, verdicts) is None


def test_the_metric_is_a_line_that_cloudwatch_reads() -> None:
    line = json.loads(labels.metric(0.07, pipeline="churn-prod", now_ms=1_795_262_400_000))
    assert line == {
        "_aws": {
            "Timestamp": 1_795_262_400_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": names.MODEL_QUALITY_NAMESPACE,
                    "Dimensions": [["Pipeline"]],
                    "Metrics": [{"Name": "LabelShift", "Unit": "None"}],
                }
            ],
        },
        "Pipeline": "churn-prod",
        "LabelShift": 0.07,
    }
