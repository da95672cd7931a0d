"""What a contract says of how unlike the groups of a segment may be treated: `fairness`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from contracts.document import Path
from contracts.metrics import Metric
from contracts.schema import Bounds, Fairness, FairnessLimit, Task

Fault = tuple[Path, str]
KEY: Final = "fairness"
#: Names as in fairlearn's `metrics`, but for the ratio, which employment law calls so (29 CFR 1607.4 D: four fifths).
METRICS: Final[Mapping[str, Metric]] = {
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


def faults(given: Any, task: Task | None, segments: Collection[str]) -> Iterator[Fault]:
    """Why `given` is no limit that a gate can hold models to."""
    if given is None:
        return
    if not _is_mapping(given):
        yield (KEY,), f"{given!r} is found; allowed is a mapping from segment to limits of metrics, or leave it out"
        return
    if task not in (None, Task.BINARY_CLASSIFICATION):
        yield (KEY,), f"is found, while a {task} has no decision to act; remove it"
    for segment, limits in given.items():
        path = (KEY, segment)
        if segment not in segments:
            yield path, f"is no segment; allowed are {', '.join(segments) or 'none, as the contract has no segments'}"
        if not _is_mapping(limits):
            yield path, f"{limits!r} is found; allowed is a mapping from {', '.join(METRICS)} to its end"
            continue
        for metric, ends in limits.items():
            yield from _limit((*path, metric), metric, ends)


def _is_mapping(given: Any) -> bool:
    return isinstance(given, Mapping) and bool(given)


def _limit(path: Path, metric: str, ends: Any) -> Iterator[Fault]:
    if metric not in METRICS:
        yield path, f"unknown key; allowed are {', '.join(METRICS)}"
        return
    (end,) = METRICS[metric].ends
    value = ends.get(end) if isinstance(ends, Mapping) and set(ends) == {end} else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        yield path, f"{ends!r} is found; allowed is {{{end}: a number from 0 to 1}}"


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
