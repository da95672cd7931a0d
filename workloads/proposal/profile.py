"""What stands in each column of a file, counted over all its rows by the rules that validation reads with."""

from __future__ import annotations

import csv
import math
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import duckdb

from contracts import delimited
from contracts.labels import MOST_CLASSES
from contracts.preamble import DELIMITERS
from contracts.schema import Column, ColumnType
from contracts.texts import finite, number_of
from workloads.engine import connect, identifier, literal, parquet
from workloads.proposal import spelling
from workloads.proposal.spelling import AS_USUAL, Spelling
from workloads.validation import chunks, content, forms, rules
from workloads.validation.source import (
    beginning,
    csv_rows,
    parquet_names,
    split,
    unreadable,
)
from workloads.validation.verdict import FileFault, Finding, RefusedError

# ruff: noqa: S608 -- SQL here is made of positions (p0) and of what workloads.engine quotes

MOST_VALUES = MOST_CLASSES  # frequent values of a column that are kept
MOST_COLUMNS = 1000  # as many as validation is held to time with
SAMPLE = 1000  # different values of a column that are looked at for personal data
_AS_TEXT = Column(name="x", type=ColumnType.STRING)
_READ = (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.TIMESTAMP)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One column. `present` are the rows with a value, `read` those whose value is of a type, `odd` one that is not.

    `low` and `high` are over finite numbers, `next_low` and `next_high` those beside them, `first` and `last` over
    timestamps. `values` are the most frequent ones
    with their rows, `marks` the texts that stand for no value, `sample` different values. `padded` numbers begin with a
    zero, `pointed` ones have decimals. `spelling` is how its texts are written.
    """

    name: str
    kind: str
    rows: int
    present: int
    distinct: int
    read: Mapping[ColumnType, int]
    odd: Mapping[ColumnType, str]
    low: float | None = None
    high: float | None = None
    next_low: float | None = None
    next_high: float | None = None
    first: datetime | None = None
    last: datetime | None = None
    padded: int = 0
    pointed: int = 0
    spelling: Spelling = AS_USUAL
    values: tuple[tuple[str, int], ...] = ()
    marks: tuple[tuple[str, int], ...] = ()
    sample: tuple[str, ...] = field(default=(), repr=False)

    def number(self, text: str) -> float:
        """The number that a text of the column is, NaN where it is none."""
        found = number_of(self.spelling.column(ColumnType.NUMBER))(text)
        return math.nan if found is None else found

    @property
    def is_unique(self) -> bool:
        """Whether every row has another value."""
        return self.distinct == self.present == self.rows


def profiles(path: Path, encoding: str | None = None) -> tuple[Profile, ...]:
    """The columns of a CSV (in `encoding`) or Parquet file in their order.

    RefusedError for a file that validation would refuse.
    """
    with tempfile.TemporaryDirectory() as directory, connect(Path(directory)) as connection:
        delivered = content.of(path, Path(directory), encoding)
        names, rows = _parquet(delivered.path) if delivered.is_parquet else _csv(delivered.path)
        _refuse_names(names)
        try:
            connection.execute(f"CREATE TABLE delivered AS SELECT * FROM {rows}")
        except duckdb.Error as error:
            raise unreadable(error, delivered.path) from error
        kinds = [str(kind) for kind in connection.table("delivered").types]
        counted = connection.execute("SELECT count(*) FROM delivered").fetchall()[0][0]
        if not counted:
            text = "the file has a header and no rows; give one with rows"
            raise RefusedError(Finding(code=FileFault.NO_ROWS, text=text))
        texts = [_present(f"f{index}", kind) for index, kind in enumerate(kinds) if rules.family(kind) == "text"]
        spellings = spelling.of_columns(connection, texts)
        return tuple(
            _profile(connection, name, f"f{index}", kind, spellings.get(_present(f"f{index}", kind), AS_USUAL))
            for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
        )


def _parquet(path: Path) -> tuple[list[str], str]:
    names = parquet_names(path)
    chunks.verify(path, names)
    columns = ", ".join(f"{identifier(name)} AS f{index}" for index, name in enumerate(names))
    return names, f"(SELECT {columns} FROM {parquet(path)})"


def _csv(path: Path) -> tuple[list[str], str]:
    text, skipped = beginning(path)
    delimiter = max(DELIMITERS, key=lambda mark: _fit(text, mark))
    names = split(text, delimiter)
    return names, csv_rows(path, delimiter, len(names), skipped)


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """How well a delimiter divides the first records: the share that is as wide as the header, and how wide that is."""
    try:
        widths = [len(record) for record in islice(delimited.of_text(text, delimiter), 20)]
    except csv.Error:
        return 0.0, 0
    return (widths.count(widths[0]) / len(widths), widths[0]) if widths[0] > 1 else (0.0, 1)


def _refuse_names(names: list[str]) -> None:
    """RefusedError for too many names, for numbers in place of them, and for a name that occurs twice in any case."""
    if len(names) > MOST_COLUMNS:
        text = f"the file has {len(names)} columns, of which at most {MOST_COLUMNS} are proposed for; leave some out"
        raise RefusedError(Finding(code=FileFault.TOO_LARGE, text=text))
    if all(finite(name) is not None for name in names):
        text = f"the first line holds numbers ({', '.join(names[:5])[:60]}), no names; put a line with names before it"
        raise RefusedError(Finding(code=FileFault.MISSING_COLUMN, text=text))
    folded = [name.casefold() for name in names]
    repeated = sorted({name for name in names if name and folded.count(name.casefold()) > 1})
    if repeated:
        text = f"columns {', '.join(map(repr, repeated[:10]))} occur more than once; give each column one name"
        raise RefusedError(Finding(code=FileFault.DUPLICATE_COLUMN, text=text))


def _present(place: str, kind: str) -> str:
    """SQL: the trimmed value, null where it stands for none."""
    trimmed = rules.trimmed(place, kind)
    return f"CASE WHEN {rules.is_missing(_AS_TEXT, f'({trimmed})', kind)} THEN NULL ELSE {trimmed} END"


def _typed(column: Column, kind: str) -> str:
    """SQL: the value p in the type of a column, as validation reads it."""
    is_text = rules.family(kind) == "text"
    made = forms.made(column, "p", forms.parts(column, "p") or "") if is_text else None
    return rules.typed(column, "p", kind, made and f"({made})") or "NULL"


def _profile(connection: duckdb.DuckDBPyConnection, name: str, place: str, kind: str, written: Spelling) -> Profile:
    family = rules.family(kind)
    present = f"(SELECT {rules.trimmed(place, kind)} AS d, {_present(place, kind)} AS p FROM delivered)"
    typed = {t: _typed(written.column(t), kind) for t in _READ}
    text = "p" if family == "text" else "CAST(p AS VARCHAR)"
    infinite = f"isinf(CAST({typed[ColumnType.NUMBER]} AS DOUBLE))"
    typed[ColumnType.NUMBER] = number = f"CASE WHEN NOT {infinite} THEN CAST({typed[ColumnType.NUMBER]} AS DOUBLE) END"
    moment = typed[ColumnType.TIMESTAMP]
    usual = r"[+-]?[0-9]*\.[0-9]*([eE].*)?"
    pointed = f".*{re.escape(written.keys.get('decimal', '.'))}.*" if written.keys else usual
    of_texts = [
        f"count(*) FILTER (WHERE regexp_full_match({text}, {literal(pattern)}))"
        for pattern in (r"[+-]?0[0-9]+", pointed)
    ]
    columns = [
        "count(*)",
        "count(p)",
        "count(DISTINCT p)",
        f"min({number})",
        f"max({number})",
        f"epoch(min(CAST({moment} AS TIMESTAMP WITH TIME ZONE)))",
        f"epoch(max(CAST({moment} AS TIMESTAMP WITH TIME ZONE)))",
        *of_texts,
        *(f"count({read})" for read in typed.values()),
        *(f"any_value({text}) FILTER (WHERE p IS NOT NULL AND {read} IS NULL)" for read in typed.values()),
    ]
    query = f"SELECT {', '.join(columns)} FROM {present}"
    rows, there, distinct, low, high, first, last, padded, pointed, *found = connection.execute(query).fetchall()[0]
    next_low, next_high = (
        connection.execute(
            f"SELECT min(n) FILTER (WHERE n > {literal(low)}), max(n) FILTER (WHERE n < {literal(high)}) "
            f"FROM (SELECT {number} AS n FROM {present})"
        ).fetchall()[0]
        if low is not None and high is not None
        else (None, None)
    )
    counts, odd = found[: len(_READ)], found[len(_READ) :]
    values = connection.execute(
        f"SELECT {text}, count(*) AS n FROM {present} WHERE p IS NOT NULL "
        f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT {MOST_VALUES}"
    ).fetchall()
    marks = connection.execute(
        f"SELECT CAST(d AS VARCHAR), count(*) AS n FROM {present} WHERE p IS NULL AND d IS NOT NULL "
        f"AND CAST(d AS VARCHAR) <> '' GROUP BY 1 ORDER BY n DESC, 1"
    ).fetchall()
    sample = connection.execute(
        f"SELECT DISTINCT {text} FROM (SELECT p FROM {present} WHERE p IS NOT NULL LIMIT {20 * SAMPLE}) LIMIT {SAMPLE}"
    ).fetchall()
    return Profile(
        name=name,
        kind=family,
        rows=rows,
        present=there,
        distinct=distinct,
        read=dict(zip(_READ, counts, strict=True)),
        odd={t: example for t, example in zip(_READ, odd, strict=True) if example is not None},
        low=low,
        high=high,
        next_low=next_low,
        next_high=next_high,
        first=None if first is None else datetime.fromtimestamp(first, UTC),
        last=None if last is None else datetime.fromtimestamp(last, UTC),
        padded=padded,
        pointed=pointed,
        spelling=written,
        values=tuple((value, count) for value, count in values),
        marks=tuple((mark, count) for mark, count in marks),
        sample=tuple(value for (value,) in sample),
    )
