"""How unlike the groups of a segment are treated by a binary decision.

Hardt, Price and Srebro, "Equality of Opportunity in Supervised Learning", NIPS 2016; names and definitions are
fairlearn's, which gives the same numbers (tested).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workloads.evaluation.segments import Groups

Array = NDArray[Any]
#: Rows from which on a group is compared: the share of fewer is mostly chance (its standard error is up to 0.09).
COMPARED: Final = 30


def disparities(labels: Array, decisions: Array, groups: Groups) -> dict[str, float]:
    """By metric (`contracts.fairness`) how far the groups are apart; NaN of what fewer than two groups have.

    Labels and decisions (n,) are 0 and 1.
    """
    of_classes = disparities_by_class(labels, decisions, 2, groups)
    return {metric: float(values[1]) for metric, values in of_classes.items()}


def disparities_by_class(labels: Array, decisions: Array, classes: int, groups: Groups) -> dict[str, Array]:
    """As `disparities` (classes,), of the decision for each class against all others.

    Labels and decisions (n,) are positions of classes.
    """
    numbers, count, kept = _compared(groups)
    cells, labels, decisions = numbers * classes, labels[kept].astype(int), decisions[kept].astype(int)

    def counted(positions: Array) -> Array:
        return np.bincount(positions, minlength=count * classes).reshape(count, classes)

    said, true = counted(cells + decisions), counted(cells + labels)
    right = counted((cells + labels)[labels == decisions])
    rows = np.bincount(numbers, minlength=count)[:, None]
    selected = _rates(said, rows)
    opportunity, alarms = _apart(_rates(right, true)), _apart(_rates(said - right, rows - true))
    return {
        "demographic_parity_difference": _apart(selected),
        "disparate_impact": _ratio(selected),
        "equal_opportunity_difference": opportunity,
        "equalized_odds_difference": np.maximum(opportunity, alarms),  # NaN where one of both is
    }


def _compared(groups: Groups) -> tuple[Array, int, Array]:
    """Of the rows in groups that are compared: the number of the group among them, of how many, and which rows."""
    large = groups.sizes >= COMPARED
    kept = large[groups.numbers]
    return (np.cumsum(large) - 1)[groups.numbers[kept]], int(large.sum()), kept


def _rates(parts: Array, wholes: Array) -> Array:
    """NaN where there is nothing to divide by."""
    return np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)


def _apart(rates: Array) -> Array:
    """The largest less the smallest of the rates (groups, classes) of each class."""
    return _of_two(rates, np.fmax.reduce(rates, initial=-np.inf) - np.fmin.reduce(rates, initial=np.inf))


def _ratio(rates: Array) -> Array:
    """The smallest over the largest of each class; 1 where nobody is selected at all."""
    least, most = np.fmin.reduce(rates, initial=np.inf), np.fmax.reduce(rates, initial=-np.inf)
    return _of_two(rates, np.divide(least, most, out=np.ones(least.shape), where=most > 0))


def _of_two(rates: Array, found: Array) -> Array:
    """NaN where fewer than two groups have a rate."""
    return np.where(np.isfinite(rates).sum(axis=0) > 1, found, np.nan)
