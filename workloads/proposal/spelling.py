"""How a file writes letters, numbers and timestamps, where that is not as usual: what all of it fits, and nothing else.

What a file cannot tell is left to a person: whether 1,234 has decimals, whether 05/11/2026 is in May.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from contracts import encodings, moments, numerals
from contracts.schema import Column, ColumnType
from workloads.engine import literal
from workloads.validation import forms, packed
from workloads.validation.content import PARQUET_MAGIC

# ruff: noqa: S608 -- SQL here is made of positions (f0) and of what workloads.engine quotes

#: Share of a column's values that have to be of a type and in a form; the others are quarantined, and told.
ENOUGH: Final = 0.98
#: What a file in no UTF-8 usually is: of Windows in Western Europe and America, and what Excel makes there.
USUAL: Final = "cp1252"
#: Signs of numbers, those with fewer first.
SIGNS: Final = ((",", None), (",", "."), (",", " "), (",", "'"), (None, ","), (None, " "), (None, "'"))
_DAYS: Final = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_MONTHS: Final = ("%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y")
_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
FORMATS: Final = tuple(day + clock for day in (*_DAYS, *_MONTHS) for clock in _CLOCKS)
_PLAIN: Final = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """Keys of a column that say how its texts are written, and what a person has to say instead, if the file cannot."""

    keys: dict[str, str] = field(default_factory=dict[str, str])
    question: str | None = None

    def column(self, kind: ColumnType) -> Column:
        """A column of a type whose texts are written so."""
        numeric = kind in (ColumnType.INTEGER, ColumnType.NUMBER)
        known = ("decimal", "thousands") if numeric else ("format", "epoch") if kind is ColumnType.TIMESTAMP else ()
        return Column(name="x", type=kind, **{key: value for key, value in self.keys.items() if key in known})  # pyright: ignore[reportArgumentType]


AS_USUAL: Final = Spelling()


def encoding(path: Path) -> str | None:
    """The encoding of a text that is no UTF-8, by its byte order mark or because all of it can be read so; else None.

    RefusedError of a file that cannot be unpacked.
    """
    utf_8, usual = (codecs.getincrementaldecoder(name)() for name in (encodings.UTF_8, USUAL))
    is_utf_8 = is_usual = True
    for number, piece in enumerate(packed.chunks(path)):
        if number == 0 and piece.startswith(PARQUET_MAGIC):
            return None
        if number == 0 and (found := encodings.by_mark(piece)):
            return None if found == encodings.UTF_8 else found
        is_utf_8, is_usual = is_utf_8 and _reads(utf_8, piece), is_usual and _reads(usual, piece)
    return USUAL if is_usual and not is_utf_8 else None


def _reads(decoder: codecs.IncrementalDecoder, piece: bytes) -> bool:
    try:
        decoder.decode(piece)
    except UnicodeDecodeError:
        return False
    return True


def of_columns(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> dict[str, Spelling]:
    """How the columns of the table `delivered` are written; `texts` are SQL of the trimmed values that are there."""
    counted = {text: _counted(connection, text) for text in texts}
    has_commas = any(_signs(count, german=False)[:1] == [","] for count in counted.values())
    return {text: _spelling(count, german=has_commas) for text, count in counted.items()}


@dataclass(frozen=True, kw_only=True)
class _Count:
    """Of a column: values, plain numbers, those with a point, and how many fit signs and formats."""

    present: int
    plain: int
    pointed: int
    signs: dict[tuple[str | None, str | None], int]
    formats: dict[str, int]

    def is_enough(self, count: int) -> bool:
        return self.present > 0 and count >= ENOUGH * self.present


def _counted(connection: duckdb.DuckDBPyConnection, text: str) -> _Count:
    patterns = [numerals.pattern(_column(*signs)) for signs in SIGNS]
    times = [Column(name="x", type=ColumnType.TIMESTAMP, format=each) for each in FORMATS]
    conditions = [
        "v IS NOT NULL",
        f"regexp_full_match(v, {literal(_PLAIN)})",
        f"regexp_full_match(v, {literal(_PLAIN)}) AND contains(v, '.')",
        *(f"regexp_full_match(v, {literal(pattern)})" for pattern in patterns),
    ]
    found = _counts(connection, text, conditions)
    # formats only of what has digits in all values and is no number
    formats: dict[str, int] = {}
    if found[0] and found[1] < found[0]:
        likely = _counts(
            connection, text, [f"regexp_full_match(v, {literal(moments.form(each).pattern)})" for each in FORMATS]
        )
        for column, count in zip(times, likely, strict=True):
            if count >= ENOUGH * found[0]:
                made = forms.made(column, "v", forms.parts(column, "v") or "")
                (formats[column.format or ""],) = _counts(
                    connection, text, [f"{forms.moment(column, made or 'v')} IS NOT NULL"]
                )
    return _Count(
        present=found[0],
        plain=found[1],
        pointed=found[2],
        signs=dict(zip(SIGNS, found[3:], strict=True)),
        formats=formats,
    )


def _counts(connection: duckdb.DuckDBPyConnection, text: str, conditions: list[str]) -> list[int]:
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    return list(connection.execute(f"SELECT {counts} FROM (SELECT {text} AS v FROM delivered)").fetchall()[0])


def _column(decimal: str | None, thousands: str | None) -> Column:
    return Column(name="x", type=ColumnType.NUMBER, decimal=decimal, thousands=thousands)


def _signs(count: _Count, *, german: bool) -> list[str | None]:
    """Decimal sign and sign of thousands; nothing where numbers are plain, or none; a lone None is for a person."""
    fits = [signs for signs in SIGNS if count.is_enough(count.signs[signs])]
    # where no number has decimals the point says as much as the comma
    commas = [signs for signs in fits if signs[0] == "," and (german or (None, signs[1]) not in fits)]
    if count.is_enough(count.plain):
        # 1.234 throughout, in a file whose other numbers have commas
        return [",", "."] if german and count.pointed and count.is_enough(count.signs[",", "."]) else []
    if commas and (None, ",") in fits and not german:
        return [None]
    points = [signs for signs in fits if signs[0] is None]
    return list((commas or points or [()])[0])


def _spelling(count: _Count, *, german: bool) -> Spelling:
    match _signs(count, german=german):
        case [None]:
            return Spelling(
                question="numbers with a comma: whether it is decimal (decimal: ',') or separates thousands"
            )
        case [decimal, thousands]:
            keys = {"decimal": decimal, "thousands": thousands}
            return Spelling(keys={key: sign for key, sign in keys.items() if sign})
        case _:
            return _of_times(count)


def _of_times(count: _Count) -> Spelling:
    fits = [form for form, number in count.formats.items() if count.is_enough(number)]
    if len(fits) == 1:
        return Spelling(keys={"format": fits[0]})
    if fits:
        return Spelling(question=f"timestamps that could be {' or '.join(fits)} (format)")
    return Spelling()
