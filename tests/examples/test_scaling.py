"""examples/scaling: a day of traffic against each way of scaling."""

from __future__ import annotations

import pytest

from examples.scaling.day import DAY, MOST, PER_INSTANCE, days, files, traffic, ways
from settings import Autoscaling


def test_picture_and_table_are_current() -> None:
    for path, text in files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `python -m examples.scaling.day`"


def test_no_way_leaves_the_limits_that_it_says_and_a_fixed_fleet_never_changes() -> None:
    for name, minutes in days().items():
        counts = [minute.instances for minute in minutes]
        assert len(counts) == DAY
        assert min(counts) >= ways()[name].minimum
        assert max(counts) <= MOST
    assert {minute.instances for minute in days()[f"fixed, {MOST} instances"]} == {MOST}


def test_requests_are_late_in_the_minutes_that_lack_instances_and_in_no_others() -> None:
    for minutes in days().values():
        for at, minute in enumerate(minutes):
            assert (minute.late > 0) is (traffic(at) > minute.instances * PER_INSTANCE)


def test_every_metric_that_can_be_held_and_every_other_way_has_its_day() -> None:
    held = {"invocations_per_instance", "concurrent_requests", "cpu_percent", "latency_ms"}
    found = {target for way in ways().values() for target in held if getattr(way, target) is not None}
    assert found == held
    assert any(way.steps for way in ways().values())
    assert any(way.schedules for way in ways().values())


@pytest.mark.parametrize(
    ("name", "hours", "most"),
    [("cpu_percent: 60", 64.8, 7), ("steps at 1200 and 1600", 81.8, 8), ("invocations and schedules", 84.8, 8)],
)
def test_what_a_way_of_scaling_costs_in_instances(name: str, hours: float, most: int) -> None:
    counts = [minute.instances for minute in days()[name]]
    assert (round(sum(counts) / 60, 1), max(counts)) == (hours, most)


def test_the_ways_are_legal_settings() -> None:
    for way in ways().values():
        assert Autoscaling.model_validate(way.model_dump()) == way
