"""Numbers as delivered texts have them: with a decimal comma, with separators of thousands, with the minus behind.

Python and duckdb read plain numbers. Of a column whose `decimal` or `thousands` says otherwise a text has to be a
number in exactly that form, and is then written plainly; what is not is no number. Thousands stand in groups of three,
and the first group begins with no zero: 1.23 and 0.123 are no numbers where the point separates thousands, so that none
is read as a hundred times itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from contracts.schema import Column

POINT: Final = "."
DECIMALS: Final = (POINT, ",")
#: What may separate thousands, and the signs that files have for it: a blank is often one that breaks no line
#: (U+00A0, U+2009, U+202F), an apostrophe the typographic one (U+2019).
THOUSANDS: Final = {"": "", ".": ".", ",": ",", "'": "'\u2019", " ": " \u00a0\u2009\u202f"}


def is_plain(column: Column) -> bool:
    """Whether numbers of the column are written as Python and duckdb read them."""
    return column.decimal is None and column.thousands is None


def pattern(column: Column) -> str:
    """What a number looks like that is not plain, for Python's `re.fullmatch` and for RE2."""
    point, separators = re.escape(column.decimal or POINT), THOUSANDS[column.thousands or ""]
    grouped = f"|[1-9][0-9]{{0,2}}([{separators}][0-9]{{3}})+" if separators else ""
    digits = f"(([0-9]+{grouped})({point}[0-9]*)?|{point}[0-9]+)"
    return f"[+-]?{digits}([eE][+-]?[0-9]+)?|{digits}-"


def signs(column: Column) -> str:
    """The signs of a number that are no digits: the decimal one first, then those that say nothing of its value."""
    return (column.decimal or POINT) + THOUSANDS[column.thousands or ""]


def plainly(column: Column) -> Callable[[str], str | None]:
    """A function from a trimmed text to the number in it, written plainly; None where it is none in the column's form.

    Of a plain column it is the text itself, whatever that is.
    """
    if is_plain(column):
        return lambda text: text
    matches = re.compile(pattern(column)).fullmatch
    first, *others = signs(column)
    table = str.maketrans({first: POINT} | dict.fromkeys(others))

    def written(text: str) -> str | None:
        if not matches(text):
            return None
        plain = text.translate(table)
        return f"-{plain[:-1]}" if plain.endswith("-") else plain

    return written


def delivered(column: Column, number: float) -> str:
    """A number as a text that is read as it in the column."""
    return str(number).replace(POINT, column.decimal or POINT)


def example(column: Column) -> str:
    """A number in the column's form, for people."""
    return f"1{column.thousands or ''}234{column.decimal or POINT}5"
