"""Features of one timestamp, given as the text that a request holds (`contracts.texts.TIMESTAMP`)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = 719_163  # date.toordinal() of that day
_FOUR_CENTURIES: Final = 146_097  # days after which the calendar repeats
_DAY: Final = 86_400.0


def days(text: str) -> float:
    """Days since 1970-01-01T00:00Z, with the time of day to the second."""
    whole, seconds = _parts(text)
    return whole + seconds / _DAY


def weekday(text: str) -> float:
    """From Monday 1 to Sunday 7, in UTC."""
    return float((_parts(text)[0] + 3) % 7 + 1)


def month(text: str) -> float:
    """From 1 to 12, in UTC."""
    day = _parts(text)[0] + _FIRST
    if not 1 <= day <= date.max.toordinal():  # an offset leads out of the years that Python has
        day = (day - 1) % _FOUR_CENTURIES + 1
    return float(date.fromordinal(day).month)


def _parts(text: str) -> tuple[int, int]:
    """Whole days since 1970-01-01 in UTC, and the second of the day."""
    later = text[11:13] == "24"  # ISO 8601's end of a day, which Python reads from 3.13 on
    moment = datetime.fromisoformat(f"{text[:11]}00{text[13:]}" if later else text)
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return since.days + later, since.seconds
