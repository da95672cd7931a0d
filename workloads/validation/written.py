"""What validation writes: the rows that are accepted, and those that are not, each in the order of the file.

Nothing sorts a whole file. `judged` lies in order, and duckdb keeps the order of one source through a COPY, but not
through a join: where rows are repeated, one span of rows after the other is joined, sorted and written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow.parquet as pq

from contracts.schema import Contract, Pii
from workloads.engine import PARQUET, identifier, literal, parquet
from workloads.stored import DELIVERED
from workloads.validation import pii

# ruff: noqa: S608 -- SQL here is made of positions (c0, t0) and of what engine.identifier and engine.literal quote

#: Values (rows by columns) that are sorted at once.
_SPAN_VALUES: Final = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Rows:
    """SQL of rows to write: their columns, and where they are from without repeated rows and with them, where `{span}`
    is a condition on `row`.
    """

    columns: tuple[str, ...]
    plain: str
    joined: str


def accepted(contract: Contract, delivered: datetime | None) -> Rows:
    """The rows of accepted.parquet: the contract's columns, those of persons hashed or left out; `delivered`."""
    columns = [
        f"{pii.hashed(f'CAST(c{index} AS VARCHAR)') if column.pii is Pii.HASH else f'c{index}'} "
        f"AS {identifier(column.name)}"
        for index, column in enumerate(contract.columns)
        if column.pii is not Pii.DROP
    ]
    if delivered is not None:
        columns.append(f"CAST({literal(delivered.isoformat())} AS TIMESTAMP WITH TIME ZONE) AS {identifier(DELIVERED)}")
    return Rows(
        columns=tuple(columns),
        plain="judged WHERE faults IS NULL",
        joined="(FROM judged WHERE {span}) ANTI JOIN (FROM repeats WHERE {span}) USING (row) WHERE faults IS NULL",
    )


def quarantined(contract: Contract) -> Rows:
    """The rows of quarantine.parquet: row number, codes, reason, then the columns as text, those of persons hashed or
    left out. A row with a fault shows what was delivered; a mere repetition shows what was read.
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
            text = f"coalesce(texts[{index + 1}], CAST(c{index} AS VARCHAR))"
            shown = pii.hashed(text) if column.pii is Pii.HASH else text
            columns.append(f"{shown} AS {identifier(column.name)}")
    none = "CAST(NULL AS VARCHAR)"
    return Rows(
        columns=tuple(columns),
        plain=f"(SELECT *, {none} AS code, {none} AS text FROM judged WHERE faults IS NOT NULL)",
        joined=(
            "(FROM judged WHERE {span}) LEFT JOIN (FROM repeated WHERE {span}) USING (row) "
            "WHERE faults IS NOT NULL OR code IS NOT NULL"
        ),
    )


def write(connection: duckdb.DuckDBPyConnection, rows: Rows, path: Path, *, of: int, repeats: int) -> int:
    """Write `rows` and say how many there are, counted in what was written; `of` are all rows, `repeats` of them."""
    chosen = f"SELECT {', '.join(rows.columns)} FROM "
    if not repeats:
        _copy(connection, chosen + rows.plain, path, PARQUET)
        return pq.read_metadata(path).num_rows
    long = max(1, _SPAN_VALUES // len(rows.columns))
    spans = [f"row BETWEEN {first} AND {first + long - 1}" for first in range(1, of + 1, long)]
    statements = [f"{chosen}{rows.joined.format(span=span)} ORDER BY row" for span in spans]
    if len(statements) == 1:
        _copy(connection, statements[0], path, PARQUET)
        return pq.read_metadata(path).num_rows
    parts = [path.with_suffix(f".{number}.parquet") for number in range(len(statements))]
    for statement, part in zip(statements, parts, strict=True):
        _copy(connection, statement, part, f"FORMAT parquet, ROW_GROUP_SIZE {max(2048, long // 16)}")
    _copy(connection, f"FROM {parquet(*parts)}", path, PARQUET)
    for part in parts:
        part.unlink()
    return pq.read_metadata(path).num_rows


def _copy(connection: duckdb.DuckDBPyConnection, statement: str, path: Path, options: str) -> None:
    connection.execute(f"COPY ({statement}) TO {literal(path)} ({options})")
