"""Endpoints that are functions: every fault with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from settings import ConcurrencyScaling, Lambda
from tests.settings.written import LIVE, faults, live, load


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        (
            {"provisioned_concurrency": 30},
            "provisioned_concurrency: found 30; allowed: at most max_concurrency (20); keep fewer warm or raise "
            "max_concurrency",
        ),
        (
            {"autoscaling": {"maximum": 9}},
            'autoscaling: found {"maximum": 9}; allowed: with provisioned_concurrency; say the fewest kept warm',
        ),
        (
            {"provisioned_concurrency": 3, "autoscaling": {"maximum": 2}},
            "autoscaling.maximum: found 2; allowed: provisioned_concurrency (3) to max_concurrency (20); move one of "
            "the three",
        ),
        (
            {"provisioned_concurrency": 3, "autoscaling": {"maximum": 21}},
            "autoscaling.maximum: found 21; allowed: provisioned_concurrency (3) to max_concurrency (20); move one of "
            "the three",
        ),
        (
            {
                "provisioned_concurrency": 3,
                "autoscaling": {"maximum": 9, "schedules": [{"at": "08:00", "minimum": 5, "maximum": 21}]},
            },
            "autoscaling.schedules[0].maximum: found 21; allowed: at most max_concurrency (20); move one of the two",
        ),
        (
            {
                "provisioned_concurrency": 3,
                "autoscaling": {
                    "maximum": 9,
                    "schedules": [{"at": "08:00", "minimum": least, "maximum": 9} for least in (1, 2)],
                },
            },
            'autoscaling.schedules: found ["08:00"]; allowed: each once; remove the repetition',
        ),
        (
            {"rollout": {"kind": "canary", "bake_minutes": 7}},
            "rollout.bake_minutes: found 7; allowed: 5, 10, 15, 30",
        ),
        ({"memory_mb": 256}, "memory_mb: found 256; allowed: 512 to 10240"),
    ],
)
def test_what_a_function_cannot_be(endpoint: dict[str, Any], line: str) -> None:
    (found,) = faults(workloads=live(kind="lambda", **endpoint))
    assert found.startswith(f"ml-platform:{LIVE}.{line}")


def test_a_function_at_both_ends_of_its_limits() -> None:
    for maximum, memory, seconds in ((3, 512, 1), (20, 10_240, 900)):
        written = {"memory_mb": memory, "timeout_seconds": seconds, "autoscaling": {"maximum": maximum}}
        loaded = load(workloads=live(kind="lambda", provisioned_concurrency=3, **written))
        endpoint = loaded.workloads["churn"].endpoints["live"]
        assert isinstance(endpoint, Lambda)
        assert endpoint.autoscaling == ConcurrencyScaling(maximum=maximum, timezone="UTC")


def test_its_schedules_are_read_by_the_clock_of_the_stacks_zone_or_of_their_own() -> None:
    """More may be kept warm than a fleet has instances."""
    at = {"minimum": 101, "maximum": 1000}
    scaling = {"maximum": 999, "schedules": [{"at": "08:00", **at}, {"at": "08:00", "timezone": "Asia/Tokyo", **at}]}
    written = live(kind="lambda", max_concurrency=1000, provisioned_concurrency=1, autoscaling=scaling)
    endpoint = load(timezone="Europe/Berlin", workloads=written).workloads["churn"].endpoints["live"]
    assert isinstance(endpoint, Lambda)
    assert endpoint.autoscaling is not None
    assert [each.timezone for each in endpoint.autoscaling.schedules] == ["Europe/Berlin", "Asia/Tokyo"]
    assert endpoint.autoscaling.timezone == "Europe/Berlin"
