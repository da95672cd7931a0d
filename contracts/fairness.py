"""What a contract says of how unlike the groups of a segment may be treated: `fairness`."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from contracts.faults import Fault, Path
from contracts.metrics import Metric
from contracts.schema import Bounds, Fairness, FairnessLimit, Task

KEY: Final = "fairness"
#: Names as in fairlearn's `metrics`, but for the ratio, which employment law calls so (29 CFR 1607.4 D: four fifths).
_DECISIONS: Final = {
    "demographic_parity_difference": Metric(
        meaning="share of rows that are decided positive: the largest of a group less the smallest", ends=("max",)
    ),
    "disparate_impact": Metric(
        meaning="the same shares: the smallest of a group over the largest (0.8 is the four-fifths rule)", ends=("min",)
    ),
    "equal_opportunity_difference": Metric(
        meaning="share of the positive rows that are decided positive: the largest less the smallest", ends=("max",)
    ),
    "equalized_odds_difference": Metric(
        meaning="the larger of that difference and the same one of the negative rows", ends=("max",)
    ),
}
_CLASSES: Final = {
    name: replace(metric, meaning=f"of one class against all others, of which the worst counts: {metric.meaning}")
    for name, metric in _DECISIONS.items()
}
_NUMBERS: Final = {
    name: Metric(meaning=f"{of} of a group: the largest less the smallest", high=math.inf, ends=("max",))
    for name, of in {
        "mean_prediction_difference": "mean prediction, in the label's unit,",
        "bias_difference": "mean of prediction - label",
        "mae_difference": "mean absolute error",
    }.items()
}
METRICS: Final[Mapping[Task, Mapping[str, Metric]]] = {
    Task.BINARY_CLASSIFICATION: _DECISIONS,
    Task.MULTICLASS_CLASSIFICATION: _CLASSES,
    Task.REGRESSION: _NUMBERS,
}


def faults(given: Any, task: Task | None, segments: Collection[str]) -> Iterator[Fault]:
    """Why `given` is no limit that a gate can hold models to."""
    if given is None:
        return
    if not _is_mapping(given):
        yield (KEY,), f"{given!r} is found; allowed is a mapping from segment to limits of metrics, or leave it out"
        return
    metrics = METRICS[task or Task.BINARY_CLASSIFICATION]
    for segment, limits in given.items():
        path = (KEY, segment)
        if segment not in segments:
            yield path, f"is no segment; allowed are {', '.join(segments) or 'none, as the contract has no segments'}"
        if not _is_mapping(limits):
            yield path, f"{limits!r} is found; allowed is a mapping from {', '.join(metrics)} to its end"
            continue
        for metric, ends in limits.items():
            yield from _limit((*path, metric), metrics, ends)


def _is_mapping(given: Any) -> bool:
    return isinstance(given, Mapping) and bool(given)


def _limit(path: Path, metrics: Mapping[str, Metric], ends: Any) -> Iterator[Fault]:
    if (metric := metrics.get(str(path[-1]))) is None:
        yield path, f"unknown key; allowed are {', '.join(metrics)}"
        return
    (end,) = metric.ends
    value = ends.get(end) if isinstance(ends, Mapping) and set(ends) == {end} else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_in(metric, value):
        allowed = "a number of 0 or more" if math.isinf(metric.high) else "a number from 0 to 1"
        yield path, f"{ends!r} is found; allowed is {{{end}: {allowed}}}"


def _is_in(metric: Metric, value: float) -> bool:
    return math.isfinite(value) and metric.low <= value <= metric.high


def read(given: Mapping[str, Mapping[str, Mapping[str, float]]] | None) -> Fairness | None:
    """The limits of a contract without faults."""
    if given is None:
        return None
    return Fairness(
        limits=tuple(
            FairnessLimit(segment=segment, bounds=Bounds(metric=metric, **{e: float(v) for e, v in ends.items()}))
            for segment, limits in given.items()
            for metric, ends in limits.items()
        )
    )
