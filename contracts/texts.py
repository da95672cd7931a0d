"""How a delivered text becomes a value of a column: the one rule of validation, service, batch and captures.

A text is trimmed. It is no value at all if nothing is left, or if what is left is one of the column's marks of missing
values, whatever its case; a mark that is a number (-999) also means that number in other spellings (-999.0). What the
column lists as allowed is a value and no mark. Of a column with `values` a text means what they say, before all else;
others are read as they are, unless a text stands there for one value and spells another (labels 1 and 2 that mean 0 and
1): then only those that are listed are legal.

Numbers and timestamps that files write in a form of their own are then written in the one that Python and duckdb read
(`contracts.numerals`, `contracts.moments`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from contracts import moments, numerals
from contracts.schema import Column, ColumnType, Value

#: What is cut off both ends: blanks and line ends, the no-break space of spreadsheets and the byte order mark.
BLANKS = " \t\r\n\f\v\u00a0\ufeff"
_NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)


def marks(column: Column) -> frozenset[str]:
    """The texts that stand for no value in `column`, trimmed and in lower case; the empty one is always among them."""
    values = {str(value).lower() for value in column.allowed}
    return frozenset(mark.strip(BLANKS).lower() for mark in column.missing) - values | {""}


def missing_numbers(column: Column) -> frozenset[float]:
    """The finite numbers that stand for no value; only integer and number columns have such."""
    if column.type not in _NUMERIC:
        return frozenset()
    read = number_of(column)
    # a mark is written in the contract, as YAML writes numbers, or as the file does
    numbers = (finite(mark) if finite(mark) is not None else read(mark) for mark in marks(column))
    return frozenset(number for number in numbers if number is not None and number not in column.allowed)


def translation(column: Column) -> dict[str, Value]:
    """Delivered texts, and the value that each means; a whole number among the texts in the spelling 1.0 too."""
    point = column.decimal or numerals.POINT
    spelt = {f"{text}{point}0": value for text, value in column.values if text.lstrip("+-").isdecimal()}
    return spelt | dict(column.values)


def is_closed(column: Column) -> bool:
    """Whether no other texts are legal than those of `values`."""
    meant = dict(column.values)
    return any(meant.get(written(value), value) != value for value in meant.values())


def written(value: Value) -> str:
    """A value as a text that is read as it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def delivered(column: Column, value: Value | None) -> str:
    """A value of JSON as a delivered text that is read as it; none is the empty text."""
    if value is None:
        return ""
    if isinstance(value, str | bool):
        return written(value)
    return numerals.delivered(column, value)


def reader(column: Column) -> Callable[[str], str | None]:
    """A function from a delivered text to the trimmed text of a value, or None where it is missing.

    A number in the column's own form is written plainly, a timestamp as ISO 8601. The function raises ValueError for a
    text that is in no such form, and for one that only a column with closed `values` refuses.
    """
    missing, numbers, closed = marks(column), missing_numbers(column), is_closed(column)
    form, number = _form(column), number_of(column)
    meaning = {text: written(value) for text, value in translation(column).items()}

    def read(text: str) -> str | None:
        trimmed = text.strip(BLANKS)
        if meaning and trimmed in meaning:
            return meaning[trimmed]
        if trimmed.lower() in missing or (numbers and number(trimmed) in numbers):
            return None
        if closed:
            raise ValueError(text)
        return form(trimmed) if form else trimmed

    return read


def is_plain(column: Column) -> bool:
    """Whether texts of the column are read as they are: no form of numbers or timestamps is declared."""
    return numerals.is_plain(column) and moments.is_plain(column)


def plainly(column: Column) -> Column:
    """The column as the platform itself writes it, in plain numbers and ISO 8601."""
    return replace(column, decimal=None, thousands=None, format=None, epoch=None, timezone=None)


def _form(column: Column) -> Callable[[str], str] | None:
    """A function from a trimmed text in the column's own form to the usual one (ValueError); None where it is usual."""
    if not moments.is_plain(column):
        return moments.iso(column)
    if numerals.is_plain(column):
        return None
    plain = numerals.plainly(column)

    def read(text: str) -> str:
        if (found := plain(text)) is None:
            raise ValueError(text)
        return found

    return read


def number_of(column: Column) -> Callable[[str], float | None]:
    """A function from a trimmed text to the finite number that it is in the column's form, None where it is none."""
    plain = numerals.plainly(column)
    return lambda text: None if (found := plain(text)) is None else finite(found)


def never(column: Column, text: str) -> str | None:
    """Why no row ever holds `text` in the string `column`, and what to write; None if one may."""
    trimmed, place = text.strip(BLANKS), f"columns.{column.name}"
    meant = dict(column.values)
    if text != trimmed:
        return f"texts are read without blanks at their ends; write {trimmed!r}"
    if not text:
        return f"an empty text is no value; missing({column.name}) finds it"
    if text.lower() in marks(column):
        return f"it stands for no value; list it in {place}.allowed, or the marks that are some in {place}.missing"
    if text in meant.values():
        return None
    if column.allowed and text not in column.allowed:
        return f"{place}.allowed has {', '.join(map(repr, column.allowed))}; write one of them"
    if text in meant:
        return f"it means {meant[text]!r} by {place}.values; write that"
    return f"{place}.values allow only {', '.join(map(repr, meant.values()))}" if is_closed(column) else None


def never_number(column: Column, number: float) -> str | None:
    """As `never`, of a number in an integer, number or boolean column."""
    place = f"columns.{column.name}"
    if number in missing_numbers(column):
        return f"{place}.missing has it as a mark of no value; missing({column.name}) finds it"
    if column.type is ColumnType.BOOLEAN and number not in (0, 1):
        return "a boolean is 0 or 1"
    if column.type is ColumnType.INTEGER and number != int(number):
        return f"{place} holds whole numbers"
    if column.allowed and number not in column.allowed:
        return f"{place}.allowed has {', '.join(map(repr, column.allowed))}; write one of them"
    if column.minimum is not None and number < column.minimum:
        return f"{place}.minimum is {column.minimum:g}"
    return f"{place}.maximum is {column.maximum:g}" if column.maximum is not None and number > column.maximum else None


def finite(text: str) -> float | None:
    """The finite number that `text` is, as CSV writes one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if "_" not in text and number - number == 0 else None
