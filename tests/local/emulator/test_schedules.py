"""Scheduled actions: by the clock of their zone, through its summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from local.emulator.clock import Clock
from local.emulator.scaling.schedules import Schedules, due, fires, minutes

NIGHTLY = "cron(30 2 * * ? *)"


def moments(schedule: str, timezone: str, day: str) -> list[str]:
    """The times of UTC within a day of UTC at which a schedule fires."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    every = minutes(start - timedelta(minutes=1), start + timedelta(days=1, minutes=-1))
    return [f"{moment:%H:%M}" for moment in every if due(schedule, timezone, moment)]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2027-03-27", ["01:30"]),  # winter: an hour before UTC
        ("2027-03-28", []),  # the clock goes from 02:00 to 03:00, so there is no 02:30
        ("2027-03-29", ["00:30"]),
        ("2027-10-31", ["00:30", "01:30"]),  # the clock shows 02:30 twice
        ("2027-11-01", ["01:30"]),
    ],
)
def test_a_schedule_follows_the_summer_time_of_its_zone(day: str, expected: list[str]) -> None:
    assert moments(NIGHTLY, "Europe/Berlin", day) == expected
    assert moments(NIGHTLY, "UTC", day) == ["02:30"]


def test_what_passes_at_once_is_looked_at_minute_by_minute_for_two_days() -> None:
    start = datetime(2027, 3, 1, 12, 0, 30, tzinfo=UTC)
    found = list(minutes(start, start + timedelta(minutes=2)))
    assert [f"{each:%H:%M:%S}" for each in found] == ["12:01:00", "12:02:00"]
    assert list(minutes(start, start + timedelta(seconds=29))) == []
    assert len(list(minutes(start, start + timedelta(days=9)))) == 2 * 24 * 60


def test_a_minute_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, seen = Clock(1.0), list[datetime]()
    monkeypatch.setattr(clock, "emulated", lambda: clock_shows[0])
    monkeypatch.setattr("local.emulator.scaling.schedules.minutes", lambda *span: seen.append(span[0]) or ())
    clock_shows = [1000.0]
    schedules = Schedules(clock)
    for clock_shows[0] in (1060.0, 1120.0):
        schedules.run()
    assert [each.timestamp() for each in seen] == [1000.0, 1060.0]


@pytest.mark.parametrize(
    ("expression", "moments"),
    [
        ("cron(30 8 ? * MON *)", ["2027-03-01T08:30"]),
        ("cron(30 8 1 * ? *)", ["2027-03-01T08:30"]),
        ("cron(0/30 8 * * ? 2027)", ["2027-03-01T08:30", "2027-03-02T08:30"]),
        ("cron(30 8 * * ? 2028)", []),
        ("cron(30 8 ? * 2#1 *)", ["2027-03-01T08:30"]),
        ("at(2027-03-02T08:30:00)", ["2027-03-02T08:30"]),
    ],
)
def test_a_schedule_fires_in_its_minutes(expression: str, moments: list[str]) -> None:
    tried = ["2027-03-01T08:30", "2027-03-01T08:31", "2027-03-02T08:30", "2027-03-02T09:30"]
    assert [each for each in tried if fires(expression, datetime.fromisoformat(each))] == moments
