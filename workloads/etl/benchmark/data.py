"""Rows of churn to measure with, and whether two data sets are the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from contracts.schema import Contract
from workloads.engine import connect, identifier, literal
from workloads.etl.transform import output_columns
from workloads.features.split import PARTS

# ruff: noqa: S608 -- SQL here is made of what engine.identifier and engine.literal quote

#: Five rows a customer; without a value a row in eleven, seven and thirteen.
_ROWS = """
    SELECT printf('C%08d', (hash(i) % {customers})::BIGINT) AS customer_id,
           TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_microseconds((i * 3100000)::BIGINT) AS event_time,
           CASE WHEN hash(i + 1) % 11 > 0 THEN (hash(i + 2) % 400)::BIGINT END AS user_tenure_months,
           CASE WHEN hash(i + 3) % 7 > 0 THEN (hash(i + 4) % 1000000)::DOUBLE / 7 END AS transaction_volume,
           CASE WHEN hash(i + 5) % 13 > 0 THEN (hash(i + 6) % 30)::BIGINT END AS support_tickets,
           (hash(i + 7) % 4 = 0)::BIGINT AS churn_label
    FROM range({rows}) AS numbers(i)"""
#: Of a thousand rows one has a value that is wrong, two have one beyond its range.
_FAULTS = """
    SELECT customer_id, strftime(event_time, '%Y-%m-%dT%H:%M:%SZ') AS event_time,
           CASE WHEN number % 1000 = 0 THEN '-3' ELSE user_tenure_months::VARCHAR END AS user_tenure_months,
           CASE WHEN number % 1000 = 1 THEN 'lots' ELSE transaction_volume::VARCHAR END AS transaction_volume,
           support_tickets, CASE WHEN number % 1000 = 2 THEN 2 ELSE churn_label END AS churn_label
    FROM (SELECT *, row_number() OVER () AS number FROM ({rows}))"""


def write(target: Path, rows: int) -> None:
    """Accepted rows as Parquet, or delivered ones as CSV, by what `target` is called."""
    text = _ROWS.format(rows=rows, customers=max(1, rows // 5))
    options = "FORMAT parquet, COMPRESSION zstd"
    if target.suffix == ".csv":
        text, options = _FAULTS.format(rows=text), "FORMAT csv"
    with connect(target.parent) as connection:
        connection.execute(f"COPY ({text}) TO {literal(target)} ({options})")


def judged(output: Path) -> tuple[int, int]:
    """How many rows validation accepted and quarantined."""
    accepted, quarantined = (
        pq.read_metadata(output / f"{name}.parquet").num_rows for name in ("accepted", "quarantine")
    )
    return accepted, quarantined


def difference(ours: Path, theirs: Path, contract: Contract, scratch: Path) -> float:
    """The largest relative difference of a float; of a row, an integer or a text that differs ValueError."""
    key = f"{identifier(contract.entity)}, {identifier(contract.event_time)}"
    largest = 0.0
    with connect(scratch) as connection:
        for part in PARTS:
            for name, place in (("ours", ours), ("theirs", theirs)):
                files = literal(str(place / part / "**/*.parquet"))
                found = connection.sql(f"FROM read_parquet({files}, hive_partitioning = false)")
                found.create_view(name, replace=True)
            largest = max(largest, _difference(connection, part, contract, key))
    return largest


def _difference(connection: duckdb.DuckDBPyConnection, part: str, contract: Contract, key: str) -> float:
    view = connection.view("ours")
    types = dict(zip(view.columns, map(str, view.types), strict=True))
    columns = [name for name in output_columns(contract) if name not in (contract.entity, contract.event_time)]
    pairs = {name: (f"ours.{identifier(name)}", f"theirs.{identifier(name)}") for name in columns}
    exact = [f"{a} IS DISTINCT FROM {b}" for name, (a, b) in pairs.items() if types[name] != "DOUBLE"]
    exact += [f"({a} IS NULL) != ({b} IS NULL)" for a, b in pairs.values()]
    floats = [
        f"max(CASE WHEN {a} = {b} THEN 0 ELSE abs({a} - {b}) / greatest(abs({a}), abs({b})) END)"
        for name, (a, b) in pairs.items()
        if types[name] == "DOUBLE"
    ]
    compared = f"count(*), count(*) FILTER ({' OR '.join(exact)}), greatest({', '.join(floats)})"
    joined = connection.execute(f"SELECT {compared} FROM ours JOIN theirs USING ({key})").fetchall()[0]
    rows = {connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in ("ours", "theirs")}
    if rows != {joined[0]} or joined[1]:
        raise ValueError(f"{part}: {joined[1]} of {joined[0]} rows differ; the data sets have {sorted(rows)} rows")
    return joined[2]
