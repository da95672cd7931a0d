"""Cron expressions, by the examples of AWS's pages and a calendar."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contracts.cron import CronError, parse


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("0 8 31 * ? *", [31]),
        ("0 8 L * ? *", [31]),
        ("0 8 LW * ? *", [29]),  # 31 May 2026 is a Sunday
        ("0 8 1W * ? *", [1]),
        ("0 8 2W * ? *", [1]),  # a Saturday: the Friday before
        ("0 8 3W * ? *", [4]),  # a Sunday: the Monday after
        ("0 8 30W,31W * ? *", [29]),  # never another month's day
        ("0 8 ? * 2#1 *", [4]),
        ("0 8 ? * MON#1 *", [4]),
        ("0 8 ? * 6#5 *", [29]),
        ("0 8 ? * 2#5 *", []),
        ("0 8 ? * 1L *", [31]),
        ("0 8 ? * FRIL *", [29]),
        ("0 8 ? * L *", [2, 9, 16, 23, 30]),
        ("0 8 ? * SUN *", [3, 10, 17, 24, 31]),
        ("0 8 ? * 2-3 *", [4, 5, 11, 12, 18, 19, 25, 26]),
        ("0 8 10/10 MAY ? 2026-2027", [10, 20, 30]),
        ("0 8 * 6 ? *", []),
        ("0 8 * * ? 2027", []),
    ],
)
def test_days_of_may_2026_on_which_an_expression_fires(expression: str, days: list[int]) -> None:
    eight = datetime(2026, 5, 1, 8)
    fires = parse(expression).fires
    assert [day + 1 for day in range(31) if fires(eight + timedelta(days=day))] == days
    assert not any(fires(eight + timedelta(days=day, minutes=1)) for day in range(31))


def test_the_first_of_a_month_that_is_a_saturday_stays_in_its_month() -> None:
    fires = parse("0 8 1W * ? *").fires
    assert [day for day in range(1, 32) if fires(datetime(2026, 8, day, 8))] == [3]


@pytest.mark.parametrize(
    ("expression", "found", "allowed"),
    [
        ("60 8 * * ? *", "60", "minutes from 0 to 59, ranges and steps"),
        ("0 24 * * ? *", "24", "hours from 0 to 23, ranges and steps"),
        ("0 8 1,32 * ? *", "32", "days of the month from 1 to 31, ranges and steps"),
        ("0 8 32W * ? *", "32W", "days of the month from 1 to 31, ranges and steps"),
        ("0 8 ? 13 2 *", "13", "months from 1 to 12, ranges and steps"),
        ("0 8 ? MAI 2 *", "MAI", "months from 1 to 12, ranges and steps"),
        ("0 8 ? * 0 *", "0", "days of the week from 1 to 7, ranges and steps"),
        ("0 8 ? * 2#6 *", "2#6", "days of the week from 1 to 7, ranges and steps"),
        ("0 8 ? * MOO#1 *", "MOO#1", "days of the week from 1 to 7, ranges and steps"),
        ("0 8 * * ? 1969", "1969", "years from 1970 to 2199, ranges and steps"),
        ("0/0 8 * * ? *", "0/0", "minutes from 0 to 59, ranges and steps"),
        ("30-10 8 * * ? *", "30-10", "minutes from 0 to 59, ranges and steps"),
        ("L 8 * * ? *", "L", "minutes from 0 to 59, ranges and steps"),
        (
            "0 8 * * ?",
            "0 8 * * ?",
            "6 fields: minutes, hours, days of the month, months, days of the week, years",
        ),
    ],
)
def test_what_means_nothing_is_told_with_what_may_stand_there(expression: str, found: str, allowed: str) -> None:
    with pytest.raises(CronError) as refused:
        parse(expression)
    assert (refused.value.found, refused.value.allowed) == (found, allowed)


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("0 3 * * ? *", 24),
        ("0/15 * * * ? *", 0.25),
        ("0 9,17 ? * MON-FRI *", 64),
        ("30 5 ? * MON-FRI *", 72),
        ("0 3 L * ? *", 31 * 24),
        ("0 3 31 * ? *", 61 * 24),
        ("0 3 29 2 ? *", (4 * 365 + 1) * 24),
        ("0 3 ? 2 2#5 *", 0),  # 29 February on a Monday: once in 28 years
        ("0 3 1 1 ? 2027", 0),
        ("0 3 1 1 ? 2027,2029", (365 + 366) * 24),
    ],
)
def test_how_far_two_runs_lie_apart(expression: str, hours: float) -> None:
    assert parse(expression).longest_gap() == timedelta(hours=hours)


@pytest.mark.parametrize("expression", ["0 8 30 2 ? *", "0 8 31 4,6,9,11 ? *", "0 8 31W 6 ? *", "0 8 29 2 ? 2027"])
def test_a_day_that_no_calendar_has_never_comes(expression: str) -> None:
    assert parse(expression).longest_gap() is None
