"""What type a column of a file has, within which limits its values lie, and how sure that is."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from contracts.schema import ColumnType
from workloads.proposal.profile import Profile
from workloads.proposal.spelling import ENOUGH

#: By how much of its width a range is made wider than what was seen, at each end.
MARGIN: Final = 0.5
MOST_CATEGORIES: Final = 20
MOST_LEARNED: Final = 1000  # categories of a feature (workloads.features.categories)
_ROWS_OF_EACH: Final = 20  # on the average, of a text that is no name and no sentence
_LEAST_ROWS: Final = 3  # of a category, and of a number that looks like a mark
_EXACT: Final = 1e15  # beyond it bounds say more than a float holds
#: Numbers that people write where there is no value; only where they stand apart from all others.
_SENTINELS: Final = (-9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0)
_FAMILIES: Final = {
    "integer": ColumnType.INTEGER,
    "float": ColumnType.NUMBER,
    "decimal": ColumnType.NUMBER,
    "boolean": ColumnType.BOOLEAN,
    "timestamp": ColumnType.TIMESTAMP,
    "date": ColumnType.TIMESTAMP,
}
_YES: Final = {
    "yes": "no",
    "y": "n",
    "t": "f",
    "ja": "nein",
    "j": "n",
    "oui": "non",
    "si": "no",
    "sí": "no",
    "on": "off",
}


def type_of(profile: Profile) -> ColumnType | None:
    """The type of a column, None where a contract has none for it (lists, nothing but gaps)."""
    if profile.kind in _FAMILIES:
        return _FAMILIES[profile.kind]
    if profile.kind != "text" or not profile.present:
        return None
    read, enough = profile.read, ENOUGH * profile.present
    if profile.padded:
        return ColumnType.STRING
    if read[ColumnType.BOOLEAN] == profile.present and not read[ColumnType.INTEGER]:
        return ColumnType.BOOLEAN
    if (
        read[ColumnType.INTEGER] >= enough
        and read[ColumnType.INTEGER] == read[ColumnType.NUMBER]
        and not profile.pointed
    ):
        return ColumnType.INTEGER
    if read[ColumnType.NUMBER] >= enough:
        return ColumnType.NUMBER
    return ColumnType.TIMESTAMP if read[ColumnType.TIMESTAMP] >= enough else ColumnType.STRING


def limits(profile: Profile, kind: ColumnType) -> dict[str, Any]:
    """The keys of a column that say which values are legal, from those that were seen."""
    if kind in (ColumnType.INTEGER, ColumnType.NUMBER):
        return _numbers(profile, kind)
    if kind is ColumnType.STRING and (pair := yes_no(profile)):
        return {"type": ColumnType.BOOLEAN.value, "values": pair}
    if kind is ColumnType.STRING and is_category(profile):
        return {"allowed": sorted(value for value, _ in profile.values)}
    return {}


def is_category(profile: Profile) -> bool:
    """Whether a column of texts has few values, each of them several times."""
    few = 2 <= profile.distinct <= min(MOST_CATEGORIES, profile.present / 10)
    return few and all(count >= _LEAST_ROWS and len(value) <= 60 for value, count in profile.values)


def repeats(profile: Profile) -> bool:
    """Whether a column of texts has more of them, of which a model can learn each: training takes what it meets."""
    return 2 <= profile.distinct <= min(MOST_LEARNED, profile.present / _ROWS_OF_EACH)


def yes_no(profile: Profile) -> dict[str, bool] | None:
    """What the texts of a column mean that has a yes and a no."""
    if profile.distinct != 2:
        return None
    values = sorted((value for value, _ in profile.values), key=lambda value: value.lower() not in _YES)
    yes, no = values
    return {yes: True, no: False} if _YES.get(yes.lower()) == no.lower() else None


def sentinel(profile: Profile) -> float | None:
    """A number at an end of the range that stands apart from all others and repeats, as marks of no value do."""
    for end, beside in ((profile.low, profile.next_low), (profile.high, profile.next_high)):
        if end not in _SENTINELS or beside is None:
            continue
        apart = beside >= 0 if end < 0 else 5 * beside < end
        rows = max((count for value, count in profile.values if profile.number(value) == end), default=0)
        if apart and rows >= max(_LEAST_ROWS, 0.002 * profile.present):
            return end
    return None


def plain(value: float) -> int | float:
    """A number as a person writes it: whole ones without a point."""
    return int(value) if value == int(value) and abs(value) < _EXACT else value


def _numbers(profile: Profile, kind: ColumnType) -> dict[str, Any]:
    found: dict[str, Any] = {}
    low, high = profile.low, profile.high
    if (mark := sentinel(profile)) is not None:
        found = {"nullable": True, "missing": [plain(mark), *(text for text, _ in profile.marks)]}
        low, high = (profile.next_low, high) if mark == low else (low, profile.next_high)
    if low is None or high is None or max(abs(low), abs(high)) >= _EXACT:
        return found
    if {low, high} == {0, 1} and kind is ColumnType.INTEGER:
        return {**found, "allowed": [0, 1]}
    if low == high:
        return found
    least, most = _outward(low, high, whole=kind is ColumnType.INTEGER)
    return {**found, "minimum": least, "maximum": most}


def _outward(low: float, high: float, *, whole: bool) -> tuple[int | float, int | float]:
    """The range with its margin, rounded outward to two digits of its width; what has no negative number keeps none."""
    width = high - low
    step = Decimal(10) ** (math.floor(math.log10(width)) - 1)
    step = max(step, Decimal(1)) if whole else step
    margin = MARGIN * width
    least = math.floor(Decimal(low - margin) / step) * step
    most = math.ceil(Decimal(high + margin) / step) * step
    if low >= 0:
        least = max(least, Decimal(0))
    if high <= 0:
        most = min(most, Decimal(0))
    return plain(float(least)), plain(float(most))
