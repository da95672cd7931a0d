"""Cron expressions of AWS: minutes, hours, day of month, month, day of week and year.

EventBridge Scheduler user guide, "Schedule types", and Application Auto Scaling user guide, "Cron expressions".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

#: A day of the week counts from 1 for Sunday.
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FIELDS: Final = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("days of the month", 1, 31, ()),
    ("months", 1, 12, _MONTHS),
    ("days of the week", 1, 7, _WEEKDAYS),
    ("years", 1970, 2199, ()),
)
#: The last day, the last day but of a weekend, the day but of a weekend that is nearest to one.
_OF_MONTH: Final = re.compile(r"L|LW|([1-9]|[12][0-9]|3[01])W")
#: The second Monday of a month (2#2), its last (2L).
_OF_WEEK: Final = re.compile(r"([1-7]|[A-Z]{3})(?:#([1-5])|L)")
_SATURDAY: Final = 5
#: Weekdays come back on the same days of the year after 28 years; in 2100 that is broken.
_CYCLE_FROM: Final = 2000
_CYCLE_YEARS: Final = 28


class CronError(ValueError):
    """A part of an expression that means nothing: what was found, and what is allowed there."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found!r}; allowed: {allowed}")
        self.found, self.allowed = found, allowed


@dataclass(frozen=True)
class Cron:
    """When an expression fires. Days are those of one field; the other one says `?` or `*`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    days: frozenset[int] | None
    """Days of the month by number; None where the days of the week count."""
    weekdays: frozenset[int]
    """Days of the week, 0 is Monday; where none and no other days are named, all."""
    special: tuple[str, ...]
    """Days that each month has once: `L`, `LW`, `15W`, `2#1`, `2L`."""

    def fires(self, moment: datetime) -> bool:
        """Whether it fires in the minute of `moment`."""
        return moment.minute in self.minutes and moment.hour in self.hours and self.fires_on(moment)

    def fires_on(self, day: date) -> bool:
        """Whether it fires on a day."""
        return (
            day.month in self.months
            and day.year in self.years
            and (
                day.day in (self.days or ())
                or day.weekday() in self.weekdays
                or any(_is(part, day) for part in self.special)
            )
        )

    def meets(self, other: Cron) -> bool:
        """Whether there is a minute in which both fire, on clocks of one zone."""
        if self.minutes.isdisjoint(other.minutes) or self.hours.isdisjoint(other.hours):
            return False
        years = self.years & other.years
        return bool(years) and any(self.fires_on(day) and other.fires_on(day) for day in _calendar(years))

    def longest_gap(self) -> timedelta | None:
        """The longest time from one run to the next; none where it runs once, None where no calendar has such a day."""
        days = list(filter(self.fires_on, _calendar(self.years)))
        if not days:
            return None
        times = sorted(timedelta(hours=hour, minutes=minute) for hour in self.hours for minute in self.minutes)
        within = (later - earlier for earlier, later in pairwise(times))
        over = (later - earlier + times[0] - times[-1] for earlier, later in pairwise(days))
        return max((*within, *over), default=timedelta())


def parse(expression: str) -> Cron:
    """The six fields, without `cron(...)` around them. Raises CronError for the first part that means nothing."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise CronError(expression, f"{len(_FIELDS)} fields: {', '.join(name for name, *_ in _FIELDS)}")
    special: list[str] = []
    numbers = [_numbers(field, place, special) for place, field in enumerate(fields)]
    minutes, hours, days, months, weekdays, years = numbers
    by_week = fields[4] not in ("*", "?")
    return Cron(
        minutes=minutes,
        hours=hours,
        months=months,
        years=years,
        days=None if by_week else days,
        weekdays=frozenset((each + 5) % 7 for each in weekdays) if by_week else frozenset(),
        special=tuple(special),
    )


def _calendar(years: frozenset[int]) -> Iterator[date]:
    """The days of as many of these years as it takes until every weekday has been on every day of the year."""
    first = _CYCLE_FROM if _CYCLE_FROM in years else min(years)
    for year in range(first, first + _CYCLE_YEARS):
        if year in years:
            yield from (date(year, 1, 1) + timedelta(days=day) for day in range(366 if calendar.isleap(year) else 365))


def _numbers(field: str, place: int, special: list[str]) -> frozenset[int]:
    name, least, most, names = _FIELDS[place]
    found: set[int] = set()
    for part in field.split(","):
        if _is_special(part, name):
            special.append(part)
            continue
        try:
            # The last day of a week is Saturday.
            numbers = _range("SAT" if part == "L" else part, least, most, names)
        except ValueError:
            numbers = range(0)
        if not numbers or numbers[0] < least or numbers[-1] > most:
            raise CronError(part, f"{name} from {least} to {most}, ranges and steps")
        found.update(numbers)
    return frozenset(found)


def _is_special(part: str, name: str) -> bool:
    if name == "days of the month":
        return _OF_MONTH.fullmatch(part) is not None
    if name == "days of the week" and (found := _OF_WEEK.fullmatch(part)):
        return found[1].isdigit() or found[1] in _WEEKDAYS
    return False


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


def _is(part: str, day: date) -> bool:
    """Whether a day is the one that `part` says of its month."""
    last = calendar.monthrange(day.year, day.month)[1]
    if found := _OF_WEEK.fullmatch(part):
        if (_number(found[1], 1, _WEEKDAYS) + 5) % 7 != day.weekday():
            return False
        return day.day + 7 > last if found[2] is None else (day.day + 6) // 7 == int(found[2])
    if part == "L":
        return day.day == last
    wanted = last if part == "LW" else int(part.removesuffix("W"))
    return wanted <= last and day.day == _weekday_near(day.replace(day=wanted), last)


def _weekday_near(day: date, last: int) -> int:
    """The day of the same month from Monday to Friday that is nearest."""
    near = (day.day + step for step in (0, -1, 1, -2, 2))
    return next(each for each in near if 1 <= each <= last and day.replace(day=each).weekday() < _SATURDAY)
