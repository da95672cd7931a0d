"""The decision threshold with the least cost on the validation part.

Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001: were scores the true probabilities, to act at
false_positive / (false_positive + false_negative) would cost least. They are not quite, so the costs are counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.schema import Cost

Array = NDArray[Any]


def least_cost(labels: Array, scores: Array, cost: Cost) -> float:
    """The threshold in (0, 1) at or above which to act costs least; labels (n,) are 0 and 1, scores (n,) float32.

    All thresholds between two neighbouring scores decide alike. Of the intervals that cost least the one nearest to
    Elkan's threshold is taken: that threshold if it lies there, else the middle, where no score is near.
    """
    ideal = cost.false_positive / (cost.false_positive + cost.false_negative)
    order = np.argsort(scores, kind="stable")
    ordered, positive = scores[order].astype(np.float64), labels[order] == 1
    edges = np.unique(ordered)
    below = np.searchsorted(ordered, edges)  # rows that are not acted on at this edge
    passed = np.concatenate([[0], np.cumsum(positive)])
    overlooked = np.concatenate([passed[below], passed[-1:]])
    acted = len(ordered) - np.concatenate([below, [len(ordered)]])
    alarms = acted - (passed[-1] - overlooked)
    total = cost.false_negative * overlooked + cost.false_positive * alarms
    low, high = np.concatenate([[0.0], edges]), np.concatenate([edges, [1.0]])
    possible = high > low  # a score of 0, or of 1, leaves no room on its outer side
    least = np.flatnonzero(possible & (total == total[possible].min()))
    inside = least[(low[least] < ideal) & (ideal <= high[least])]
    if inside.size:
        return float(ideal)
    middles = (low[least] + high[least]) / 2
    return float(middles[np.abs(middles - ideal).argmin()])
