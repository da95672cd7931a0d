"""Confidence intervals of what is no mean of rows, by drawing entities again (Efron, The Annals of Statistics 7, 1979).

All that is asked of the rows are sums: of each draw they follow from those of its entities, so that no row is ever
copied. Of many entities blocks are drawn, each of so many entities by chance (random groups: Wolter, Introduction to
Variance Estimation, 2007, chapter 2), so that a million entities take hardly more time and memory than two thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workloads.evaluation.intervals import CONFIDENCE, Interval

Array = NDArray[Any]
#: From sums (..., k) what is estimated (...): of all rows, and of each draw.
Statistic = Callable[[Array], Array]
DRAWS: Final = 1_000
#: Blocks that are drawn; the spread that so many show is known to 1.6 % (one over the root of twice their number).
MOST_BLOCKS: Final = 2_000
_SEED: Final = 7


@dataclass(frozen=True, kw_only=True)
class Draws:
    """`blocks` (n,) are those that the rows belong to, `weights` (draws, blocks) how often each draw has each."""

    blocks: Array
    weights: Array

    def sums(self, cells: Array, count: int, values: Array | None = None) -> Array:
        """The rows (blocks, count) of each block in each of so many cells, or the sums of their values (n,) there."""
        places = self.blocks * count + cells.astype(np.int64)
        found = np.bincount(places, weights=values, minlength=self.weights.shape[1] * count)
        return found.reshape(-1, count).astype(np.float64)

    def share(self, sums: Array, statistic: Statistic, *, moved: bool = False) -> Interval:
        """Of a statistic between 0 and 1 of the sums (blocks, k); `moved` says that chance moves it to one side.

        The ends are those of the middle 95 % of the draws, or where it is moved the wider ones of these and of those
        that are mirrored at the estimate, for the draws are moved a second time (the basic bootstrap: Davison and
        Hinkley, Bootstrap Methods and their Application, 1997, section 5.2.1). The estimate is always within.
        """
        return _interval(float(statistic(sums.sum(axis=0))), statistic(self.weights @ sums), high=1.0, moved=moved)

    def distance(self, gaps: Array, rows: Array, scale: Statistic, *, high: float = np.inf) -> Interval:
        """Of the sum of the absolute gaps, each summed over the rows (blocks, k), over a scale of sums (blocks, l).

        Chance alone makes gaps, so draws are never near 0. Where what is found is no more than the distance of the
        draws from it, which is what chance makes, the lower end is 0. Infinite where only the scale is 0.
        """
        found, of_all = gaps.sum(axis=0), scale(rows.sum(axis=0))
        drawn = self.weights @ gaps
        value = float(_over(np.abs(found).sum(), of_all))
        draws = _over(np.abs(drawn).sum(axis=1), scale(self.weights @ rows))
        chance = np.quantile(_over(np.abs(drawn - found).sum(axis=1), of_all), CONFIDENCE, method="inverted_cdf")
        ends = _interval(value, draws, high=high, moved=True)
        return Interval(value=value, low=0.0 if value <= chance else ends.low, high=ends.high)


def of(entities: Array) -> Draws:
    """Draws of the entities (n,) of rows; the same for the same rows in the same order."""
    random = np.random.default_rng(_SEED)
    owners = np.unique(entities, return_inverse=True)[1]
    count = int(owners.max()) + 1
    blocks = min(count, MOST_BLOCKS)
    weights = random.multinomial(blocks, np.full(blocks, 1 / blocks), size=DRAWS)
    of_owner = random.permutation(count) % blocks
    return Draws(blocks=of_owner[owners], weights=weights.astype(np.float64))


def _interval(value: float, draws: Array, *, high: float, moved: bool) -> Interval:
    if not np.isfinite(value):
        return Interval(value=value, low=value, high=value)
    tail = (1 - CONFIDENCE) / 2
    least, most = np.quantile(draws, [tail, 1 - tail], method="inverted_cdf").tolist()  # infinities stay apart
    lows, highs = ([least, 2 * value - most], [most, 2 * value - least]) if moved else ([least], [most])
    return Interval(value=value, low=max(0.0, min(value, *lows)), high=min(high, max(value, *highs)))


def _over(distances: Array, scales: Array) -> Array:
    """No distance is none on any scale."""
    nothing = np.where(distances == 0, 0.0, np.inf)
    return np.divide(distances, scales, out=nothing, where=scales > 0)
