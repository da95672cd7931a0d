"""Bins of a reference sample, and another sample counted into them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.drift.distance import jensen_shannon_distance
from workloads.drift.histogram import Histogram, Kind

VALUES = st.lists(st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers(-3, 3).map(float)), max_size=60)


def test_a_numeric_sample_is_cut_at_its_deciles() -> None:
    histogram = Histogram.of(np.append(np.arange(1.0, 101.0), [np.nan, np.nan]))
    assert histogram.kind is Kind.NUMERIC
    assert histogram.edges == tuple(range(10, 100, 10))
    assert histogram.counts == (10,) * 10
    assert (histogram.missing, histogram.rows) == (2, 102)
    assert (histogram.quantiles[0], histogram.quantiles[-1], len(histogram.quantiles)) == (1.0, 100.0, 100)
    assert histogram.labels()[:2] + histogram.labels()[-3:] == ("≤ 10", "≤ 20", "≤ 90", "above", "missing")


def test_bin_edges_belong_to_the_bin_below() -> None:
    histogram = Histogram.of(np.arange(1.0, 101.0))
    assert histogram.count(np.array([-5.0, 10.0, 10.1, 90.0, 90.1, 1e9, np.nan])) == (2, 1, 0, 0, 0, 0, 0, 0, 1, 2, 1)


def test_few_values_have_a_bin_each_and_one_for_all_others() -> None:
    histogram = Histogram.of(np.array([2.0, 0.0, 0.0, 1.0, np.nan]))
    assert histogram.kind is Kind.CATEGORICAL
    assert (histogram.edges, histogram.counts, histogram.missing) == ((0.0, 1.0, 2.0), (2, 1, 1, 0), 1)
    assert histogram.count(np.array([0.0, 2.0, 7.0, 0.5, -1.0, np.nan])) == (1, 0, 1, 3, 1)
    assert histogram.labels() == ("0", "1", "2", "other", "missing")


def below(value: float) -> float:
    """The float32 next below `value`."""
    return float(np.nextafter(np.float32(value), np.float32(-np.inf)))


def test_a_value_that_a_tenth_of_the_rows_share_has_a_bin_of_its_own() -> None:
    values = np.concatenate([np.zeros(500), np.linspace(1, 2, 100), np.full(400, 9.0)])
    histogram = Histogram.of(values)
    assert histogram.edges == (below(0), 0.0, 2.0, below(9), 9.0)
    assert histogram.counts == (0, 500, 100, 0, 400, 0)
    assert histogram.labels() == ("< 0", "= 0", "≤ 2", "< 9", "= 9", "above", "missing")


def test_most_rows_at_the_largest_value() -> None:
    histogram = Histogram.of(np.append(np.arange(11.0), np.full(1000, 50.0)))
    assert (histogram.edges, histogram.counts) == ((below(50), 50.0), (11, 1000, 0))
    assert histogram.labels() == ("< 50", "= 50", "above", "missing")
    assert histogram.count(np.array([0.0, 49.0, 50.0, 51.0, np.nan])) == (2, 1, 1, 1)


def test_a_value_of_fewer_rows_has_none() -> None:
    values = np.append(np.arange(1.0, 902.0), np.full(99, 1000.0))  # 99 of 1000, where 100 are a tenth
    assert Histogram.of(values).edges == tuple(range(100, 1000, 100))
    assert Histogram.of(np.append(values[1:], 1000.0)).edges[-2:] == (below(1000), 1000.0)


@pytest.mark.parametrize("shared", [-np.inf, -7.5, 0.0, 2.5, np.inf])
@pytest.mark.parametrize("goes_to", [-8.0, -0.5, 2.0, 3.0, 1e9])
def test_mass_that_leaves_a_shared_value_is_seen_wherever_it_goes(shared: float, goes_to: float) -> None:
    spread = np.linspace(-5, 5, 151)
    histogram = Histogram.of(np.append(spread, np.full(850, shared)))
    live = np.append(spread, np.full(850, goes_to))
    assert jensen_shannon_distance(histogram.with_missing, histogram.count(live)) > 0.8


def test_nothing_but_missing_values() -> None:
    histogram = Histogram.of(np.full(3, np.nan))
    assert (histogram.edges, histogram.counts, histogram.missing, histogram.quantiles) == ((), (0,), 3, ())
    assert histogram.count(np.array([1.0, np.nan])) == (1, 1)


def test_quantiles_represent_a_large_sample() -> None:
    values = np.random.default_rng(0).normal(size=50_000).astype(np.float32).astype(np.float64)
    quantiles = np.array(Histogram.of(values).quantiles)
    assert len(quantiles) == 201
    assert quantiles[100] == np.quantile(values, 0.5, method="inverted_cdf")
    assert (quantiles[0], quantiles[-1]) == (values.min(), values.max())


@given(VALUES, VALUES)
def test_every_row_is_in_one_bin_and_json_brings_it_back(reference: list[float], live: list[float]) -> None:
    histogram = Histogram.of(np.array(reference, dtype=float))
    assert histogram.rows == len(reference)
    assert sum(histogram.count(np.array(live, dtype=float))) == len(live)
    assert histogram.count(np.array(reference, dtype=float)) == histogram.with_missing
    assert len(histogram.labels()) == len(histogram.with_missing)
    assert Histogram.from_dict(json.loads(json.dumps(histogram.to_dict(), allow_nan=False))) == histogram


@pytest.mark.parametrize("distinct", [5, 40])
@pytest.mark.parametrize("towards", [-np.inf, np.inf])
def test_the_last_places_of_another_engine_move_nothing(distinct: int, towards: float) -> None:
    values = np.log1p(np.arange(1000.0) % distinct)  # every edge is a value, so a hair would move all rows of it
    histogram = Histogram.of(values)
    assert histogram.count(np.nextafter(np.nextafter(values, towards), towards)) == histogram.with_missing
