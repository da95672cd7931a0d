"""How unlike the groups of a segment are treated, by decisions or by numbers.

Hardt, Price and Srebro, "Equality of Opportunity in Supervised Learning", NIPS 2016; names and definitions of decisions
are fairlearn's, which gives the same numbers (tested).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contracts.fairness import METRICS
from contracts.schema import Task
from workloads.evaluation.segments import Groups

Array = NDArray[Any]
#: Rows from which on a group is compared: the share of fewer is mostly chance (its standard error is up to 0.09).
COMPARED: Final = 30


@dataclass(frozen=True, kw_only=True)
class Disparities:
    """By metric (`contracts.fairness`) how far the groups are apart; NaN of what fewer than two groups have.

    Of several classes `by_class` has the figures of each, and `values` those of the worst.
    """

    values: Mapping[str, float]
    by_class: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])

    def worst(self, metric: str) -> str:
        """The class whose figure counts: one that nobody can compare, else the one furthest from equal; "" of one."""
        figures = {name: each[metric] for name, each in self.by_class.items()}
        return _worst(metric, figures) if figures else ""


def of_decisions(labels: Array, decisions: Array, groups: Groups) -> Disparities:
    """Of a binary decision; labels and decisions (n,) are 0 and 1."""
    found = _of_classes(labels, decisions, 2, groups)
    return Disparities(values={metric: float(values[1]) for metric, values in found.items()})


def of_classes(labels: Array, decisions: Array, names: Sequence[str], groups: Groups) -> Disparities:
    """Of the decision for each class against all others; labels and decisions (n,) are positions of the names."""
    found = _of_classes(labels, decisions, len(names), groups)
    by_class = {
        name: {metric: float(values[position]) for metric, values in found.items()}
        for position, name in enumerate(names)
    }
    worst = {metric: _worst(metric, {name: each[metric] for name, each in by_class.items()}) for metric in found}
    return Disparities(
        values={metric: by_class[name][metric] for metric, name in worst.items()},
        by_class=by_class,
    )


def of_numbers(labels: Array, predictions: Array, groups: Groups) -> Disparities:
    """Of numbers (n,): how unlike they are, how wrong on either side, and how wrong at all."""
    numbers, count, kept = _compared(groups)
    said = predictions[kept].astype(np.float64)
    error, rows = said - labels[kept], np.bincount(numbers, minlength=count)
    measured = {"mean_prediction_difference": said, "bias_difference": error, "mae_difference": np.abs(error)}
    means = np.stack([np.bincount(numbers, weights=each, minlength=count) / rows for each in measured.values()], axis=1)
    return Disparities(values=dict(zip(measured, _apart(means).tolist(), strict=True)))


def _worst(metric: str, figures: Mapping[str, float]) -> str:
    """What is no number comes first."""
    is_largest = METRICS[Task.MULTICLASS_CLASSIFICATION][metric].ends == ("max",)
    values = np.array(list(figures.values()))
    return list(figures)[int(values.argmax() if is_largest else values.argmin())]


def _of_classes(labels: Array, decisions: Array, classes: int, groups: Groups) -> dict[str, Array]:
    """By metric that of the decision for each class (classes,) against all others."""
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
