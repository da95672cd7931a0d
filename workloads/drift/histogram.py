"""A sample of one feature (or of the score) as bins, so that another sample can be counted into the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

BINS = 10  # by deciles, the customary number for the PSI; more bins mean more distance by mere chance
MAX_CATEGORIES = 10  # distinct values up to which a feature is a category and each value gets its bin
QUANTILES = 201  # steps of 0.5 %: as far can the Kolmogorov-Smirnov statistic be off
#: The position of a text that no bin has.
OTHER = -1.0
_LARGEST = float(np.finfo(np.float32).max)  # infinities count as this, as in the model matrix


class Kind(StrEnum):
    """How a feature is binned: by deciles, or a bin a value."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """The reference sample of one feature.

    There is always one bin more than `edges`. Numeric: bin i holds edges[i-1] < x <= edges[i]; the first and the last
    are open. A value that a tenth of the rows or more share (a cap, a default, a zero) has a bin of its own: its lower
    edge is the float32 next below it, so that mass which leaves it is seen wherever it goes. Categorical: bin i holds
    x == edges[i]; the last holds all other values, none of which the reference had.
    Of a category of texts edges are positions in `texts`, the commonest ones first; the last bin holds all others.
    `counts` are rows a bin, `missing` rows without a value; `quantiles` are evenly spaced order statistics, from the
    smallest to the largest value (empty if all are missing).
    """

    kind: Kind
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    quantiles: tuple[float, ...]
    texts: tuple[str, ...] = ()

    @staticmethod
    def of(values: Values) -> Histogram:
        """From float64 values (n,), NaN where missing."""
        present = np.sort(present_values(values))
        size = present.size
        distinct, shared = np.unique(present, return_counts=True)
        if distinct.size <= MAX_CATEGORIES:
            kind, edges = Kind.CATEGORICAL, distinct
        else:
            kind, edges = Kind.NUMERIC, _numeric_edges(present, distinct[shared * BINS >= size])
        points = min(QUANTILES, size)
        quantiles = present[np.arange(points) * (size - 1) // max(points - 1, 1)]
        return Histogram(
            kind=kind,
            edges=tuple(edges.tolist()),
            counts=_count(kind, edges, present),
            missing=int(values.size - size),
            quantiles=tuple(quantiles.tolist()),
        )

    @staticmethod
    def of_texts(common: Mapping[str, int], *, present: int, missing: int) -> Histogram:
        """From the commonest texts of a category, MAX_CATEGORIES at most, with their rows; how many rows have any text,
        and how many have none."""
        return Histogram(
            kind=Kind.CATEGORICAL,
            edges=tuple(map(float, range(len(common)))),
            counts=(*common.values(), present - sum(common.values())),
            missing=missing,
            quantiles=(),
            texts=tuple(common),
        )

    def count(self, values: Values) -> tuple[int, ...]:
        """Rows of another sample a bin, and at the end its rows without a value."""
        present = present_values(values)
        return (*_count(self.kind, np.asarray(self.edges), present), int(values.size - present.size))

    @property
    def with_missing(self) -> tuple[int, ...]:
        """The reference's own counts in the form of `count`."""
        return (*self.counts, self.missing)

    @property
    def rows(self) -> int:
        """Rows of the reference."""
        return sum(self.counts) + self.missing

    def labels(self) -> tuple[str, ...]:
        """The bins in words, in the order of `count`."""
        if self.kind is Kind.CATEGORICAL:
            return (*(self.texts or (f"{edge:g}" for edge in self.edges)), "other", "missing")
        own = [bool(_next_below(edge) in self.edges) for edge in self.edges]  # whether a bin is one value's own
        named = [
            f"< {self.edges[i + 1]:.4g}" if own[i + 1 : i + 2] == [True] else f"{'=' if own[i] else '≤'} {edge:.4g}"
            for i, edge in enumerate(self.edges)
        ]
        return (*named, "above", "missing")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        lists = {name: list(item) for name, item in asdict(self).items() if isinstance(item, tuple)}
        if not self.texts:
            del lists["texts"]
        return {"kind": self.kind.value, "missing": self.missing} | lists

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> Histogram:
        """The inverse of `to_dict`."""
        return Histogram(
            kind=Kind(value["kind"]),
            edges=tuple(value["edges"]),
            counts=tuple(value["counts"]),
            missing=value["missing"],
            quantiles=tuple(value["quantiles"]),
            texts=tuple(value.get("texts", ())),
        )


def present_values(values: Values) -> Values:
    """The values that are not missing, as the model matrix has them: float32, infinities as its largest numbers.

    A baseline and live rows are computed by different engines, whose logarithms differ in the last places of float64.
    Of whole numbers' logarithms every value is an edge, so that a hair would move a tenth of the rows to another bin.
    """
    return _as_in_matrix(np.clip(values[~np.isnan(values)], -_LARGEST, _LARGEST))


def _as_in_matrix(values: Values) -> Values:
    return values.astype(np.float32).astype(np.float64)


def _numeric_edges(present: Values, shared: Values) -> Values:
    """The edges for sorted values: the deciles below the largest value, and both edges of each value in `shared`."""
    deciles = present[
        [-(-present.size * step // BINS) - 1 for step in range(1, BINS)]
    ]  # a tenth of the rows up to each
    edges = np.unique(np.concatenate([deciles[deciles < present[-1]], shared, _next_below(shared)]))
    return edges[np.isfinite(edges)]


def _next_below(values: ArrayLike) -> Values:
    """The largest float32 below each value (which is one)."""
    with np.errstate(over="ignore"):  # below the smallest is -inf, which is no edge
        below = np.nextafter(np.asarray(values, dtype=np.float32), np.float32(-np.inf))
    return np.asarray(below, dtype=np.float64)


def _count(kind: Kind, edges: NDArray[np.float64], present: Values) -> tuple[int, ...]:
    index = np.searchsorted(edges, present, side="left")
    if kind is Kind.CATEGORICAL:
        known = np.append(edges, np.nan)[index] == present
        index = np.where(known, index, edges.size)
    return tuple(np.bincount(index, minlength=edges.size + 1).tolist())
