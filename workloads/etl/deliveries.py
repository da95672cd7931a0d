"""The rows of accepted files as one scan, and which of them count where an entity and event time came several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from contracts.schema import Contract
from workloads.engine import identifier, literal, parquet
from workloads.etl.sources import SourceFile, require_unrepeated
from workloads.etl.transform import DELIVERY
from workloads.stored import stored_columns, stored_type

# ruff: noqa: S608 -- SQL here is made of what engine.identifier and engine.literal quote

_LAST = "last_"  # of `repeated`: the delivery that counts
_FILE = "file_"  # the file that a row comes from; no column of a contract ends with _


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """All rows, those that count, and how many entities and event times came several times with different content."""

    rows: duckdb.DuckDBPyRelation
    latest: duckdb.DuckDBPyRelation
    conflicts: int


def read(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract
) -> duckdb.DuckDBPyRelation:
    """The rows of `files` with their delivery: the position of their file in `files`."""
    rows, delivery = _scan(files, contract, file=_FILE), identifier(DELIVERY)
    order = ", ".join(f"({literal(each.path)}, {index})" for index, each in enumerate(files))
    return connection.sql(f"""
        SELECT * EXCLUDE ({_FILE})
        FROM ({rows}) JOIN (VALUES {order}) AS order_({_FILE}, {delivery}) USING ({_FILE})""")


def _scan(files: Sequence[SourceFile], contract: Contract, *, file: str | None = None) -> str:
    """SQL for the contract's columns of the rows of `files`, and the path of each one's file in the column `file`.

    All files are one scan: a UNION of thousands is planned in a time that grows with the square of their number.
    """
    present = [_present(each, contract) for each in files]
    columns = [
        identifier(column.name)
        if any(column.name in names for names in present)
        else f"CAST(NULL AS {stored_type(column)}) AS {identifier(column.name)}"
        for column in stored_columns(contract)
    ]
    columns += [identifier(file)] if file else []
    rows = parquet(*(each.path for each in files), by_name=len(set(present)) > 1, file=file)
    return f"SELECT {', '.join(columns)} FROM {rows}"


def accepted(connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract) -> Accepted:
    """The rows of `files`, with of those of one entity and event time that of the last delivery, as `transform.latest`
    has it on Spark.

    Of several files it makes the view `delivered`, of all their rows, and the table `repeated`, of the few keys that
    came more than once: a window over all rows takes longer than their sort. Where there are such keys, what is left is
    a table, for rows are read several times and thousands of files are slow to open. UserError where one of the files
    repeats itself; of one file `written.read_back` finds that, once its rows lie sorted.
    """
    rows = connection.sql(_scan(files, contract))
    if len(files) == 1:
        return Accepted(rows=rows, latest=rows, conflicts=0)
    key = f"{identifier(contract.entity)}, {identifier(contract.event_time)}"
    last, delivery = identifier(_LAST), identifier(DELIVERY)
    read(connection, files, contract).create_view("delivered")
    connection.execute(f"""
        CREATE TABLE repeated AS
        SELECT {key}, max({delivery}) AS {last} FROM delivered GROUP BY {key} HAVING count(*) > 1""")
    if not len(connection.table("repeated")):
        return Accepted(rows=rows, latest=rows, conflicts=0)
    values = ", ".join(identifier(column.name) for column in stored_columns(contract))
    within, conflicts = connection.execute(f"""
        SELECT count(*) FILTER (rows_ > files_), count(*) FILTER (contents_ > 1)
        FROM (
            SELECT count(*) AS rows_, count(DISTINCT {delivery}) AS files_, count(DISTINCT row({values})) AS contents_
            FROM delivered JOIN repeated USING ({key}) GROUP BY {key})""").fetchall()[0]
    if within:
        require_unrepeated(connection, files, contract)
    latest = connection.sql(f"""
        SELECT delivered.* EXCLUDE ({delivery}) FROM delivered LEFT JOIN repeated USING ({key})
        WHERE {last} IS NULL OR {delivery} = {last}""")
    latest.create("latest")
    return Accepted(rows=rows, latest=connection.table("latest"), conflicts=conflicts)


def _present(file: SourceFile, contract: Contract) -> frozenset[str]:
    """Those columns of the contract that are not younger than the file."""
    return frozenset(column.name for column in stored_columns(contract)) - file.lacking
