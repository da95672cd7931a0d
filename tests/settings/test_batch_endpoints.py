"""Batch endpoints: their schedules, and every fault with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from settings import Batch, BatchAlarms
from tests.settings.written import LIVE, faults, live, load


@pytest.mark.parametrize(
    ("schedule", "hours"), [("rate(6 hours)", 7), ("cron(0 3 * * ? *)", 25), ("cron(0 9,17 ? * MON-FRI *)", 65)]
)
def test_the_least_hours_after_which_a_run_is_missing(schedule: str, hours: int) -> None:
    def given(after: int) -> dict[str, Any]:
        return live(kind="batch", schedule=schedule, alarms={"missing_after_hours": after})

    assert load(workloads=given(hours)).workloads
    assert len(faults(workloads=given(hours - 1))) == 1


def test_a_batch_endpoint_starts_by_the_clock_of_the_stacks_zone_or_of_its_own() -> None:
    def zone(**endpoint: Any) -> str | None:
        found = load(timezone="Europe/Berlin", workloads=live(kind="batch", **endpoint))
        batch = found.workloads["churn"].endpoints["live"]
        assert isinstance(batch, Batch)
        return batch.timezone

    assert [zone(), zone(timezone="Asia/Tokyo")] == ["Europe/Berlin", "Asia/Tokyo"]


def test_a_batch_endpoint_scores_once_a_night_and_a_missing_run_is_noticed() -> None:
    found = load(workloads=live(kind="batch")).workloads["churn"].endpoints["live"]
    assert isinstance(found, Batch)
    assert (found.schedule, found.alarms, found.leading_columns) == (
        "cron(0 3 * * ? *)",
        BatchAlarms(missing_after_hours=26),
        1,
    )


@pytest.mark.parametrize("schedule", ["cron(30 5 ? * MON-FRI *)", "cron(0 3 L * ? *)", "rate(6 hours)", "rate(1 day)"])
def test_schedules_of_a_batch_endpoint(schedule: str) -> None:
    alarms = {"missing_after_hours": None}
    found = load(
        workloads=live(kind="batch", schedule=schedule, alarms=alarms, payload_mb=20, concurrent_per_instance=5)
    )
    assert isinstance(found.workloads["churn"].endpoints["live"], Batch)


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        (
            {"schedule": "0 3 * * *"},
            'schedule: found "0 3 * * *"; allowed: text like cron(0 3 * * ? *); choose such a value, or remove the key '
            'for the default "cron(0 3 * * ? *)"',
        ),
        (
            {"schedule": "cron(0 3 * * * *)"},
            'schedule: found "cron(0 3 * * * *)"; allowed: `?` for the day of the month or for the day of the week, '
            "and for one of them; write it as in cron(0 3 * * ? *)",
        ),
        (
            {"schedule": "cron(0 3 31 4,6 ? *)"},
            'schedule: found "0 3 31 4,6 ? *"; allowed: a day that its months have; correct it: as it is, it never '
            "comes",
        ),
        (
            {"schedule": "cron(30 5 ? * MON-FRI *)"},
            "alarms.missing_after_hours: found 26; allowed: 73 to 168, or null; two runs of schedule "
            "cron(30 5 ? * MON-FRI *) lie up to 72 hours apart: raise it, or leave the alarm out",
        ),
        (
            {"schedule": "rate(2 days)", "alarms": {"missing_after_hours": 48}},
            "alarms.missing_after_hours: found 48; allowed: 49 to 168, or null; two runs of schedule rate(2 days) lie "
            "up to 48 hours apart: raise it, or leave the alarm out",
        ),
        (
            {"schedule": "cron(0 3 ? * MON *)", "alarms": {"missing_after_hours": 168}},
            "alarms.missing_after_hours: found 168; allowed: null; two runs of schedule cron(0 3 ? * MON *) lie up to "
            "168 hours apart: raise it, or leave the alarm out",
        ),
        (
            {"schedule": "cron(99 3 * * ? *)"},
            'schedule: found "99"; allowed: minutes from 0 to 59, ranges and steps; correct it',
        ),
        (
            {"payload_mb": 21, "concurrent_per_instance": 5},
            "concurrent_per_instance: found 5; allowed: at most 4 with payload_mb 21; lower one of the two "
            "(SageMaker API reference, CreateTransformJob, read 2026-11-29)",
        ),
        (
            {"rollout": {"kind": "canary"}},
            'rollout: found {"kind": "canary"}; allowed: state, tags, needs, kind, ',
        ),
    ],
)
def test_what_a_batch_endpoint_cannot_be(endpoint: dict[str, Any], line: str) -> None:
    (found,) = faults(workloads=live(kind="batch", **endpoint))
    assert found.startswith(f"ml-platform:{LIVE}.{line}")


def test_an_instance_type_that_takes_no_transform_jobs_is_refused_by_its_name() -> None:
    (found,) = faults(workloads=live(kind="batch", instance_type="ml.c7g.large"))
    assert found.startswith(
        f'ml-platform:{LIVE}.instance_type: found "ml.c7g.large"; allowed: what SageMaker takes for transform jobs, '
    )
