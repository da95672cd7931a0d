"""The row work of validation, all of it SQL in duckdb: one pass over the file into tables that spill to disk.

`judged` holds a row a delivered row: its number in the file (from 1, header not counted), its typed values c0, c1 ...
in contract order, its own faults (null if none), the texts in it that stand for no value (null if none) and, only where
it has faults, the texts t0, t1 ... as delivered.
`repeated` holds the rows that share entity and event time with another and are not to be kept.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple

import duckdb

from contracts import labels
from contracts.schema import Column, ColumnType, Contract, EventTime, Pii
from workloads.engine import identifier, literal
from workloads.stored import DELIVERED
from workloads.validation import forms, pii, rules
from workloads.validation.source import Source, unreadable
from workloads.validation.verdict import ColumnFault, FileFault, Finding, RefusedError, RowFault

# ruff: noqa: S608 -- SQL here is made of positions (c0, t0) and of what engine.identifier and engine.literal quote

#: SQL that stands after FROM: the rows that are accepted.
GOOD = "judged ANTI JOIN repeated USING (row) WHERE faults IS NULL"


def judge_rows(connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, now: datetime) -> None:
    """Make the table `judged`. RefusedError when the file cannot be read, or a column is of a type that cannot be."""
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
    statement = f"""
        CREATE TABLE judged AS
        SELECT row, faults, marked, {", ".join(stages.kept)} FROM (
        SELECT *, {faults} AS faults, {marked} AS marked FROM (
        SELECT *, {", ".join(stages.faults)} FROM (
        SELECT *, {", ".join(stages.typed)} FROM (
        SELECT *{"".join(f", {each}" for each in stages.made)} FROM (
        SELECT row, {", ".join(stages.present)} FROM (
        SELECT row_number() OVER () AS row, {", ".join(stages.trimmed)} FROM {source.scan}))))))"""
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        raise unreadable(error, source.path) from error


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


def find_repeated(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make the table `repeated` of rows, without a fault of their own, that share entity and event time.

    Of equal rows the first is kept; of rows that differ nobody can say which is right, so all go to quarantine.
    """
    names = [column.name for column in contract.columns]
    key = f"c{names.index(contract.entity)}, c{names.index(contract.event_time)}"
    values = ", ".join(f"c{index}" for index in range(len(names)))
    one_time = contract.event_time_from is EventTime.DELIVERY
    what = f"{contract.entity} is that" if one_time else f"{contract.entity} and {contract.event_time} are those"
    shared = literal(f"{what} of ")
    differ = f"concat({shared}, number, ' rows that differ (the first is row ', first, '); deliver one')"
    same = "concat('the same row as row ', first, '; the first is kept')"
    connection.execute(f"""
        CREATE TABLE repeated AS
        WITH keys AS (
          SELECT {key}, min(row) AS first, count(*) AS number
          FROM judged WHERE faults IS NULL GROUP BY {key} HAVING number > 1),
        rows AS (SELECT * FROM judged JOIN keys USING ({key}) WHERE faults IS NULL),
        differing AS (SELECT {key}, count(DISTINCT row({values})) > 1 AS differ FROM rows GROUP BY {key})
        SELECT row,
          CASE WHEN differ THEN '{RowFault.CONFLICTING_ROWS}' ELSE '{RowFault.DUPLICATE_ROW}' END AS code,
          CASE WHEN differ THEN {differ} ELSE {same} END AS text
        FROM rows JOIN differing USING ({key}) WHERE differ OR row > first""")


def count_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """How many rows were delivered."""
    return connection.execute("SELECT count(*) FROM judged").fetchall()[0][0]


def count_reasons(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows a reason code, most frequent first; a row with two faults counts under both."""
    rows = connection.execute("""
        SELECT code, count(DISTINCT row) AS number FROM (
          SELECT row, unnest(faults).code AS code FROM judged WHERE faults IS NOT NULL
          UNION ALL SELECT row, code FROM repeated)
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
        SELECT row, coalesce(faults[1].text, text) FROM judged LEFT JOIN repeated USING (row)
        WHERE faults IS NOT NULL OR text IS NOT NULL ORDER BY row LIMIT 1""").fetchall()[0]


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


def accepted_rows(contract: Contract, delivered: datetime | None) -> str:
    """SQL for the rows of accepted.parquet in the order of the file: the contract's columns, those of persons hashed or
    left out; `delivered`.
    """
    columns = [
        f"{pii.hashed(f'CAST(c{index} AS VARCHAR)') if column.pii is Pii.HASH else f'c{index}'} "
        f"AS {identifier(column.name)}"
        for index, column in enumerate(contract.columns)
        if column.pii is not Pii.DROP
    ]
    if delivered is not None:
        columns.append(f"CAST({literal(delivered.isoformat())} AS TIMESTAMP WITH TIME ZONE) AS {identifier(DELIVERED)}")
    return f"SELECT {', '.join(columns)} FROM {GOOD} ORDER BY row"


def quarantined_rows(contract: Contract) -> str:
    """SQL for the rows of quarantine.parquet in the order of the file: row number, codes, reason, then the columns as
    text, those of persons hashed or left out. A row with a fault shows what was delivered; a mere repetition shows what
    was read.
    """
    codes = "list_transform(faults, lambda f: f.code)"
    each_once = f"list_filter({codes}, lambda code, i: list_position({codes}, code) = i)"  # list_distinct shuffles
    columns = [
        "row AS quarantine_row",
        f"coalesce({each_once}, [code]) AS quarantine_codes",
        "coalesce(array_to_string(list_transform(faults, lambda f: f.text), '; '), text) AS quarantine_reason",
    ]
    for index, column in enumerate(contract.columns):
        if column.pii is not Pii.DROP:
            text = f"coalesce(t{index}, CAST(c{index} AS VARCHAR))"
            shown = pii.hashed(text) if column.pii is Pii.HASH else text
            columns.append(f"{shown} AS {identifier(column.name)}")
    rows = "judged LEFT JOIN repeated USING (row) WHERE faults IS NOT NULL OR code IS NOT NULL"
    return f"SELECT {', '.join(columns)} FROM {rows} ORDER BY row"
