from __future__ import annotations

import pytest

from local.emulator.cloudwatch.series import Sample, percentile_of, statistic


def single(value: float) -> Sample:
    return Sample(time=0, count=1, total=value, minimum=value, maximum=value)


VALUES = [single(float(n)) for n in range(1, 101)]
BATCH = Sample(time=0, count=4, total=10, minimum=1, maximum=4)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Average", 50.5),
        ("Sum", 5050.0),
        ("Minimum", 1.0),
        ("Maximum", 100.0),
        ("SampleCount", 100),
        ("p50", 50.5),
        ("p99", 99.01),
        ("p100", 100.0),
    ],
)
def test_statistics_of_single_values(name: str, expected: float) -> None:
    assert statistic(name, VALUES) == pytest.approx(expected)


def test_statistics_of_values_and_batches_together() -> None:
    together = [single(10.0), BATCH]
    found = {name: statistic(name, together) for name in ("Average", "Sum", "Minimum", "Maximum", "SampleCount")}
    assert found == {"Average": 4.0, "Sum": 20.0, "Minimum": 1.0, "Maximum": 10.0, "SampleCount": 5}


def test_a_percentile_of_a_batch_is_unknown_unless_its_values_are_equal() -> None:
    assert statistic("p99", [BATCH]) is None
    assert statistic("p99", [Sample(time=0, count=3, total=6, minimum=2, maximum=2)]) == 2


def test_without_samples_there_is_no_statistic() -> None:
    assert statistic("Sum", []) is None


def test_an_unknown_statistic_is_named_with_the_allowed_ones() -> None:
    with pytest.raises(
        ValueError, match=r"^statistic is 'tm90', allowed are Average, Sum, .* and percentiles such as p99$"
    ):
        statistic("tm90", VALUES)


@pytest.mark.parametrize(
    ("name", "rank"), [("p99", 99.0), ("p99.9", 99.9), ("p5", 5.0), ("Average", None), ("p101", None)]
)
def test_percentile_names(name: str, rank: float | None) -> None:
    assert percentile_of(name) == rank
