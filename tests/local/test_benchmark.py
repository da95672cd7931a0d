"""The program takes little more than the SDK does for as many plain resources, and grows with its endpoints alone."""

from __future__ import annotations

import pytest

from local.benchmark.__main__ import MOST_GROWTH, MOST_TIMES, against_plain, growth, with_endpoints
from local.runtime import Stack

pytestmark = pytest.mark.full


def test_the_program_takes_little_more_than_as_many_plain_resources() -> None:
    assert against_plain(rounds=2) < MOST_TIMES


def test_each_endpoint_takes_as_long_as_the_ones_before() -> None:
    assert growth(rounds=3) < MOST_GROWTH


def test_endpoints_are_of_one_workload() -> None:
    assert list(Stack("prod", config_overrides=with_endpoints(3)).workloads["churn"]["endpoints"]) == ["e1", "e2", "e3"]
