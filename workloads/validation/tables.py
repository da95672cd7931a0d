"""The row work of validation, all of it SQL in duckdb: one pass over a file, whose judged rows lie on disk.

`judged`, a view of Parquet files, has a row a delivered row, in the order of the file: its number there (from 1,
header not counted), its typed values c0, c1 ... in contract order, its own faults (null if none), the texts in it that
stand for no value (null if none), where it has no faults the `hash` of entity and event time, and where it has some the
`texts` as delivered, in contract order.
`repeated` holds the rows that share entity and event time with another and are not to be kept (`repeated.find`).
"""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from contracts.schema import Column, ColumnType, Contract
from workloads.engine import parquet
from workloads.validation import passes, rules, stages
from workloads.validation.source import Source
from workloads.validation.verdict import ColumnFault, FileFault, Finding, RowFault

# ruff: noqa: S608 -- SQL here is made of positions (c0) and of what engine.identifier and engine.literal quote

#: SQL that stands after FROM: the rows that are accepted.
GOOD = "judged ANTI JOIN repeats USING (row) WHERE faults IS NULL"


def judge_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, now: datetime, scratch: Path
) -> int:
    """Make the view `judged` of a file in `scratch`, which has to stay; returns how many rows it has.

    RefusedError when the file cannot be read, or a column is of a type that cannot be.
    """
    columns = ", ".join(f"c{index} AS r{index}" for index in range(len(contract.columns)))

    def judged(scan: str) -> str:
        numbered = f"(SELECT row_number() OVER () AS row, {columns} FROM {scan})"
        return stages.judged(contract, rules.Clock.of(contract, now), source.types, numbered)

    before, views = 0, []
    for path in passes.write(connection, source, judged, len(contract.columns), scratch):
        views.append(f"SELECT * REPLACE (row + {before} AS row) FROM {parquet(path)}")
        before += pq.read_metadata(path).num_rows
    # of several that stand in one UNION ALL duckdb keeps the order
    connection.execute(f"CREATE VIEW judged AS {' UNION ALL '.join(views)}")
    return before


def count_reasons(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows a reason code, most frequent first; a row with two faults counts under both."""
    rows = connection.execute("""
        SELECT code, count(*) AS number FROM (
          SELECT unnest(list_distinct(list_transform(faults, lambda f: f.code))) AS code
          FROM judged WHERE faults IS NOT NULL
          UNION ALL SELECT code FROM repeated)
        GROUP BY code ORDER BY number DESC, code""").fetchall()
    return dict(rows)


def faults_by_column(connection: duckdb.DuckDBPyConnection) -> tuple[ColumnFault, ...]:
    """The faults of each column, most frequent first, each with its first row."""
    rows = connection.execute("""
        SELECT name, code, count(*) AS number, min(row), arg_min(text, row) FROM (
          SELECT row, fault.column AS name, fault.code AS code, fault.text AS text
          FROM (SELECT row, unnest(faults) AS fault FROM judged WHERE faults IS NOT NULL)
          UNION ALL SELECT row, NULL, code, text FROM repeated)
        GROUP BY name, code ORDER BY number DESC, name, code""").fetchall()
    return tuple(
        ColumnFault(column=name, code=RowFault(code), rows=number, first_row=first, example=text)
        for name, code, number, first, text in rows
    )


def first_fault(connection: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    """The number of the first bad row and its first reason; there must be one."""
    return connection.execute("""
        SELECT row, faults[1].text AS text FROM judged WHERE faults IS NOT NULL
        UNION ALL SELECT row, text FROM repeated ORDER BY row LIMIT 1""").fetchall()[0]


def unread_columns(connection: duckdb.DuckDBPyConnection, contract: Contract) -> list[Finding]:
    """A finding for each column of which values came and not one could be read as the contract's type."""
    counts = ", ".join(f"count(c{index})" for index in range(len(contract.columns)))
    read = connection.execute(f"SELECT {counts} FROM judged").fetchall()[0]
    findings: list[Finding] = []
    for index in (index for index, count in enumerate(read) if count == 0):
        column = contract.columns[index]
        came = f"text IS NOT NULL AND NOT ({rules.is_missing(column, 'text', 'VARCHAR')})"
        count, first = connection.execute(
            f"SELECT count(*), left(arg_min(text, row), {rules.MAX_SHOWN}) "
            f"FROM (SELECT row, texts[{index + 1}] AS text FROM judged WHERE texts IS NOT NULL) WHERE {came}"
        ).fetchall()[0]
        if count:
            found = "withheld" if column.pii else repr(first)
            text = f"column {column.name}: none of {count} values is {rules.expected(column)} (the first is {found})"
            remedy = f", or say what its texts mean: columns.{column.name}.values" if _has_values(column) else ""
            findings.append(Finding(code=FileFault.WRONG_TYPE, text=f"{text}; deliver it as such{remedy}"))
    return findings


def _has_values(column: Column) -> bool:
    return column.type in (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN) and column.pii is None


def late_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, now: datetime) -> str | None:
    """How many rows came too late and what would keep them, in a sentence; None if there is none."""
    index = [column.name for column in contract.columns].index(contract.event_time)
    late = f"list_contains(list_transform(faults, lambda f: f.code), '{RowFault.LATE_EVENT}')"
    oldest = f"min(c{index})"
    count, seconds, date = connection.execute(
        f"SELECT count(*), epoch({oldest}), strftime({oldest}, '%Y-%m-%d') FROM judged WHERE {late}"
    ).fetchall()[0]
    if not count:
        return None
    days = math.ceil((now.timestamp() - seconds) / 86_400)
    limit = contract.ingestion.max_lateness_days
    return (
        f"{count} row{'s are' if count > 1 else ' is'} older than the {limit} days of ingestion.max_lateness_days, the "
        f"oldest of {date}; {days} would keep all of them"
    )


def marks_of_missing(connection: duckdb.DuckDBPyConnection, contract: Contract) -> list[str]:
    """A sentence for each column in which texts stand for no value: which, and how often."""
    rows = connection.execute("""
        SELECT item.column, item.mark, count(*) AS number
        FROM (SELECT unnest(marked) AS item FROM judged WHERE marked IS NOT NULL)
        GROUP BY ALL ORDER BY 1, number DESC, 2""").fetchall()
    found: dict[int, list[str]] = {}
    for index, mark, number in rows:
        found.setdefault(index, []).append(f"{mark!r} ({number})")
    advice = "if one is a value, list it in the column's `allowed`, or the others in its `missing`"
    return [
        f"column {contract.columns[index].name}: {', '.join(marks)} stand for no value; {advice}"
        for index, marks in found.items()
    ]
