"""Timestamps as delivered texts have them: in a form that the column's `format` says, as seconds or milliseconds since
1970 (`epoch`), and in the time of a place (`timezone`).

Whatever the form, a text is first made one in ISO 8601, which Python and duckdb then read alike. A complete ISO 8601
timestamp that says its own offset is read under any form: nothing about it is open. A local time that clocks skip is no
time; of one that they show twice the later is meant, the one in standard time.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Final

from contracts.schema import Column

#: The letters of a format, as strptime has them (C11, 7.27.3.5; Python, "strftime() and strptime() Format Codes"), and
#: what each stands for. A number of one digit may stand where a number of two is meant, unless another follows on it.
LETTERS: Final = {
    "Y": "([0-9]{4})",
    "y": "([0-9]{2})",
    "m": "([0-9]{1,2})",
    "b": "([A-Za-z]{3})",
    "B": "([A-Za-z]{3,9})",
    "d": "([0-9]{1,2})",
    "H": "([0-9]{1,2})",
    "I": "(0?[1-9]|1[0-2])",
    "M": "([0-9]{1,2})",
    "S": "([0-9]{1,2})",
    "f": "([0-9]{1,9})",
    "p": "([AaPp][Mm])",
    "z": "(Z|[+-][0-9]{2}:?[0-9]{2})",
}
_TWO: Final = {**dict.fromkeys("mdHMS", "([0-9]{2})"), "I": "(0[1-9]|1[0-2])"}
_NUMBERS: Final = "YymdHIMSf"
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
PIVOT: Final = "69"  # years of two digits from here on are those of 19.. (POSIX, strptime)
EPOCHS: Final = {"seconds": 1, "milliseconds": 1000}
#: A number of `epoch`; and the seconds of the years 1 to 9999, which a timestamp may have.
EPOCH: Final = r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?"
FIRST, LAST = -62_135_596_800, 253_402_300_799
#: A timestamp: ISO 8601 (2019), calendar date alone or with a time of day, which 24:00 may end. For Python and RE2.
TIMESTAMP = (
    r"([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ](([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?|24:00(:00(\.0{1,9})?)?)"
    r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?"
)
_TIMESTAMP = re.compile(TIMESTAMP)


@dataclass(frozen=True, kw_only=True)
class Form:
    """A format that was read: what a text looks like, and its letters in the order of the groups."""

    pattern: str
    letters: str


def is_plain(column: Column) -> bool:
    """Whether timestamps of the column are ISO 8601, in UTC where they say no offset."""
    return column.format is None and column.epoch is None and column.timezone is None


def form(text: str) -> Form:
    """The format `text`. ValueError says what is wrong with it, as a clause after "is found"."""
    parts = re.findall(r"%(.?)|([^%]+)", text, re.DOTALL)
    letters = [letter for letter, literal in parts if not literal]
    for fault in _faults(letters):
        raise ValueError(fault)
    found: list[str] = []
    for index, (letter, literal) in enumerate(parts):
        beside = [parts[at][0] for at in (index - 1, index + 1) if 0 <= at < len(parts)]
        is_joined = any(other and other in _NUMBERS for other in beside)
        found.append(
            re.escape(literal) if literal else _TWO[letter] if is_joined and letter in _TWO else LETTERS[letter]
        )
    return Form(pattern="".join(found), letters="".join(letters))


def _faults(letters: Sequence[str]) -> Iterator[str]:
    for letter in letters:
        if letter not in LETTERS:
            yield f"of which %{letter} is not read; allowed are {', '.join(f'%{each}' for each in LETTERS)}"
        if letters.count(letter) > 1:
            yield f"which has %{letter} {letters.count(letter)} times; write it once"
    for meaning, choices in (("year", "Yy"), ("month", "mbB"), ("day", "d"), ("hour", "HI")):
        named = [letter for letter in choices if letter in letters]
        if len(named) > 1:
            yield f"which says the {meaning} twice, as %{' and %'.join(named)}; write it once"
        if not named and meaning != "hour":
            yield f"which lacks the {meaning} (%{' or %'.join(choices)}); add it"
    if ("I" in letters) != ("p" in letters):
        yield "of which %I and %p stand together (09:30 PM) or not at all"
    for letter, needed in (("M", "HI"), ("S", "M"), ("f", "S"), ("z", "HI")):
        if letter in letters and not any(each in letters for each in needed):
            yield f"which has %{letter} without %{needed[0]}; add it"


def _zoneinfo() -> ModuleType:
    """Python's module. It loads how Python was built, which a service whose contract names no place need not hold."""
    return importlib.import_module("zoneinfo")


def is_zone(name: str) -> bool:
    """Whether a place has the name in the IANA time zone database."""
    return name in _zoneinfo().available_timezones()


def iso(column: Column) -> Callable[[str], str]:
    """A function from a trimmed text to the timestamp in it as ISO 8601, which the caller checks to be one.

    A text that is not in the column's form comes back as it is, if it says its own offset; ValueError if it does not.
    """
    read = _by_epoch(column) if column.epoch else _by_format(column) if column.format else _local(column)

    def found(text: str) -> str:
        try:
            made = read(text)
        except OverflowError:  # in UTC it is beyond the years 1 to 9999
            raise ValueError(text) from None
        if made is None and is_timestamp(text) and has_offset(text):
            return text
        if made is None or not is_timestamp(made):
            raise ValueError(text)
        return made

    return found


def is_timestamp(text: str) -> bool:
    """Whether a trimmed text is a timestamp of the calendar in ISO 8601; year 1 is the first."""
    if not _TIMESTAMP.fullmatch(text):
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:  # 2026-02-31
        return False
    return True


def has_offset(text: str) -> bool:
    """Whether a timestamp in ISO 8601 says how far it is from UTC."""
    return any(sign in text[10:] for sign in "Z+-")


def of_number(column: Column, number: float | Decimal) -> str:
    """A number of seconds or milliseconds since 1970 as ISO 8601. ValueError beyond the years 1 to 9999."""
    factor = EPOCHS[column.epoch or "seconds"]
    if number != number or not FIRST * factor <= number < (LAST + 1) * factor:
        raise ValueError(number)
    return _since_1970(math.floor(number * (1_000_000 // factor)))


def _by_epoch(column: Column) -> Callable[[str], str | None]:
    factor, matches = EPOCHS[column.epoch or "seconds"], re.compile(EPOCH).fullmatch

    def read(text: str) -> str | None:
        if not matches(text):
            return None
        number = Decimal(text)
        if not FIRST * factor <= number < (LAST + 1) * factor:
            raise ValueError(text)
        return _since_1970(math.floor(number * (1_000_000 // factor)))

    return read


def _since_1970(microseconds: int) -> str:
    return (datetime(1970, 1, 1) + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds") + "Z"


def _by_format(column: Column) -> Callable[[str], str | None]:
    known = form(column.format or "")
    matches, local = re.compile(known.pattern).fullmatch, _local(column)

    def read(text: str) -> str | None:
        match = matches(text)
        if match is None:
            return None
        made = _joined(dict(zip(known.letters, match.groups(), strict=True)))
        return made if "z" in known.letters else local(made)

    return read


def _joined(parts: dict[str, str]) -> str:
    """ISO 8601 of the parts of a timestamp by their letters; of no month or hour one that does not exist."""
    year = parts["Y"] if "Y" in parts else ("20" if parts["y"] < PIVOT else "19") + parts["y"]
    hour = parts.get("H", "0")
    if "I" in parts:
        hour = str(int(parts["I"]) % 12 + 12 * (parts["p"].lower() == "pm"))
    fraction = f".{parts['f']}" if "f" in parts else ""
    clock = ":".join(each.zfill(2) for each in (hour, parts.get("M", "0"), parts.get("S", "0")))
    return f"{year}-{_month(parts).zfill(2)}-{parts['d'].zfill(2)}T{clock}{fraction}{parts.get('z', '')}"


def _month(parts: dict[str, str]) -> str:
    if "m" in parts:
        return parts["m"]
    names = [name[:3] for name in MONTHS] if "b" in parts else list(MONTHS)
    name = parts.get("b", parts.get("B", "")).lower()
    return str(names.index(name) + 1) if name in names else "0"


def _local(column: Column) -> Callable[[str], str | None]:
    """A function from ISO 8601 without an offset to the same moment with one; None of what is no such text."""
    zone = _zoneinfo().ZoneInfo(column.timezone) if column.timezone else UTC

    def read(text: str) -> str | None:
        if not is_timestamp(text) or has_offset(text):
            return None
        if zone is UTC:
            return f"{text if len(text) > 10 else f'{text}T00:00'}Z"
        whole, _, fraction = text.partition(".")
        is_end = whole[11:13] == "24"  # of a day, which Python reads from 3.13 on
        local = datetime.fromisoformat(f"{whole[:11]}00{whole[13:]}" if is_end else whole) + timedelta(days=is_end)
        moment = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != local:  # clocks skip it
            raise ValueError(text)
        return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}{fraction and '.'}{fraction}Z"

    return read
