"""The distances, against scipy, by hand, and by their properties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from workloads.drift.distance import jensen_shannon_distance, kolmogorov_smirnov, population_stability_index

COUNTS = st.lists(st.integers(0, 1000), min_size=5, max_size=5).filter(any)
SAMPLE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)

BY_HAND = [
    # (0.6-0.5) ln(0.6/0.5) + (0.4-0.5) ln(0.4/0.5) = 0.1 ln 1.2 - 0.1 ln 0.8 = 0.1 ln 1.5
    ([50, 50], [60, 40], 0.1 * math.log(1.5)),
    # 0.3 ln 4 - 0.1 ln(3/4) - 0.2 ln(1/3)
    ([10, 40, 30, 20], [40, 30, 10, 20], 0.3 * math.log(4) - 0.1 * math.log(3 / 4) - 0.2 * math.log(1 / 3)),
    ([1, 1], [500, 500], 0.0),
    # an empty bin counts as one in ten thousand: (0.5 - 0.0001) ln(0.5 / 0.0001) + (0.5 - 1) ln(0.5 / 1)
    ([0, 10], [5, 5], 0.4999 * math.log(5000) + 0.5 * math.log(2)),
]


@pytest.mark.parametrize(("reference", "live", "expected"), BY_HAND)
def test_psi_by_hand(reference: list[int], live: list[int], expected: float) -> None:
    assert population_stability_index(reference, live) == pytest.approx(expected, abs=1e-12)


@given(COUNTS, COUNTS)
def test_jensen_shannon_is_scipys(reference: list[int], live: list[int]) -> None:
    expected = jensenshannon(reference, live, base=2)
    assert jensen_shannon_distance(reference, live) == pytest.approx(expected, abs=1e-7)


@pytest.mark.filterwarnings("ignore:divide by zero")  # scipy's p-value of samples of one; only the statistic is used
@given(SAMPLE, SAMPLE)
def test_kolmogorov_smirnov_is_scipys(reference: list[float], live: list[float]) -> None:
    expected: Any = ks_2samp(reference, live, method="asymp")
    assert kolmogorov_smirnov(reference, live) == pytest.approx(expected.statistic, abs=1e-12)


@given(COUNTS, st.integers(1, 50))
def test_equal_shares_have_no_distance(counts: list[int], factor: int) -> None:
    scaled = [count * factor for count in counts]
    assert jensen_shannon_distance(counts, scaled) == pytest.approx(0.0, abs=1e-7)
    assert population_stability_index(counts, scaled) == pytest.approx(0.0, abs=1e-9)


@given(COUNTS, COUNTS)
def test_symmetric_and_bounded(a: list[int], b: list[int]) -> None:
    assert 0.0 <= jensen_shannon_distance(a, b) <= 1.0
    assert jensen_shannon_distance(a, b) == pytest.approx(jensen_shannon_distance(b, a), abs=1e-9)
    assert population_stability_index(a, b) >= 0.0
    assert population_stability_index(a, b) == pytest.approx(population_stability_index(b, a), rel=1e-9)


@given(COUNTS, COUNTS, COUNTS)
def test_jensen_shannon_is_a_metric(a: list[int], b: list[int], c: list[int]) -> None:
    direct = jensen_shannon_distance(a, c)
    assert direct <= jensen_shannon_distance(a, b) + jensen_shannon_distance(b, c) + 1e-9


@given(SAMPLE, SAMPLE)
def test_kolmogorov_smirnov_properties(a: list[float], b: list[float]) -> None:
    assert kolmogorov_smirnov(a, a * 2) == 0.0
    assert 0.0 <= kolmogorov_smirnov(a, b) <= 1.0
    assert kolmogorov_smirnov(a, b) == pytest.approx(kolmogorov_smirnov(b, a), abs=1e-12)


def test_disjoint_samples_are_as_far_as_can_be() -> None:
    assert jensen_shannon_distance([1, 0], [0, 1]) == 1.0
    assert kolmogorov_smirnov([1.0, 2.0, 3.0], [4.0, 5.0]) == 1.0


def test_a_larger_shift_is_a_larger_distance() -> None:
    random = np.random.default_rng(0)
    edges = np.linspace(-4, 8, 30)
    reference = random.normal(size=20_000)
    samples = [random.normal(shift, size=20_000) for shift in (0.0, 0.2, 0.5, 1.0, 3.0)]
    before, after = np.histogram(reference, edges)[0], [np.histogram(sample, edges)[0] for sample in samples]
    for distances in (
        [jensen_shannon_distance(before, counts) for counts in after],
        [population_stability_index(before, counts) for counts in after],
        [kolmogorov_smirnov(reference, sample) for sample in samples],
    ):
        assert distances == sorted(distances)
        assert distances[0] < 0.05


@pytest.mark.parametrize("distance", [jensen_shannon_distance, population_stability_index])
def test_no_rows_are_an_error(distance: object) -> None:
    assert callable(distance)
    with pytest.raises(ValueError, match=r"^counts \[0.0, 0.0\] have no row; at least one is needed$"):
        distance([1, 2], [0, 0])
