"""Features that tell a model nothing, or too much: found once, in the training rows, before there is a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from workloads.drift.histogram import MAX_CATEGORIES

Values = NDArray[np.float64]
SEPARATING_AUC = 0.999  # of one feature alone; honest ones do not come near it, a copy of the label reaches 1
MIN_ROWS = 10  # of each class: of ten and ten rows chance separates one feature in 90,000


def warnings(name: str, values: Values, label: str, labels: Values | None) -> Iterator[str]:
    """What is suspicious about the feature `name` with `values` (n,), NaN where missing, and `labels` (n,) of 0 and 1.

    Without labels it is not held against them.
    """
    present = np.unique(values[~np.isnan(values)])
    if present.size == 0:
        yield f"feature {name}: no training row has a value of it; deliver its columns, or remove it from the contract"
    elif present.size == 1:
        yield (
            f"feature {name}: it is {present[0]:g} in every training row that has a value of it, so a model learns "
            "nothing from the value; compare its expression with the delivered values, or remove it from the contract"
        )
    if labels is not None and (auc := separation(values, labels)) >= SEPARATING_AUC:
        yield (
            f"feature {name}: alone it separates {label} (AUC {auc:.4f} on the training rows); if it is known only "
            "after the outcome, no request will have it: remove it from the contract"
        )


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
    _, kind, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[kind]
    hits = int(positive.sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (positive.size - hits)))
