"""Rows that share entity and event time, found in bounded memory: each part of the work holds a bounded share of rows.

`judged` has a hash of both for each row without a fault of its own. Shares of the hashes are counted one after the
other; what occurs twice is a suspect, and only suspects, again by shares, are compared by their values.
"""

from __future__ import annotations

from typing import Final

import duckdb

from contracts.schema import Contract, EventTime
from workloads.engine import literal
from workloads.validation.verdict import RowFault

# ruff: noqa: S608 -- SQL here is made of positions (c0, t0) and of what engine.literal quotes

#: Rows that are counted at once, some 50 bytes each, and values (rows by columns) that are compared at once.
_COUNTED: Final = 1_000_000
_COMPARED: Final = 2_000_000


def key(contract: Contract) -> str:
    """SQL: the columns of `judged` that no two rows may share, entity and event time."""
    names = [column.name for column in contract.columns]
    return f"c{names.index(contract.entity)}, c{names.index(contract.event_time)}"


def find(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: int) -> int:
    """Make the table `repeats` and the view `repeated` (row, code, text) of rows that are not to be kept; how many.

    Of equal rows the first is kept; of rows that differ nobody can say which is right, so all go to quarantine.
    `rows` is how many `judged` has.
    """
    connection.execute("CREATE TABLE suspects (hash UBIGINT, number BIGINT)")
    connection.execute("CREATE TABLE repeats (row BIGINT, differ BOOLEAN, first BIGINT, number BIGINT)")
    connection.execute(f"CREATE VIEW repeated AS SELECT row, {_told(contract)} FROM repeats")
    for share in _shares("hash", rows, _COUNTED):
        connection.execute(f"""
            INSERT INTO suspects SELECT hash, count(*) AS number FROM judged
            WHERE {share} GROUP BY hash HAVING number > 1""")
    suspected = _first(connection, "SELECT coalesce(sum(number), 0) FROM suspects")
    if suspected:
        for share in _shares("hash", suspected, max(1, _COMPARED // len(contract.columns))):
            connection.execute(_compared(contract, share))
    return _first(connection, "SELECT count(*) FROM repeats")


def _shares(name: str, rows: int, most: int) -> list[str]:
    """SQL conditions on a hash that part `rows` into shares of about `most` each."""
    number = max(1, -(-rows // most))
    return [f"{name} % {number} = {share}" for share in range(number)]


def _compared(contract: Contract, share: str) -> str:
    """SQL that adds to `repeats` those of a share of the suspects. Each row is held against the first of its key."""
    columns, values = key(contract), [f"c{index}" for index in range(len(contract.columns))]
    differs = " OR ".join(f"rows.{value} IS DISTINCT FROM firsts.{value}" for value in values)
    return f"""
        INSERT INTO repeats
        WITH rows AS MATERIALIZED (
          SELECT row, {", ".join(values)} FROM judged SEMI JOIN (FROM suspects WHERE {share}) USING (hash)
          WHERE {share}),
        keys AS MATERIALIZED (
          SELECT {columns}, min(row) AS first, count(*) AS number FROM rows GROUP BY {columns} HAVING number > 1),
        firsts AS (SELECT rows.* FROM rows JOIN keys ON row = first),
        differing AS (
          SELECT firsts.row AS first, bool_or({differs}) AS differ
          FROM rows JOIN firsts USING ({columns}) GROUP BY firsts.row)
        SELECT row, differ, first, number
        FROM rows JOIN keys USING ({columns}) JOIN differing USING (first) WHERE differ OR row > first"""


def _told(contract: Contract) -> str:
    """SQL: code and text of a repeat."""
    one_time = contract.event_time_from is EventTime.DELIVERY
    what = f"{contract.entity} is that" if one_time else f"{contract.entity} and {contract.event_time} are those"
    shared = literal(f"{what} of ")
    differ = f"concat({shared}, number, ' rows that differ (the first is row ', first, '); deliver one')"
    same = "concat('the same row as row ', first, '; the first is kept')"
    return f"""
        CASE WHEN differ THEN '{RowFault.CONFLICTING_ROWS}' ELSE '{RowFault.DUPLICATE_ROW}' END AS code,
        CASE WHEN differ THEN {differ} ELSE {same} END AS text"""


def _first(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    return connection.execute(statement).fetchall()[0][0]
