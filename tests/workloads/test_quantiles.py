"""Quantiles of a column that is seen a batch at a time."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.datasets import DRAWN_ROWS, QUANTILES
from workloads.quantiles import Quantiles


def told(values: np.ndarray[tuple[int], np.dtype[np.float64]], batch: int) -> list[float]:
    quantiles = Quantiles()
    for start in range(0, len(values), batch):
        quantiles.add(values[start : start + batch])
    return quantiles.told()


def test_few_rows_are_told_whole_and_none_of_no_rows() -> None:
    assert told(np.array([3.0, 1.0, 2.0]), 2) == [1.0, 2.0, 3.0]
    assert Quantiles().told() == []


def test_of_more_rows_they_are_evenly_spaced_order_statistics() -> None:
    values = np.random.default_rng(1).permutation(2_001.0 * np.ones(2_001).cumsum() / 2_001 - 1)
    assert told(values, 500) == pytest.approx([10.0 * step for step in range(QUANTILES)])


@pytest.mark.parametrize("period", [1, 2, 7, 12, 64])
def test_of_very_many_rows_some_are_drawn_whatever_their_order_and_the_batches(period: int) -> None:
    """Rows of one entity follow each other: each has a first, a second and so on, which differ."""
    rows = 5 * DRAWN_ROWS
    values = np.arange(rows) % period + np.arange(rows) / rows
    found = told(values, 50_000)
    assert found == told(values, 7_919)
    exact = np.quantile(values, np.linspace(0, 1, QUANTILES))
    ranks = np.searchsorted(np.sort(values), found) / rows
    assert np.abs(ranks - np.linspace(0, 1, QUANTILES)).max() < 0.01
    assert found[QUANTILES // 2] == pytest.approx(exact[QUANTILES // 2], abs=0.02 * period)
