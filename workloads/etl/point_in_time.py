"""What the feature store knew at the moment of each row: the join that lets nothing of the future into a training set.

A row keeps its entity, event time and label; its model inputs are those of the record that the store had for its entity
at its event time. Of records with one event time that counts which was written last, as in the online store. A row
whose entity had none yet, or whose record was deleted by then, is left out. The store keeps milliseconds, so a row's
moment is no finer here.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from contracts.feature_store import columns
from contracts.schema import Column, Contract
from workloads.engine import identifier
from workloads.stored import stored_type

# ruff: noqa: S608 -- SQL here is made of what engine.identifier quotes

#: What SageMaker adds to each record of an offline store (developer guide, "Offline store data format").
DELETED, INVOKED, WRITTEN = "is_deleted", "api_invocation_time", "write_time"
#: The table that `keep` makes, and its key: names of a contract do not end in _.
_RECORDS, _AT = "records_", "at_"


def keep(connection: duckdb.DuckDBPyConnection, records: pa.RecordBatchReader | pa.Table, contract: Contract) -> None:
    """Make the table that `joined` reads of the records of an offline store; a column that no record has is empty."""
    there = set(records.schema.names)
    entity, at = identifier(contract.entity), identifier(_AT)
    kept = [column for column in columns(contract) if column.name != contract.event_time]
    cast = [
        f"CAST({identifier(column.name) if column.name in there else 'NULL'} AS {stored_type(column)}) "
        f"AS {identifier(column.name)}"
        for column in kept
    ]
    # Of what was written in one millisecond any will do, but always the same: the greatest.
    latest = ", ".join(f"{name} DESC NULLS LAST" for name in (INVOKED, WRITTEN, DELETED, *_names(contract.inputs)))
    connection.register("offline_", records)
    connection.execute(f"""
        CREATE OR REPLACE TABLE {_RECORDS} AS
        SELECT {", ".join(cast)}, CAST({identifier(contract.event_time)} AS TIMESTAMP WITH TIME ZONE) AS {at},
            {INVOKED}, {WRITTEN}, {DELETED}
        FROM offline_ QUALIFY row_number() OVER (PARTITION BY {entity}, {at} ORDER BY {latest}) = 1""")
    connection.unregister("offline_")


def missing(connection: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, contract: Contract) -> int:
    """How many rows have no record of their own event time."""
    rows.create_view("rows_", replace=True)
    return connection.execute(f"""
        SELECT count(*) FROM rows_ ANTI JOIN {_RECORDS} AS records
        ON rows_.{identifier(contract.entity)} = records.{identifier(contract.entity)}
        AND {_moment(contract)} = records.{_AT}""").fetchall()[0][0]


def joined(
    connection: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, contract: Contract
) -> duckdb.DuckDBPyRelation:
    """The rows (entity, event time, label) with the inputs of the records that were kept."""
    rows.create_view("rows_", replace=True)
    own = [
        f"rows_.{identifier(name)}" for name in dict.fromkeys((contract.entity, contract.event_time, contract.label))
    ]
    recorded = [f"records.{name}" for name in _names(contract.inputs)]
    return connection.sql(f"""
        SELECT {", ".join([*own, *recorded])} FROM rows_ ASOF JOIN {_RECORDS} AS records
        ON rows_.{identifier(contract.entity)} = records.{identifier(contract.entity)}
        AND {_moment(contract)} >= records.{_AT}
        WHERE NOT records.{DELETED}""")


def _moment(contract: Contract) -> str:
    return f"date_trunc('milliseconds', rows_.{identifier(contract.event_time)})"


def _names(of: Iterable[Column]) -> list[str]:
    return [identifier(column.name) for column in of]
