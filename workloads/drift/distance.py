"""Distances between a reference sample and a live one. All take plain arrays and know nothing of contracts.

Counts are those of the same bins in both samples (see `histogram`); each sample needs at least one row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# An empty bin has no logarithm. The floor bounds what one bin can add to the PSI at about 9 times its share.
PSI_FLOOR = 1e-4


def population_stability_index(reference: ArrayLike, live: ArrayLike) -> float:
    """PSI of two histograms: sum of (q - p) ln(q / p) over the bins' shares p (reference) and q (live), >= 0.

    Symmetric. Shares below `PSI_FLOOR` count as that. Customary reading: below 0.1 stable, above 0.25 a marked shift
    (N. Siddiqi, Credit Risk Scorecards, 2006; for its distribution under no shift see B. Yurdakul, Statistical
    Properties of Population Stability Index, 2018).
    """
    p, q = (np.maximum(_shares(counts), PSI_FLOOR) for counts in (reference, live))
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon_distance(reference: ArrayLike, live: ArrayLike) -> float:
    """Square root of the Jensen-Shannon divergence to base 2 of two histograms: 0 for equal shares, 1 for disjoint
    ones.

    A metric, so symmetric, and defined without smoothing where bins are empty (J. Lin, Divergence Measures Based on the
    Shannon Entropy, 1991; D. Endres and J. Schindelin, A New Metric for Probability Distributions, 2003).
    """
    p, q = _shares(reference), _shares(live)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(np.clip(divergence, 0.0, 1.0)))  # rounding may leave it a hair outside


def kolmogorov_smirnov(reference: ArrayLike, live: ArrayLike) -> float:
    """The two-sample Kolmogorov-Smirnov statistic: the largest gap between the empirical distribution functions, 0 to
    1.

    Takes values, not counts; both without NaN and not empty.
    """
    a, b = np.sort(np.asarray(reference, dtype=float)), np.sort(np.asarray(live, dtype=float))
    points = np.concatenate([a, b])
    gaps = np.searchsorted(a, points, side="right") / a.size - np.searchsorted(b, points, side="right") / b.size
    return float(np.max(np.abs(gaps)))


def _shares(counts: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(counts, dtype=float)
    total = array.sum()
    if total <= 0:
        raise ValueError(f"counts {array.tolist()} have no row; at least one is needed")
    return array / total


def _relative_entropy(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Kullback-Leibler divergence to base 2; q is positive wherever p is."""
    filled = p > 0
    return float(np.sum(p[filled] * np.log2(p[filled] / q[filled])))
