"""All faults of a config at once: also of a part and of the whole around it, and what cannot be judged yet."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from tests.settings.written import churn, faults

#: What is wrong by itself, between the fields of one place: sections within sections, from the innermost to the stack.
BETWEEN: dict[str, dict[str, Any]] = {
    "schedule": {"live": {"autoscaling": {"schedules": [{"at": "08:00", "minimum": 3, "maximum": 1}]}}},
    "steps": {"live": {"autoscaling": {"steps": {"metric": "cpu_percent", "scale_out": [{"above": 9, "add": 1}] * 2}}}},
    "autoscaling": {"live": {"autoscaling": {"minimum": 12, "maximum": 9}}},
    "endpoint": {"live": {"instance_count": 1}},
    "rollout": {"live": {"rollout": {"kind": "canary", "bake_minutes": 1}}},
    "needs": {"live": {"needs": {"payload_mb": 7}}},
    "another endpoint": {"warm": {"max_concurrency": 5, "provisioned_concurrency": 9}},
    "monitoring": {"stack": {"monitoring": {"engine": "sagemaker"}}},
    "tags": {"stack": {"tags": {"aws:owner": "ana"}}},
}


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in (item for part in parts for item in part.items()):
        found[key] = merged(found.get(key, {}), value) if isinstance(value, Mapping) else value
    return found


def told(*names: str, **more: Any) -> list[str]:
    live, warm, stack = (
        merged(*(BETWEEN[name].get(place, {}) for name in names)) for place in ("live", "warm", "stack")
    )
    endpoints = {"live": {"kind": "realtime", **live}, "warm": {"kind": "serverless", **warm}}
    return faults(workloads=churn(champion="live", endpoints=merged(endpoints, more)), **stack)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(BETWEEN, 2)))
def test_a_fault_hides_no_other(one: str, other: str) -> None:
    assert sorted(told(one, other)) == sorted({*told(one), *told(other)})


def test_all_of_them_are_told_at_once() -> None:
    assert sorted(told(*BETWEEN)) == sorted({line for name in BETWEEN for line in told(name)})


def test_a_key_that_a_kind_does_not_have_hides_nothing() -> None:
    unknown = told("needs", warm={"rollout": {"kind": "canary"}})
    assert [line.partition(": found")[0].removeprefix("ml-platform:workloads.churn.") for line in unknown] == [
        "endpoints.warm.rollout",
        "endpoints.live.needs.payload_mb",
    ]


def test_what_rests_on_a_value_that_cannot_be_read_waits_for_it() -> None:
    """10, the default, in place of `many` would make 12 wrong; what does not rest on it is told."""
    found = told("schedule", live={"autoscaling": {"minimum": 12, "maximum": "many"}})
    assert [line.partition(": found")[0].rpartition("autoscaling.")[2] for line in found] == [
        "maximum",
        "schedules[0].minimum",
    ]


def test_without_a_value_that_has_no_default_the_rest_is_told_as_far_as_it_can_be() -> None:
    found = told("schedule", "autoscaling", web={"kind": "fargate"})
    assert [line.partition(": found")[0].rpartition("endpoints.")[2] for line in found] == [
        "live.autoscaling.schedules[0].minimum",
        "web.certificate_arn",
        "web.client_security_groups",
    ]
