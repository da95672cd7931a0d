"""Features that tell a model nothing, or too much: found once, in the training rows, before there is a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contracts.schema import Task
from workloads.drift.histogram import MAX_CATEGORIES

Values = NDArray[np.float64]
SEPARATING_AUC = 0.999  # of one feature alone; honest ones do not come near it, a copy of the label reaches 1
MIN_ROWS = 10  # of each class: of ten and ten rows chance separates one feature in 90,000


def warnings(
    name: str, values: Values, label: str, task: Task, labels: Values | None, texts: Sequence[str] = ()
) -> Iterator[str]:
    """What is suspicious about the feature `name` with `values` (n,), NaN where missing, and `labels` (n,) of the task.

    Without labels it is not held against them. Of a category values are positions in `texts`, -1 those of no bin.
    """
    present = np.unique(values[~np.isnan(values)])
    if present.size == 0:
        yield f"feature {name}: no training row has a value of it; deliver its columns, or remove it from the contract"
    elif present.size == 1:
        value = texts[int(present[0])] if texts else f"{present[0]:g}"
        yield (
            f"feature {name}: it is {value} in every training row that has a value of it, so a model learns "
            "nothing from the value; compare its expression with the delivered values, or remove it from the contract"
        )
    said, measure = _MEASURES[task]
    if texts and labels is not None and task is Task.REGRESSION:
        values = _mean_labels(values, labels)  # positions have no order
    if labels is not None and (found := measure(values, labels)) >= SEPARATING_AUC:
        yield (
            f"feature {name}: alone it {said.format(label=label, found=found)} on the training rows); if it is known "
            "only after the outcome, no request will have it: remove it from the contract"
        )


def separation_of_all(values: Values, labels: Values) -> float:
    """The least separation of a class from the others: of several classes honest features may separate one."""
    return min((separation(values, (labels == one).astype(float)) for one in np.unique(labels)), default=0.5)


def rank_correlation(values: Values, labels: Values) -> float:
    """Spearman's, without its sign, over the rows that have a value; 0 of too few, or of too many equal ones.

    Few distinct values order no number so well.
    """
    present = ~np.isnan(values)
    if present.sum() < MIN_ROWS or not present.mean() > 0.5:
        return 0.0
    ours, theirs = _ranks(values[present]), _ranks(labels[present])
    if ours.std() == 0 or theirs.std() == 0:
        return 0.0
    return float(abs(np.corrcoef(ours, theirs)[0, 1]))


def _mean_labels(values: Values, labels: Values) -> Values:
    """Of each row the mean label of those with the same value; NaN where missing."""
    _, kind, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.where(np.isnan(values), np.nan, (np.bincount(kind, weights=labels) / counts)[kind])


def separation(values: Values, labels: Values) -> float:
    """The AUC that one feature alone reaches, in the direction that suits it; 0.5 of too few rows of a class.

    Missing values are lower than all others or higher, as a tree may send them. Few values are ordered by the share of
    positive rows, as a tree may pick them out one by one.
    """
    positive = labels == 1
    if min(positive.sum(), (~positive).sum()) < MIN_ROWS:
        return 0.5
    found = [_auc(np.where(np.isnan(values), end, values), positive) for end in (-np.inf, np.inf)]
    _, kind, counts = np.unique(values, return_inverse=True, return_counts=True)
    if counts.size <= MAX_CATEGORIES:
        found.append(_auc((np.bincount(kind, weights=positive) / counts)[kind], positive))
    return max(max(auc, 1 - auc) for auc in found)


def _auc(values: Values, positive: NDArray[np.bool_]) -> float:
    """The area under the ROC curve, as the Mann-Whitney statistic with mean ranks."""
    ranks = _ranks(values)
    hits = int(positive.sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (positive.size - hits)))


def _ranks(values: Values) -> Values:
    """From 1, and the mean rank where values are equal."""
    _, kind, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[kind]


_MEASURES: Final[Mapping[Task, tuple[str, Callable[[Values, Values], float]]]] = {
    Task.BINARY_CLASSIFICATION: ("separates {label} (AUC {found:.4f}", separation),
    Task.MULTICLASS_CLASSIFICATION: ("separates all classes of {label} (AUC {found:.4f}", separation_of_all),
    Task.REGRESSION: ("orders {label} (rank correlation {found:.4f}", rank_correlation),
}
