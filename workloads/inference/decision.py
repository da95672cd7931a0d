"""The decision on a score, defined once for the service, batches and the evaluation.

A score is float32. As a float64 it is what a client reads, and so it is compared with the contract's threshold, which
is float64: float32(0.7) is 0.699999988 and lies below 0.7. numpy would narrow the threshold instead, and call it equal.
"""

from __future__ import annotations

from collections.abc import Callable


def decider(threshold: float) -> Callable[[float], bool]:
    """A function that says whether a score (a Python float) is at or above `threshold`: positive."""
    return float(threshold).__le__
