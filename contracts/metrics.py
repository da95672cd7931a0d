"""The metrics that a contract's `quality` may bound: of each task what they are, their range, and the usual bounds.

What evaluation measures and what stands here are held together by a test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts.schema import DEFAULT_QUALITY, Bounds, Task


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`low` and `high` are the ends that a bound may have; `ends` says which of min and max make sense."""

    meaning: str
    low: float = 0.0
    high: float = 1.0
    ends: tuple[str, ...] = ("min", "max")


_LATENCY: Final = Metric(
    meaning="p99 of a single prediction in milliseconds, of each row the least of three", high=math.inf, ends=("max",)
)
_FLIP_SHARE: Final = Metric(
    meaning="share of the test rows (of 5,000 at most) whose decision some small change moves: a number by 1 % of its "
    "standard deviation, a whole one by one, each alone, and all at once the way that unsettles the row most",
    ends=("max",),
)
_MEMORY: Final = Metric(
    meaning="largest resident memory of a process of the inference service that answers a batch with this model alone, "
    "in MB of 1,048,576 bytes",
    high=math.inf,
    ends=("max",),
)
_THROUGHPUT: Final = Metric(
    meaning="rows of a CSV batch that the inference service answers in a second of one processor, the best of three "
    "batches",
    high=math.inf,
    ends=("min",),
)
_LOGLOSS: Final = Metric(meaning="mean negative log likelihood", high=math.inf)
_D2: Final = Metric(
    meaning="share of the loss that the model explains: 1 - its loss / that of the best constant answer (R² of the "
    "squared loss)",
    low=-math.inf,
)
_LOSS_INCREASE: Final = Metric(
    meaning="margin of the non-inferiority test against the live champion on the same rows: the upper end of the "
    "95 % confidence interval of loss(candidate) / loss(champion) - 1 must not lie further above 0 than this",
    high=math.inf,
    ends=("max",),
)
_BINARY: Final = {
    "auc": Metric(meaning="area under the ROC curve"),
    "accuracy": Metric(meaning="share of right decisions at the threshold"),
    "f1": Metric(meaning="harmonic mean of precision and recall at the threshold"),
    "precision": Metric(meaning="share of right ones among the decisions to act"),
    "recall": Metric(meaning="share of the positive rows that are decided positive"),
    "positive_share": Metric(meaning="share of rows that are decided positive"),
    "logloss": _LOGLOSS,
    "brier": Metric(meaning="mean squared difference of score and label"),
    "calibration_error": Metric(meaning="expected calibration error over ten bins of the score"),
    "auc_loss": Metric(
        meaning="margin of the non-inferiority test against the live champion on the same rows: the lower end of the "
        "95 % confidence interval of AUC(candidate) - AUC(champion) must not lie further below 0 than this",
        ends=("max",),
    ),
    "flip_share": _FLIP_SHARE,
    "latency_ms": _LATENCY,
    "memory_mb": _MEMORY,
    "rows_per_second": _THROUGHPUT,
}
_MULTICLASS: Final = {
    "accuracy": Metric(meaning="share of rows whose likeliest class is right"),
    "balanced_accuracy": Metric(meaning="mean of the recalls of all classes"),
    "macro_f1": Metric(meaning="mean of the F1 of all classes"),
    "least_recall": Metric(meaning="recall of the class that is found worst"),
    "logloss": _LOGLOSS,
    "d2": _D2,
    "calibration_error": Metric(meaning="expected calibration error of the likeliest class over ten bins"),
    "loss_increase": _LOSS_INCREASE,
    "flip_share": _FLIP_SHARE,
    "latency_ms": _LATENCY,
    "memory_mb": _MEMORY,
    "rows_per_second": _THROUGHPUT,
}
_REGRESSION: Final = {
    "d2": _D2,
    "loss": Metric(
        meaning="mean loss by the contract's objective (of poisson, gamma, tweedie the deviance)", high=math.inf
    ),
    "rmse": Metric(meaning="root of the mean squared error, in the label's unit", high=math.inf),
    "mae": Metric(meaning="mean absolute error, in the label's unit", high=math.inf),
    "bias": Metric(meaning="mean of prediction - label", low=-math.inf, high=math.inf),
    "covered_share": Metric(meaning="share of rows whose label is at or below the prediction"),
    "calibration_error": Metric(
        meaning="mean distance of label and prediction over ten bins of the prediction, in standard deviations of the "
        "label",
        high=math.inf,
    ),
    "loss_increase": _LOSS_INCREASE,
    "latency_ms": _LATENCY,
    "memory_mb": _MEMORY,
    "rows_per_second": _THROUGHPUT,
}

#: Those that model tests find, and no metric of the outputs does.
OF_MODEL_TESTS: Final = ("flip_share", "latency_ms", "memory_mb", "rows_per_second")
METRICS: Final[Mapping[Task, Mapping[str, Metric]]] = {
    Task.BINARY_CLASSIFICATION: _BINARY,
    Task.MULTICLASS_CLASSIFICATION: _MULTICLASS,
    Task.REGRESSION: _REGRESSION,
}
#: The bounds of a contract that names none; those of a number know no unit.
DEFAULTS: Final[Mapping[Task, tuple[Bounds, ...]]] = {
    Task.BINARY_CLASSIFICATION: DEFAULT_QUALITY,
    Task.MULTICLASS_CLASSIFICATION: (
        Bounds(metric="d2", min=0.3),
        Bounds(metric="macro_f1", min=0.6),
        Bounds(metric="calibration_error", max=0.10),
        Bounds(metric="loss_increase", max=0.05),
        Bounds(metric="latency_ms", max=50.0),
    ),
    Task.REGRESSION: (
        Bounds(metric="d2", min=0.3),
        Bounds(metric="loss_increase", max=0.05),
        Bounds(metric="latency_ms", max=50.0),
    ),
}
