"""How unlike the groups of a segment are treated by a binary decision.

Hardt, Price and Srebro, "Equality of Opportunity in Supervised Learning", NIPS 2016; names and definitions are
fairlearn's, which gives the same numbers (tested).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workloads.evaluation.segments import of_each

Array = NDArray[Any]
#: Rows from which on a group is compared: the share of fewer is mostly chance (its standard error is up to 0.09).
COMPARED: Final = 30


def disparities(labels: Array, decisions: Array, groups: Sequence[Any]) -> dict[str, float]:
    """By metric (`contracts.fairness`) how far the groups are apart; NaN of what fewer than two groups have.

    Labels and decisions (n,) are 0 and 1; groups (n,) are texts or numbers, None where missing.
    """
    selected, recall, false_alarms = list[float](), list[float](), list[float]()
    for _, here in of_each(groups):
        if here.sum() < COMPARED:
            continue
        selected.append(float(decisions[here].mean()))
        for rates, label in ((recall, 1), (false_alarms, 0)):
            among = here & (labels == label)
            if among.any():
                rates.append(float(decisions[among].mean()))
    opportunity, alarms = _difference(recall), _difference(false_alarms)
    return {
        "demographic_parity_difference": _difference(selected),
        "disparate_impact": _ratio(selected),
        "equal_opportunity_difference": opportunity,
        "equalized_odds_difference": float(np.maximum(opportunity, alarms)),  # NaN where one of both is
    }


def _difference(rates: Sequence[float]) -> float:
    return max(rates) - min(rates) if len(rates) > 1 else float("nan")


def _ratio(rates: Sequence[float]) -> float:
    """1 where nobody is selected at all."""
    if len(rates) < 2:
        return float("nan")
    return min(rates) / max(rates) if max(rates) else 1.0
