"""What validation accepts into the data of a model, the service reads as the same value, in CSV and in Parquet."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import loader
from contracts.schema import Column, ColumnType, Feature
from tests.workloads.inference import serving
from workloads.inference.checks import Check
from workloads.inference.reader import Reader
from workloads.validation import ACCEPTED_FILE, validate

CHURN = loader.load(serving.CHURN)
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
TYPES = {
    "text": ColumnType.STRING,
    "whole": ColumnType.INTEGER,
    "number": ColumnType.NUMBER,
    "flag": ColumnType.BOOLEAN,
}
LISTED: dict[str, tuple[Any, ...]] = {"text": ("a", "NA"), "whole": (1, -999), "number": (0.5, 1.0)}
CONTRACT = dataclasses.replace(
    CHURN,
    columns=(
        *(column for column in CHURN.columns if column.name in ("customer_id", "event_time", "churn_label")),
        *(Column(name=name, type=kind, nullable=True) for name, kind in TYPES.items()),
        *(Column(name=f"listed_{n}", type=TYPES[n], nullable=True, allowed=LISTED[n]) for n in LISTED),
        *(Column(name=f"marked_{n}", type=TYPES[n], nullable=True, missing=("-999", "gone")) for n in TYPES),
    ),
    features=(Feature(name="f", expression="whole + number"),),
    segments=(),
    ingestion=dataclasses.replace(CHURN.ingestion, max_bad_row_share=1.0),
)
CHECKS = {check.name: check for check in Reader(CONTRACT, max_rows=1).checks}
# fmt: off
CELLS = [
    "", "1", "14", "0", "-1", "2.5", "14.0", "14.", "1e3", "1E+2", "1e-3", "1.0e1", "0.1e1", "-0", "007", "+3", ".5",
    "5.", "0.5", "1.0", "0.0", "-0.0", "1e308", "1e19", "nan", "NaN", "null", "true", "TRUE", "False", "yes", "t", "a",
    " a b ", " 7", "7 ", "\t7", "\u00a07", "1_0", "0x1", "1,5", "1 000", "\u0663", "9" * 25, "9223372036854775807",
    "9223372036854775808", "NA", "n/a", "?", "-", "None", "\\N", "#N/A", "<NA>", "NaT", "-999", "-999.0", " GONE ",
]
COLUMNS: dict[str, pa.Array] = {
    "int8": pa.array([0, 1, 5, None], pa.int8()),
    "int64": pa.array([0, 1, -999, 2**53 + 1]),
    "uint64": pa.array([0, 2**63, 2**64 - 1], pa.uint64()),
    "float64": pa.array([0.0, 1.0, 2.5, -999.0, float("nan"), 1e300]),
    "float32": pa.array([0.0, 1.0, 0.1], pa.float32()),
    "bool": pa.array([True, False, None]),
    "decimal": pa.array([Decimal("0.00"), Decimal("1.00"), Decimal("2.50")]),
    "text": pa.array(["1", "0", "true", " a", "2.5", "NA", "", None]),
    "dictionary": pa.array(["1", "a", "1"]).dictionary_encode(),
    "time": pa.array([NOW, None], pa.timestamp("us", "UTC")),
    "nothing": pa.nulls(2),
}
# fmt: on


def accepted(path: Path, name: str) -> Mapping[str, Any]:
    """Values of a column that validation accepts, by entity."""
    validate(path, CONTRACT, output=path.parent, now=NOW)
    file = path.parent / ACCEPTED_FILE
    return {row["customer_id"]: row[name] for row in pq.read_table(file).to_pylist()} if file.exists() else {}


def read(check: Check, value: Any, how: Callable[[Check, Any], Any]) -> Any:
    try:
        return how(check, value)
    except (ValueError, TypeError):
        return "refused"


@pytest.mark.parametrize("name", CHECKS)
def test_cells_of_csv(tmp_path: Path, name: str) -> None:
    with (tmp_path / "x.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "event_time", "churn_label", *CHECKS])
        for cell in (*CELLS, "1"):
            writer.writerow(
                [f"C{cell.strip()}x{len(cell)}", "2026-11-20", 1, *(cell if n == name else "" for n in CHECKS)]
            )
    found = accepted(tmp_path / "x.csv", name)
    cells = {f"C{cell.strip()}x{len(cell)}": cell for cell in CELLS}
    assert len(found) > 5
    for entity, value in found.items():
        served = read(CHECKS[name], cells[entity], Check.from_text)
        assert (served, type(served)) == (value, type(value)), repr(cells[entity])


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("name", CHECKS)
def test_values_of_parquet(tmp_path: Path, name: str, kind: str) -> None:
    values = COLUMNS[kind]
    rows = len(values)
    table = {
        "customer_id": [f"C{n}" for n in range(rows)],
        "event_time": ["2026-11-20"] * rows,
        "churn_label": [1] * rows,
        **{n: values if n == name else pa.nulls(rows, pa.string()) for n in CHECKS},
    }
    pq.write_table(pa.table(table), tmp_path / "x.parquet")
    for entity, value in accepted(tmp_path / "x.parquet", name).items():
        served = read(CHECKS[name], values[int(entity[1:])].as_py(), Check.from_typed)
        assert (served, type(served)) == (value, type(value))


@pytest.mark.parametrize("name", CHECKS)
def test_texts_of_json_are_the_cells_of_csv_where_a_text_is_wanted(name: str) -> None:
    for cell in CELLS:
        from_csv = read(CHECKS[name], cell, Check.from_text)
        if CHECKS[name].column.type is ColumnType.STRING or from_csv in (None, "refused"):
            assert read(CHECKS[name], cell, Check.from_json) == from_csv, repr(cell)
        else:
            assert read(CHECKS[name], cell, Check.from_json) == "refused", repr(cell)
