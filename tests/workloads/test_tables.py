"""Files as the jobs write them are what the tables of the catalog say."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.layout import Layout
from contracts.schema import Column, ColumnType, Contract, Feature, Pii
from contracts.tables import tables
from tests.workloads.etl.accepted import CHURN
from workloads.etl import embedded
from workloads.etl.transform import output_columns
from workloads.features.split import PARTS
from workloads.validation.judge import ACCEPTED_FILE, QUARANTINE_FILE, validate

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SALT = b"0123456789abcdef0123456789abcdef"
HIVE = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.int8(): "tinyint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.timestamp("us", "UTC"): "timestamp",
    pa.list_(pa.field("element", pa.string())): "array<string>",
}
#: Churn with a column of each type, one that is hashed and one that is dropped, categories and a segment by texts.
WIDE = dataclasses.replace(
    CHURN,
    columns=(
        *CHURN.columns,
        Column(name="City", type=ColumnType.STRING),
        Column(name="active", type=ColumnType.BOOLEAN),
        Column(name="since", type=ColumnType.TIMESTAMP),
        Column(name="phone", type=ColumnType.INTEGER, pii=Pii.HASH),
        Column(name="email", type=ColumnType.STRING, pii=Pii.DROP),
    ),
    features=(*CHURN.features, Feature(name="City", expression="City"), Feature(name="on_", expression="active")),
    segments=(*CHURN.segments, Feature(name="town", expression="City")),
)


def hive(file: Path) -> dict[str, str]:
    return {field.name.lower(): HIVE[field.type] for field in pq.read_schema(file)}


def declared(contract: Contract, table: str) -> dict[str, str]:
    (found,) = [each for each in tables(contract, Layout("churn"), ["churn-staging-live"]) if each.name == table]
    return {column.name: column.type for column in found.columns}


def delivered(directory: Path) -> Path:
    """300 good rows and a bad one."""
    names = [column.name for column in WIDE.columns]
    lines = [
        f"C{index},{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ},{index % 90},{index}.5,{index % 7},{index % 2},"
        f"{'Rome' if index % 3 else 'Oslo'},true,2020-01-01T00:00:00Z,{index},a@b.c"
        for index in range(300)
    ]
    path = directory / "day.csv"
    path.write_text("\n".join([",".join(names), *lines, lines[0].replace("C0", "C300").replace(",0.5,", ",x,")]))
    return path


def test_validation_and_etl_write_what_the_tables_declare(tmp_path: Path) -> None:
    validate(delivered(tmp_path), WIDE, output=tmp_path / "out", now=NOW, delivered=NOW, salt=SALT)
    assert hive(tmp_path / "out" / ACCEPTED_FILE) == declared(WIDE, "accepted")
    assert hive(tmp_path / "out" / QUARANTINE_FILE) == declared(WIDE, "quarantine")
    (tmp_path / "out" / QUARANTINE_FILE).unlink()
    embedded.run(tmp_path / "out", WIDE, tmp_path / "set")
    for part in PARTS:
        assert hive(tmp_path / "set" / part / embedded.DATA_FILE) == declared(WIDE, "data_sets")
    assert list(declared(WIDE, "data_sets")) == [name.lower() for name in output_columns(WIDE)]
