"""The row work of validation, all of it SQL in duckdb: one pass over a file, whose judged rows lie on disk.

`judged`, a view of a Parquet file, has a row a delivered row, in the order of the file: its number there (from 1,
header not counted), its typed values c0, c1 ... in contract order, its own faults (null if none), the texts in it that
stand for no value (null if none), where it has no faults the `hash` of entity and event time, and where it has some the
texts t0, t1 ... as delivered.
`repeated` holds the rows that share entity and event time with another and are not to be kept (`repeated.find`).
"""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from contracts import labels
from contracts.schema import Column, ColumnType, Contract
from workloads.engine import literal, one_thread, parquet
from workloads.validation import forms, repeated, rules
from workloads.validation.source import Source, unreadable
from workloads.validation.verdict import ColumnFault, FileFault, Finding, RefusedError, RowFault

# ruff: noqa: S608 -- SQL here is made of positions (c0, t0) and of what engine.identifier and engine.literal quote

#: SQL that stands after FROM: the rows that are accepted.
GOOD = "judged ANTI JOIN repeats USING (row) WHERE faults IS NULL"
#: Values (rows by columns) of a row group of `judged`: the writer holds some of them whole, and a column of one is read
#: at once.
_GROUP_VALUES: Final = 120_000
_LEAST_ROWS: Final = 2048  # of a row group: a vector of duckdb


def judge_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, now: datetime, scratch: Path
) -> int:
    """Make the view `judged` of a file in `scratch`, which has to stay; returns how many rows it has.

    RefusedError when the file cannot be read, or a column is of a type that cannot be.
    """
    clock = rules.Clock.of(contract, now)
    wrong: list[Finding] = []
    stages = _Stages([], [], [], [], [], [])
    for index, (column, kind) in enumerate(zip(contract.columns, source.types, strict=True)):
        is_text = rules.family(kind) == "text"
        parts = forms.parts(column, f"p{index}") if is_text else None
        made = forms.made(column, f"d{index}", f"g{index}") if is_text else None
        value = rules.typed(column, f"d{index}", kind, None if made is None else f"w{index}")
        if value is None:
            found = f"column {column.name} is of type {kind}, which cannot be read as {rules.expected(column)}"
            wrong.append(Finding(code=FileFault.WRONG_TYPE, text=f"{found}; deliver it as such"))
            continue
        is_event_time = column.name == contract.event_time
        missing = rules.is_missing(column, f"p{index}", kind)
        text = f"d{index}" if is_text else f"CAST(d{index} AS VARCHAR)"
        fault = rules.fault(
            column,
            f"c{index}",
            text,
            f"m{index}",
            is_event_time=is_event_time,
            clock=clock,
            learnable=labels.learnable(contract) if column.name == contract.label else None,
        )
        stages.trimmed.append(f"{rules.trimmed(f'c{index}', kind)} AS p{index}")
        stages.present.append(f"p{index}, CASE WHEN {missing} THEN NULL ELSE p{index} END AS d{index}")
        stages.present.extend([] if parts is None else [f"{parts} AS g{index}"])
        stages.made.extend([] if made is None else [f"{made} AS w{index}"])
        mark = f"CASE WHEN d{index} IS NULL THEN nullif(p{index}, '') END" if is_text else "CAST(NULL AS VARCHAR)"
        stages.typed.append(f"{value} AS c{index}, {mark} AS m{index}")
        stages.faults.append(f"{fault} AS f{index}")
        delivered = f"coalesce({text}, m{index})"
        stages.kept.append(f"c{index}, CASE WHEN faults IS NOT NULL THEN {delivered} END AS t{index}")
    if wrong:
        raise RefusedError(*wrong)
    count = len(contract.columns)
    marks = [
        f"CASE WHEN m{index} IS NOT NULL THEN {{'column': {index}, 'mark': m{index}}} END" for index in range(count)
    ]
    faults = _listed([f"f{index}" for index in range(count)], [f"f{index}" for index in range(count)])
    marked = _listed([f"m{index}" for index in range(count)], marks)
    once = f"CASE WHEN faults IS NULL THEN hash({repeated.key(contract)}) END AS hash"
    rows = f"""
        SELECT row, faults, marked, {once}, {", ".join(stages.kept)} FROM (
        SELECT *, {faults} AS faults, {marked} AS marked FROM (
        SELECT *, {", ".join(stages.faults)} FROM (
        SELECT *, {", ".join(stages.typed)} FROM (
        SELECT *{"".join(f", {each}" for each in stages.made)} FROM (
        SELECT row, {", ".join(stages.present)} FROM (
        SELECT row_number() OVER () AS row, {", ".join(stages.trimmed)} FROM {source.scan}))))))"""
    target, group = scratch / "judged.parquet", max(_LEAST_ROWS, _GROUP_VALUES // count)
    # Rows are numbered one after the other in any case. A second thread would only read ahead; what it has read lies in
    # memory and spilled files (two gigabytes of them for a file of one) until the first comes there.
    try:
        with one_thread(connection):
            connection.execute(f"COPY ({rows}) TO {literal(target)} (FORMAT parquet, ROW_GROUP_SIZE {group})")
    except duckdb.Error as error:
        raise unreadable(error, source.path) from error
    connection.execute(f"CREATE VIEW judged AS FROM {parquet(target)}")
    return connection.execute("SELECT count(*) FROM judged").fetchall()[0][0]


class _Stages(NamedTuple):
    """The projections of one column after the other, each on top of the former."""

    trimmed: list[str]
    present: list[str]
    made: list[str]
    typed: list[str]
    faults: list[str]
    kept: list[str]


def _listed(names: list[str], values: list[str]) -> str:
    """SQL: those of `values` that are not null as a list, or null if there is none, which `names` tell cheaply."""
    found = f"list_filter([{', '.join(values)}], lambda item: item IS NOT NULL)"
    return f"CASE WHEN coalesce({', '.join(names)}) IS NOT NULL THEN {found} END"


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
        came = f"t{index} IS NOT NULL AND NOT ({rules.is_missing(column, f't{index}', 'VARCHAR')})"
        count, first = connection.execute(
            f"SELECT count(*), left(arg_min(t{index}, row), {rules.MAX_SHOWN}) FROM judged WHERE {came}"
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
