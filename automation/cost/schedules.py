"""When schedules of AWS fire: `cron(...)` with six fields, `rate(...)` and `at(...)`.

EventBridge Scheduler user guide, "Schedule types".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from automation.cost.traffic import DAYS_A_MONTH
from automation.operations.errors import RefusedError
from contracts.cron import Cron, CronError, parse
from contracts.prices import HOURS_A_MONTH

_MINUTES_OF: Final = {"minute": 1, "hour": 60, "day": 1440}
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S+ \S+ \S+ \S+ \S+ \S+)\)")
_ALL_DAYS: Final = 31


def runs_a_month(expression: str) -> float:
    """How often a schedule fires in a mean month; `at(...)` is once, and no monthly cost."""
    if expression.startswith("at("):
        return 0
    if found := _RATE.fullmatch(expression):
        return HOURS_A_MONTH * 60 / (int(found[1]) * _MINUTES_OF[found[2]])
    cron = _cron(expression)
    days = DAYS_A_MONTH if _is_daily(cron) else len(cron.days or ()) + len(cron.weekdays) * DAYS_A_MONTH / 7
    return len(cron.minutes) * len(cron.hours) * (days + len(cron.special)) * len(cron.months) / 12


def hours_of_week(expression: str) -> Iterator[int]:
    """The hours of the week (0 is Monday from 00:00) in which a schedule fires.

    None for what is once, or on days of the month: a week stands for the month here.
    """
    if expression.startswith("at("):
        return
    cron = _cron(expression)
    for day in range(7) if _is_daily(cron) else sorted(cron.weekdays):
        for hour in sorted(cron.hours):
            yield 24 * day + hour


def _is_daily(cron: Cron) -> bool:
    return len(cron.days or ()) == _ALL_DAYS


def _cron(expression: str) -> Cron:
    """RefusedError for what nobody could count: it is never free."""
    found = _CRON.fullmatch(expression)
    if not found:
        raise RefusedError(f"schedule: found {expression!r}; allowed: cron(...) with six fields, rate(...) or at(...)")
    try:
        return parse(found[1])
    except CronError as error:
        raise RefusedError(f"schedule: {error}") from error
