"""Endpoints that are functions: every fault with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from settings import ConcurrencyScaling, Lambda
from tests.settings.test_endpoints import UNWATCHED
from tests.settings.written import LIVE, faults, live, load


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        (
            {"provisioned_concurrency": 30},
            "provisioned_concurrency: found 30; allowed: at most max_concurrency (20); keep fewer warm or raise "
            "max_concurrency (AWS Lambda developer guide, configuring provisioned concurrency, read 2026-11-29)",
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
        (
            {"rollout": {"kind": "all_at_once"}},
            f'rollout.kind: found "all_at_once"; allowed: canary, linear with rollback_alarms; {UNWATCHED}',
        ),
        (
            {"rollout": {"kind": "canary", "bake_minutes": 5}},
            f"rollout.bake_minutes: found 5; allowed: 10, 15, 30 with rollback_alarms; {UNWATCHED}",
        ),
        (
            {"rollout": {"kind": "linear", "bake_minutes": 1}},
            f"rollout.bake_minutes: found 1; allowed: 2, 3, 10 with rollback_alarms; {UNWATCHED}",
        ),
        ({"memory_mb": 256}, "memory_mb: found 256; allowed: 512 to 10240"),
    ],
)
def test_what_a_function_cannot_be(endpoint: dict[str, Any], line: str) -> None:
    (found,) = faults(workloads=live(kind="lambda", **endpoint))
    assert found.startswith(f"ml-platform:{LIVE}.{line}")


@pytest.mark.parametrize(
    "rollout", [{"kind": "all_at_once"}, {"kind": "canary", "bake_minutes": 5}, {"kind": "linear", "bake_minutes": 1}]
)
def test_a_function_that_nothing_turns_back_may_move_as_fast_as_codedeploy_does(rollout: dict[str, Any]) -> None:
    endpoint = load(workloads=live(kind="lambda", rollout=rollout, rollback_alarms=[])).workloads["churn"].endpoints
    assert isinstance(endpoint["live"], Lambda)
    assert endpoint["live"].rollout.model_dump() == rollout


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
