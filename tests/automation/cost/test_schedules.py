"""How often schedules fire, against what AWS's own pages say of the expressions."""

from __future__ import annotations

import pytest

from automation.cost.schedules import hours_of_week, runs_a_month
from automation.operations.errors import RefusedError


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("cron(0 * * * ? *)", 730),
        ("cron(0 * ? * * *)", 730),  # the day of the week may stand for the day of the month
        ("cron(0 3 ? * MON *)", 365 / 7 / 12),
        ("cron(0 3 ? * MON-FRI *)", 5 * 365 / 7 / 12),
        ("cron(0 3 ? * 2-6 *)", 5 * 365 / 7 / 12),
        ("cron(0/15 8-17 ? * MON,WED *)", 4 * 10 * 2 * 365 / 7 / 12),
        ("cron(0 0 1 * ? *)", 1),
        ("cron(0 0 1,15 * ? *)", 2),
        ("cron(0 0 1 1/3 ? *)", 4 / 12),
        ("cron(0 0 1 JAN,JUL ? *)", 2 / 12),
        ("cron(0 0 L * ? *)", 1),
        ("cron(0 0 1,15W * ? *)", 2),
        ("cron(0 8,20 ? * 2#1 *)", 2),
        ("cron(0 8 ? * 6L *)", 1),
        ("cron(0 8 ? * L *)", 365 / 7 / 12),
        ("rate(1 hour)", 730),
        ("rate(5 minutes)", 8760),
        ("rate(7 days)", 365 / 7 / 12),
        ("at(2027-01-01T00:00:00)", 0),
    ],
)
def test_a_schedule_fires_so_often_in_a_mean_month(expression: str, runs: float) -> None:
    assert runs_a_month(expression) == pytest.approx(runs)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        (
            "cron(0 3 * * *)",
            "schedule: found 'cron(0 3 * * *)'; allowed: cron(...) with six fields, rate(...) or at(...)",
        ),
        ("hourly", "schedule: found 'hourly'; allowed: cron(...) with six fields, rate(...) or at(...)"),
        ("cron(0 25 * * ? *)", "schedule: found '25'; allowed: hours from 0 to 23, ranges and steps"),
        ("cron(0 0 32W * ? *)", "schedule: found '32W'; allowed: days of the month from 1 to 31, ranges and steps"),
        (
            "cron(0 3 ? * FRI-MON *)",
            "schedule: found 'FRI-MON'; allowed: days of the week from 1 to 7, ranges and steps",
        ),
        ("cron(0/0 3 * * ? *)", "schedule: found '0/0'; allowed: minutes from 0 to 59, ranges and steps"),
    ],
)
def test_a_schedule_that_nobody_can_count_is_refused_and_never_free(expression: str, fault: str) -> None:
    with pytest.raises(RefusedError) as refused:
        runs_a_month(expression)
    assert str(refused.value) == fault


def test_the_week_begins_on_monday() -> None:
    assert list(hours_of_week("cron(30 22 * * ? *)")) == [22, 46, 70, 94, 118, 142, 166]
    assert list(hours_of_week("cron(0 6 ? * SUN *)")) == [6 * 24 + 6]
    assert list(hours_of_week("cron(0 6 ? * 2 *)")) == [6]


@pytest.mark.parametrize(
    "expression", ["at(2027-11-26T08:00:00)", "cron(0 6 1 * ? *)", "cron(0 8 ? * 2#1 *)", "cron(0 8 L * ? *)"]
)
def test_a_week_has_no_moment_of_what_is_once_or_monthly(expression: str) -> None:
    assert list(hours_of_week(expression)) == []
