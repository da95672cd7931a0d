"""Estimates on test rows with confidence intervals that know which rows belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from workloads.job import UserError

Array = NDArray[Any]
CONFIDENCE = 0.95


class TooFewError(UserError):
    """A test set on which nothing can be measured."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate and the ends of its two-sided 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The candidate against the champion on the same rows.

    `metric` is what is compared, `candidate - champion` or another distance of both in `difference`, and `bound` the
    metric of the contract whose max says how much worse it may be. `larger_is_better` says which way worse is.
    """

    metric: str
    bound: str
    champion: Interval
    difference: Interval
    larger_is_better: bool

    @property
    def worst(self) -> float:
        """How much worse the candidate may be, at the end of the interval that speaks against it."""
        return -self.difference.low if self.larger_is_better else self.difference.high

    @property
    def expected(self) -> float:
        """How much worse the candidate is by the estimate."""
        return -self.difference.value if self.larger_is_better else self.difference.value


def around(value: Any, variance: Any, *, low: float, high: float) -> Interval:
    """The interval of a normal estimate, within the range of what is estimated."""
    center = float(np.squeeze(value))
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * float(np.sqrt(np.squeeze(variance)))
    return Interval(value=center, low=max(low, center - half), high=min(high, center + half))


def mean(values: Array, entities: Array, *, low: float = -np.inf, high: float = np.inf) -> Interval:
    """The mean of `values` (n,), where rows of one entity depend on each other (sandwich variance by clusters)."""
    center = float(values.mean())
    return around(center, _variance(values - center, entities), low=low, high=high)


def ratio(losses: Array, others: Array, entities: Array) -> Interval:
    """mean(losses) / mean(others) - 1 of two losses (n,) of the same rows, by linearisation (the delta method).

    The losses are correlated, which makes the interval narrow. Infinite where only the others are without loss.
    """
    total = float(others.mean())
    if total == 0:
        worse = 0.0 if losses.mean() == 0 else np.inf
        return Interval(value=worse, low=worse, high=worse)
    found = float(losses.mean()) / total
    influence = (losses - found * others) / total
    return around(found - 1, _variance(influence, entities), low=-1.0, high=np.inf)


def explained(losses: Array, least: Array, entities: Array) -> Interval:
    """1 - mean(losses) / mean(least): the share of the loss (n,) of the best constant answer that a model explains."""
    increase = ratio(losses, least, entities)
    return Interval(value=-increase.value, low=-increase.high, high=-increase.low)


def loss_increase(metric: str, losses: Array, others: Array, entities: Array) -> Comparison:
    """A candidate against the champion by their losses (n,) of the same rows, as a share of the champion's."""
    return Comparison(
        metric=metric,
        bound="loss_increase",
        champion=mean(others, entities, low=0.0),
        difference=ratio(losses, others, entities),
        larger_is_better=False,
    )


def _variance(influence: Array, entities: Array) -> float:
    """Of a mean whose rows have this influence (n,), which adds up to 0: the sums of the entities are independent."""
    owners = np.unique(entities, return_inverse=True)[1]
    sums = np.bincount(owners, weights=influence)
    if sums.size < 2:
        raise TooFewError(
            f"the test set has rows of {sums.size} entity; at least 2 are needed; give more data, or a larger "
            "split.test in the contract"
        )
    return float(np.square(sums).sum()) * sums.size / (sums.size - 1) / influence.size**2
