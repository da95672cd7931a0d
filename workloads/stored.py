"""How accepted data is stored: which columns of a contract, as which types (duckdb's names of them).

Validation writes it, ETL reads it, on whatever engine: nothing is imported here but the contract.
"""

from __future__ import annotations

from contracts.schema import Column, ColumnType, Contract, Pii

#: Column of every row of an accepted file: when the file came in, by the clock of S3. It is no column of a contract,
#: whose names cannot end with _.
DELIVERED = "delivered_"
SQL_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
}


def stored_columns(contract: Contract) -> tuple[Column, ...]:
    """All columns in contract order but those that are dropped because they identify a person."""
    return tuple(column for column in contract.columns if column.pii is not Pii.DROP)


def stored_type(column: Column) -> str:
    """A column's type; one that is hashed becomes text whatever it was."""
    return SQL_TYPES[ColumnType.STRING if column.pii is Pii.HASH else column.type]
