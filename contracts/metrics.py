"""The metrics that a contract's `quality` may bound: what they are, and their range.

What evaluation measures and what stands here are held together by a test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`low` and `high` are the ends that a bound may have; `ends` says which of min and max make sense."""

    meaning: str
    low: float = 0.0
    high: float = 1.0
    ends: tuple[str, ...] = ("min", "max")


METRICS = {
    "auc": Metric(meaning="area under the ROC curve"),
    "accuracy": Metric(meaning="share of right decisions at the threshold"),
    "f1": Metric(meaning="harmonic mean of precision and recall at the threshold"),
    "precision": Metric(meaning="share of right ones among the decisions to act"),
    "recall": Metric(meaning="share of the positive rows that are decided positive"),
    "positive_share": Metric(meaning="share of rows that are decided positive"),
    "logloss": Metric(meaning="mean negative log likelihood", high=math.inf),
    "brier": Metric(meaning="mean squared difference of score and label"),
    "calibration_error": Metric(meaning="expected calibration error over ten bins of the score"),
    "auc_loss": Metric(
        meaning="margin of the non-inferiority test against the live champion on the same rows: the lower end of the "
        "95 % confidence interval of AUC(candidate) - AUC(champion) must not lie further below 0 than this",
        ends=("max",),
    ),
    "latency_ms": Metric(meaning="p99 of a single prediction in milliseconds", high=math.inf, ends=("max",)),
}
