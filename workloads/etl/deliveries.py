"""The rows of accepted files as one scan, and which of them count where an entity and event time came several times."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from contracts.schema import Contract
from workloads.engine import identifier, literal, parquet
from workloads.etl.sources import SourceFile, require_unrepeated
from workloads.etl.transform import DELIVERY
from workloads.stored import stored_columns, stored_type

# ruff: noqa: S608 -- SQL here is made of what engine.identifier and engine.literal quote

_LAST = "last_"  # of `repeated`: the delivery that counts
_FILE = "file_"  # the file that a row comes from; no column of a contract ends with _


def read(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract
) -> duckdb.DuckDBPyRelation:
    """The rows of `files` with their delivery: the position of their file in `files`.

    All files are one scan: a UNION of thousands is planned in a time that grows with the square of their number.
    """
    present = [_present(file, contract) for file in files]
    columns = ", ".join(
        identifier(column.name)
        if any(column.name in names for names in present)
        else f"CAST(NULL AS {stored_type(column)}) AS {identifier(column.name)}"
        for column in stored_columns(contract)
    )
    if len(files) == 1:
        return connection.sql(f"SELECT {columns}, 0 AS {identifier(DELIVERY)} FROM {parquet(files[0].path)}")
    file = identifier(_FILE)
    rows = parquet(*(each.path for each in files), by_name=len(set(present)) > 1, file=_FILE)
    order = ", ".join(f"({literal(each.path)}, {index})" for index, each in enumerate(files))
    return connection.sql(f"""
        SELECT {columns}, {identifier(DELIVERY)}
        FROM {rows} JOIN (VALUES {order}) AS order_({file}, {identifier(DELIVERY)}) USING ({file})""")


def latest(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract
) -> duckdb.DuckDBPyRelation:
    """Of the rows of one entity and event time that of the last delivery, as `transform.latest` has it on Spark.

    Of several files it makes the view `delivered`, of all their rows, and the table `repeated`, of the few keys that
    came more than once: a window over all rows takes longer than their sort. UserError where one of several files
    repeats itself; of one file the caller finds that, whose rows lie sorted in the end.
    """
    rows = read(connection, files, contract)
    if len(files) == 1:
        return rows
    key, last, delivery = _key(contract), identifier(_LAST), identifier(DELIVERY)
    rows.create_view("delivered")
    connection.execute(f"""
        CREATE TABLE repeated AS
        SELECT {key}, max({delivery}) AS {last} FROM delivered GROUP BY {key} HAVING count(*) > 1""")
    within = connection.execute(f"""
        SELECT 1 FROM delivered JOIN repeated USING ({key}) GROUP BY {key}, {delivery} HAVING count(*) > 1 LIMIT 1""")
    if within.fetchone():
        require_unrepeated(connection, files, contract)
    return connection.sql(f"""
        SELECT delivered.* FROM delivered LEFT JOIN repeated USING ({key})
        WHERE {last} IS NULL OR {delivery} = {last}""")


def conflicts(connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract) -> int:
    """How many entities and event times came in several deliveries with different content, once `latest` was asked."""
    if len(files) == 1:
        return 0
    key = _key(contract)
    values = ", ".join(identifier(column.name) for column in stored_columns(contract))
    return connection.execute(f"""
        WITH differing AS (
            SELECT 1 FROM delivered JOIN repeated USING ({key}) GROUP BY {key} HAVING count(DISTINCT row({values})) > 1)
        SELECT count(*) FROM differing""").fetchall()[0][0]


def _present(file: SourceFile, contract: Contract) -> frozenset[str]:
    """Those columns of the contract that are not younger than the file."""
    return frozenset(column.name for column in stored_columns(contract)) - file.lacking


def _key(contract: Contract) -> str:
    return f"{identifier(contract.entity)}, {identifier(contract.event_time)}"
