"""When schedules of AWS fire: `cron(...)` with six fields, `rate(...)` and `at(...)`.

EventBridge Scheduler user guide, "Schedule types".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from automation.cost.traffic import DAYS_A_MONTH, HOURS_A_WEEK
from automation.operations.errors import RefusedError
from contracts.prices import HOURS_A_MONTH

_DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MINUTES_OF: Final = {"minute": 1, "hour": 60, "day": 1440}
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")


def runs_a_month(expression: str) -> float:
    """How often a schedule fires in a mean month; `at(...)` is once, and no monthly cost."""
    if expression.startswith("at("):
        return 0
    if found := _RATE.fullmatch(expression):
        return HOURS_A_MONTH * 60 / (int(found[1]) * _MINUTES_OF[found[2]])
    minute, hour, day, month, weekday = _fields(expression)
    times = len(_numbers(minute, 0, 59)) * len(_numbers(hour, 0, 23))
    if weekday not in "*?":
        days = len(_weekdays(weekday)) * DAYS_A_MONTH / 7
    else:
        days = DAYS_A_MONTH if day in "*?" else len(_numbers(day, 1, 31))
    return times * days * len(_numbers(month, 1, 12, _MONTHS)) / 12


def hours_of_week(expression: str) -> Iterator[int]:
    """The hours of the week (0 is Monday from 00:00) in which a schedule fires.

    None for what is once, or on days of the month: a week stands for the month here.
    """
    if expression.startswith("at("):
        return
    _, hour, day, _, weekday = _fields(expression)
    if day not in "*?" or "#" in weekday or "L" in weekday:
        return
    for each in _weekdays(weekday) if weekday not in "*?" else range(7):
        for at in _numbers(hour, 0, 23):
            yield (24 * each + at) % HOURS_A_WEEK


def fires(expression: str, moment: datetime) -> bool:
    """Whether a schedule, `cron(...)` or `at(...)`, fires in the minute of `moment`, on the clock of its own zone."""
    if expression.startswith("at("):
        return datetime.fromisoformat(expression[3:-1]).replace(second=0) == moment.replace(second=0, microsecond=0)
    minute, hour, day, month, weekday = _fields(expression)
    year = expression[:-1].rpartition(" ")[2]
    return (
        moment.minute in _numbers(minute, 0, 59)
        and moment.hour in _numbers(hour, 0, 23)
        and (day in "*?" or moment.day in _numbers(day, 1, 31))
        and moment.month in _numbers(month, 1, 12, _MONTHS)
        and (weekday in "*?" or moment.weekday() in _weekdays(weekday))
        and moment.year in _numbers(year, 1970, 2199)
    )


def _fields(expression: str) -> tuple[str, str, str, str, str]:
    found = _CRON.fullmatch(expression)
    if not found:
        raise RefusedError(f"schedule: found {expression!r}; allowed: cron(...) with six fields, rate(...) or at(...)")
    return found[1], found[2], found[3], found[4], found[5]


def _weekdays(field: str) -> set[int]:
    """Days of the week, Monday is 0; AWS counts from 1 for Sunday."""
    sunday_first = (_DAYS[-1], *_DAYS[:-1])
    return {(number + 5) % 7 for number in _numbers(field, 1, 7, sunday_first)}


def _numbers(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> set[int]:
    """The numbers that a field of a cron expression names. RefusedError for what is none, such as `L`, `W` and `#`."""
    found: set[int] = set()
    for part in field.split(","):
        try:
            numbers = _range(part, least, most, names)
        except ValueError:
            numbers = range(0)
        if not numbers or numbers[0] < least or numbers[-1] > most:
            raise RefusedError(f"schedule: found {part!r}; allowed: numbers from {least} to {most}, ranges and steps")
        found.update(numbers)
    return found


def _range(part: str, least: int, most: int, names: tuple[str, ...]) -> range:
    """`*`, `5`, `1-5`, `0/15`: one of the parts that commas separate."""
    span, _, step = part.partition("/")
    first, _, last = span.partition("-")
    every = first in ("*", "?")
    start = least if every else _number(first, least, names)
    end = _number(last, least, names) if last else most if step or every else start
    return range(start, end + 1, int(step or 1))


def _number(text: str, least: int, names: tuple[str, ...]) -> int:
    return least + names.index(text) if text in names else int(text)
