"""Endpoints of an inference component: every fault with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from settings import CopyScaling, InferenceComponent
from tests.settings.written import LIVE, faults, live, load

KIND = "inference_component"


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        (
            {"copy_cores": 3},
            "copy_cores: found 3.0; allowed: at most 2 with ml.m5.large; ask for fewer, or name a larger type",
        ),
        (
            {"copy_memory_mb": 8192},
            "copy_memory_mb: found 8192; allowed: less than 8192 with ml.m5.large; ask for less, or name a larger type",
        ),
        (
            {"instance_type": "ml.g5.xlarge"},
            'instance_type: found "ml.g5.xlarge"; allowed: a type without accelerators: a copy asks for cores and '
            "memory alone; name one such as ml.m5.large, or kind realtime",
        ),
        (
            {"rollout": {"kind": "canary"}},
            'rollout.kind: found "canary"; allowed: rolling; choose such a value, or remove the key for the default '
            '"rolling"',
        ),
        (
            {"copies": 5},
            "copies: found 5; allowed: at most the highest maximum of autoscaling (4); lower the count or raise that",
        ),
        (
            {"rollout": {"kind": "rolling", "batch_percent": 5, "bake_minutes": 1}},
            "rollout.bake_minutes: found 1; allowed: at most 0 with 20 batches; all fits into rollout_timeout_minutes "
            "(120): bake less or shift more",
        ),
        (
            {"autoscaling": {"minimum": 3, "maximum": 2}},
            "autoscaling.minimum: found 3; allowed: at most the maximum (2); exchange them",
        ),
        (
            {"autoscaling": {"schedules": [{"at": "22:00", "minimum": 3, "maximum": 2}]}},
            "autoscaling.schedules[0].minimum: found 3; allowed: at most the maximum (2); exchange them",
        ),
        (
            {"autoscaling": {"schedules": [{"at": "22:00", "minimum": -1, "maximum": 2}]}},
            "autoscaling.schedules[0].minimum: found -1; allowed: 0 to 100; choose such a value",
        ),
        (
            {"autoscaling": {"schedules": [{"at": "22:00", "minimum": least, "maximum": 9} for least in (0, 1)]}},
            'autoscaling.schedules: found ["22:00"]; allowed: each once; remove the repetition',
        ),
        (
            {"copies": 9, "autoscaling": {"schedules": [{"at": "08:00", "minimum": 2, "maximum": 8}]}},
            "copies: found 9; allowed: at most the highest maximum of autoscaling (8); lower the count or raise that",
        ),
        (
            {"rollback_alarms": ["latency", "latency"]},
            'rollback_alarms: found ["latency"]; allowed: each once; remove the repetition',
        ),
    ],
)
def test_a_fault_is_told_with_what_is_allowed(endpoint: dict[str, Any], line: str) -> None:
    assert faults(workloads=live(kind=KIND, **endpoint)) == [f"ml-platform:{LIVE}.{line}"]


def test_it_goes_to_zero_by_itself_and_an_instance_for_each_copy_is_the_most() -> None:
    found = load(workloads=live(kind=KIND, autoscaling={"maximum": 5})).workloads["churn"].endpoints["live"]
    assert isinstance(found, InferenceComponent)
    assert (found.autoscaling.minimum, found.copies, found.rollout.batch_percent) == (0, 2, 50)
    assert found.most_instances == 8  # half of five, rounded up, take over beside them
    assert CopyScaling().maximum == 4


def test_the_highest_maximum_of_its_schedules_bounds_it_too() -> None:
    schedules = [{"at": "08:00", "minimum": 2, "maximum": 9}, {"at": "20:00", "minimum": 0, "maximum": 2}]
    written = live(kind=KIND, copies=9, autoscaling={"minimum": 1, "schedules": schedules})
    found = load(timezone="Europe/Berlin", workloads=written).workloads["churn"].endpoints["live"]
    assert isinstance(found, InferenceComponent)
    assert (found.autoscaling.least, found.autoscaling.most, found.most_instances) == (0, 9, 14)
    assert {each.timezone for each in found.autoscaling.schedules} == {"Europe/Berlin"}


@pytest.mark.parametrize("field", ["instance_count", "memory_mb", "max_concurrency", "schedule"])
def test_what_other_kinds_have_it_has_not(field: str) -> None:
    (fault,) = faults(workloads=live(kind=KIND, **{field: 3}))
    assert f"{LIVE}.{field}" in fault
