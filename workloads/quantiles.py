"""Quantiles of labels that are numbers, as a verdict and a manifest tell them: of any number of rows in one pass.

Of many rows some are drawn, by their position and nothing else, so that the same rows give the same quantiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from contracts.datasets import DRAWN_ROWS, QUANTILES

Values = np.ndarray[Any, np.dtype[np.float64]]
#: Of SplitMix64 (Steele and others, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014): position -> mark.
_STEP, _FIRST, _SECOND = (np.uint64(each) for each in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Quantiles:
    """Of the values seen so far. The rows with the smallest marks are kept, DRAWN_ROWS at most."""

    def __init__(self) -> None:
        self._rows = 0
        self._below = np.uint64(2**64 - 1)
        self._values: Values = np.empty(0)
        self._marks = np.empty(0, dtype=np.uint64)

    def add(self, values: np.ndarray[Any, Any]) -> None:
        """The next rows (n,), none of which is missing."""
        marks = _marks(self._rows, len(values))
        self._rows += len(values)
        kept = marks <= self._below
        self._values = np.concatenate([self._values, values[kept].astype(np.float64)])
        self._marks = np.concatenate([self._marks, marks[kept]])
        while len(self._values) > DRAWN_ROWS:
            self._below //= np.uint64(2)
            kept = self._marks <= self._below
            self._values, self._marks = self._values[kept], self._marks[kept]

    def told(self) -> list[float]:
        """QUANTILES evenly spaced order statistics from the least to the largest, or all of fewer rows."""
        ordered = np.sort(self._values)
        positions = np.linspace(0, len(ordered) - 1, min(QUANTILES, len(ordered)))
        return ordered[positions.round().astype(int)].tolist()


def _marks(first: int, count: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    mixed = (np.arange(first, first + count, dtype=np.uint64) + np.uint64(1)) * _STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))
