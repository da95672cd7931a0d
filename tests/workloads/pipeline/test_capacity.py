"""Disk, time and spot capacity in each definition that has jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workloads.pipeline import render, rules
from workloads.pipeline.capacity import with_capacity
from workloads.pipeline.graph import walk

DEFINITIONS = {"train": render.EXAMPLES, "tune": render.TUNING_EXAMPLES, "machine": render.MACHINE_EXAMPLES}


def leaves(definition: str) -> dict[str, Any]:
    return {path: node for path, node in walk(json.loads(definition)) if not isinstance(node, dict | list)}


@pytest.fixture(params=DEFINITIONS)
def plain(request: pytest.FixtureRequest) -> str:
    return render.render(render.read(request.param), DEFINITIONS[request.param])


def test_the_defaults_of_the_settings_are_what_was_compiled(plain: str) -> None:
    assert with_capacity(plain, volume_gb=30, hours=4, spot=True) == plain


def test_every_job_has_the_volume_and_more_time_in_the_same_shares(plain: str) -> None:
    before, after = leaves(plain), leaves(with_capacity(plain, volume_gb=500, hours=24, spot=True))
    assert before.keys() == after.keys()
    changed = {path: (before[path], after[path]) for path in before if before[path] != after[path]}
    volumes = {path: pair for path, pair in changed.items() if path.endswith(".VolumeSizeInGB")}
    assert set(volumes.values()) == {(30, 500)}
    assert len(volumes) == 4  # Prepare, Baseline, Train or its trials, Evaluate
    limits = {path: pair for path, pair in changed.items() if ".StoppingCondition." in path}
    assert set(limits.values()) <= {(3600, 21_600), (7200, 43_200), (14_400, 86_400), (28_800, 172_800)}
    assert len(limits) == 5
    waits = changed.keys() - volumes.keys() - limits.keys()
    assert {path.rpartition(".")[2] for path in waits} <= {"TimeoutSeconds"}
    for path in waits:  # what a machine waits for a job: its time, and half an hour for an instance to come
        assert after[path] - before[path] in (18_000, 36_000, 144_000)


def test_on_demand_a_job_waits_for_nothing(plain: str) -> None:
    definition = with_capacity(plain, volume_gb=30, hours=4, spot=False)
    before, after = leaves(plain), leaves(definition)
    gone = before.keys() - after.keys()
    assert [path.rpartition(".")[2] for path in gone] == ["MaxWaitTimeInSeconds"]
    changed = {path.rpartition(".")[2]: (before[path], after[path]) for path in after if before[path] != after[path]}
    timed = changed.pop("TimeoutSeconds", None)
    assert timed in (None, (30_600, 16_200))
    assert changed == {"EnableManagedSpotTraining": (True, False)}
    if "Steps" in (document := json.loads(definition)):
        assert rules.check(document) == rules.check(json.loads(plain)) == []
