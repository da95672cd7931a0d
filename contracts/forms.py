"""How a contract says that texts are written otherwise than usual: what its keys mean together, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts import moments, numerals
from contracts.faults import Path
from contracts.schema import Column, ColumnType

Signs = tuple[str | None, str | None]
_NUMBERS = (ColumnType.INTEGER, ColumnType.NUMBER)


def signs(kind: ColumnType, own: Signs, whole: Signs) -> dict[str, Any]:
    """`decimal` and `thousands` of a column, None where they are the usual ones.

    A column that says one of them says both; others have those of the whole contract, if they hold numbers.
    """
    decimal, thousands = own if own != (None, None) else whole if kind in _NUMBERS else (None, None)
    return {"decimal": None if decimal == numerals.POINT else decimal, "thousands": thousands or None}


def clash(signs: Signs) -> str | None:
    """Why the two signs of numbers cannot stand together, as a clause after the name of `thousands`."""
    decimal, thousands = signs
    if (decimal or numerals.POINT) != thousands:
        return None
    other = next(sign for sign in numerals.DECIMALS if sign != thousands)
    remedy = f"write decimal: {other!r}, or another sign of thousands"
    return f"{thousands!r} is found, which is the decimal sign too, so that 1{thousands}234 could be either; {remedy}"


def faults(column: Column, *, says_signs: bool) -> Iterator[tuple[Path, str]]:
    """What is wrong with the forms of one column; `says_signs` is whether it has signs of numbers of its own."""
    path = ("columns", column.name)
    if says_signs and column.type not in _NUMBERS:
        key = "decimal" if column.decimal else "thousands"
        yield (*path, key), f"is found on a {column.type}; only integer and number have it; remove it"
    elif says_signs and (told := clash((column.decimal, column.thousands))):
        yield (*path, "thousands"), told
    if column.type is not ColumnType.TIMESTAMP:
        for key in ("format", "epoch", "timezone"):
            if getattr(column, key) is not None:
                yield (*path, key), f"is found on a {column.type}; only timestamp has it; remove it"
        return
    if column.format is not None and column.epoch is not None:
        yield (*path, "epoch"), "is found beside format; a timestamp has one form; remove one"
    yield from ((((*path, key)), told) for key, told in _timestamp(column))


def _timestamp(column: Column) -> Iterator[tuple[str, str]]:
    letters = ""
    if column.format is not None:
        try:
            letters = moments.form(column.format).letters
        except ValueError as error:
            yield "format", f"{column.format!r} is found, {error}"
    if column.timezone is None:
        return
    if not moments.is_zone(column.timezone):
        allowed = "a name of the IANA time zone database is allowed, such as Europe/Berlin"
        yield "timezone", f"{column.timezone!r} is found; {allowed}"
    elif column.epoch is not None:
        yield "timezone", "is found beside epoch; what is counted since 1970 is the same everywhere; remove it"
    elif "z" in letters:
        yield "timezone", "is found beside a format whose %z says the offset; remove one"
