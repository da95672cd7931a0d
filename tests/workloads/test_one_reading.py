"""A text is a value of a type for validation if and only if it is one for the service, in every form, and the same."""

from __future__ import annotations

import functools
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import loader, moments
from contracts.schema import ColumnType, Contract
from tests.workloads.validation.delivered import NOW
from workloads.inference import columnar, files
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.validation import validate

NUMBERS = [
    *("1", "+1", "-0", "007", "1.", "1.0", ".5", "5.", "1e3", "1E-3", "1e308", "1e-400", "4.9e-324", " 7 ", "0.1e1"),
    *("9" * 19, "9" * 20, "9223372036854775807", "9223372036854775808", "-9223372036854775808", "9007199254740993"),
    *("9007199254740993.0", "1e18", "9.3e18", "1.5", "1e00003", "1e0000000000000003", "0" * 22 + "1", "1." + "0" * 30),
    *("inf", "-inf", "+Infinity", "INF", "infinit", "nan", "1e400", "-1e400", "1E400", "1" + "0" * 400),
    *("1_0", "0x1f", "0b1", "1,5", "1.000,5", "1 2", "1d", "1f", "1e", "e3", "--1", "1e5.0", "\u0661"),
    *("true", "TRUE", "t", "yes", "False", "0", "2", "0.0"),
]
TIMES = [
    *("2026-01-31", " 2026-01-31 ", "2024-02-29", "0001-01-01", "9999-12-31", "1900-02-28", "2026-01-31T10:00"),
    *("2026-01-31 10:00:00", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.123456789Z", "2026-01-31T24:00:00Z"),
    *("2026-01-31T10:00:00+02", "2026-01-31T10:00:00-0230", "2026-01-31T10:00+02:00", "2026-01-31T10:00:00-23:59"),
    *("2026-02-31", "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "0000-01-01", "10000-01-01"),
    *("2026-1-31", "20260131", "2026-01-31T10", "2026-01-31T", "2026-01-31Z", "2026-01-31T10:0:00", "-2026-01-01"),
    *("2026-01-31T24:00:01", "2026-01-31T23:59:60Z", "2026-01-31T25:00:00", "2026-01-31T10:60:00"),
    *("2026-01-31T10:00:00+25:00", "2026-01-31T10:00:00+10:60", "2026-01-31T10:00:00+2", "2026-01-31T10:00:00.Z"),
    *("2026-01-31t10:00:00z", "2026-01-31T10:00:00 Z", "2026-01-31 10:00:00 UTC", "2026-01-31T10:00:00,5"),
    *(
        "tomorrow",
        "now",
        "epoch",
        "infinity",
        "1794124800",
        "11/05/2026",
        "\uff12026-01-31",
        "2026-01-31T10:00:00.1234567891Z",
    ),
]
TEXTS = {kind: TIMES if kind is ColumnType.TIMESTAMP else NUMBERS for kind in ColumnType}
REFUSED = "refused"


def contract(kind: ColumnType) -> Contract:
    return loader.loads(f"""
name: texts
task: binary_classification
entity: key
event_time: {{from: delivery}}
label: y
columns:
  key: {{type: string}}
  x:   {{type: {kind}, nullable: true}}
  z:   {{type: number, nullable: true}}
  y:   {{type: integer, allowed: [0, 1]}}
features: {{no_x: missing(x), z: z}}
ingestion: {{max_bad_row_share: 1.0}}
""")


def comparable(value: Any) -> Any:
    """Of a timestamp only that it is there: what it is no feature can ask."""
    return "there" if isinstance(value, datetime) or (isinstance(value, str) and moments.is_timestamp(value)) else value


def validated(kind: ColumnType, directory: Path, name: str) -> dict[str, Any]:
    """What each text is, as validation reads it from a CSV or from texts in Parquet."""
    listed = TEXTS[kind]
    rows = [{"key": f"k{i}", "x": text, "z": "1", "y": "1"} for i, text in enumerate(listed)]
    path = directory / name
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("key|x|z|y\n" + "".join("|".join(row.values()) + "\n" for row in rows))
    verdict = validate(path, contract(kind), output=directory / "out", now=NOW)
    assert verdict.rows_in == len(listed)
    accepted = pq.read_table(directory / "out" / "accepted.parquet").to_pylist()
    found = {listed[int(row["key"][1:])]: comparable(row["x"]) for row in accepted}
    return {text: found.get(text, REFUSED) for text in listed}


def served(read: Any) -> Any:
    """The value of x in the one row that `read` gives, in the reader's own type."""
    try:
        return comparable(read().values[0][0])
    except Refused as refusal:
        assert refusal.status == 422
        return REFUSED


@pytest.mark.parametrize("kind", ColumnType)
def test_each_text_is_the_same_value_or_none_for_validation_service_and_batch(tmp_path: Path, kind: ColumnType) -> None:
    expected = validated(kind, tmp_path, "texts.csv")
    assert validated(kind, tmp_path, "texts.parquet") == expected
    reader = Reader(contract(kind), max_rows=10)
    ways = {
        "CSV": lambda text: reader.csv(f"x;z\n{text};1".encode(), header=True),
        "Parquet": lambda text: columnar.read(as_parquet(pa.array([text])), reader),
    }
    if kind in (ColumnType.STRING, ColumnType.TIMESTAMP):
        ways["JSON"] = lambda text: reader.json(json.dumps({"x": text}).encode())
    else:
        ways["quick CSV"] = lambda text: reader.csv(f"{text},1".encode(), header=False)
    for way, read in ways.items():
        asked = [text for text in TEXTS[kind] if way != "quick CSV" or "," not in text]
        found = {text: served(functools.partial(read, text)) for text in asked}
        assert found == {text: expected[text] for text in asked}, way
    path = tmp_path / "texts.csv"
    scored = list(files.rows(reader, path))
    assert [REFUSED if row.faults else comparable(row.values[0]) for row in scored] == list(expected.values())


def test_both_outcomes_come_of_every_type(tmp_path: Path) -> None:
    """So that the test above compares more than refusals."""
    for kind in ColumnType:
        outcomes = list(validated(kind, tmp_path, f"{kind}.csv").values())
        assert len(outcomes) - outcomes.count(REFUSED) >= 6
        assert (REFUSED in outcomes) == (kind is not ColumnType.STRING)


def as_parquet(x: pa.Array) -> bytes:
    buffer = io.BytesIO()
    table = {"key": ["k"] * len(x), "x": x, "z": [1.0] * len(x), "y": [1] * len(x)}
    pq.write_table(pa.table(table), buffer)
    return buffer.getvalue()


MOMENTS = {
    "nanoseconds": (pa.array([1_234_567_891_234_567_891]).view(pa.timestamp("ns", "UTC")), "there"),
    "seconds": (pa.array([1_234_567_891]).view(pa.timestamp("s")), "there"),
    "dates": (pa.array([datetime(2026, 1, 31, tzinfo=UTC).date()]), "there"),
    "year 9999": (pa.array([253_402_300_799_999_999]).view(pa.timestamp("us", "UTC")), "there"),
    "year 10000": (pa.array([253_402_300_800_000_000]).view(pa.timestamp("us", "UTC")), REFUSED),
    "year 0": (pa.array([-62_135_596_800_000_001]).view(pa.timestamp("us", "UTC")), REFUSED),
    "year 148108": (pa.array([2**62]).view(pa.timestamp("us", "UTC")), REFUSED),
}


@pytest.mark.parametrize(("column", "expected"), MOMENTS.values(), ids=list(MOMENTS))
def test_timestamps_of_parquet_are_those_of_the_calendar(tmp_path: Path, column: pa.Array, expected: str) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(as_parquet(column))
    wanted = contract(ColumnType.TIMESTAMP)
    verdict = validate(path, wanted, output=tmp_path / "out", now=NOW)
    assert dict(verdict.reasons) == ({} if expected == "there" else {"bad_timestamp": 1})
    reader = Reader(wanted, max_rows=10)
    assert served(lambda: columnar.read(path.read_bytes(), reader)) == expected
    assert [bool(row.faults) for row in files.rows(reader, path)] == [expected == REFUSED]


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_an_infinite_number_of_parquet_is_refused_everywhere(tmp_path: Path, value: float) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(as_parquet(pa.array([value])))
    wanted = contract(ColumnType.NUMBER)
    assert dict(validate(path, wanted, output=tmp_path / "out", now=NOW).reasons) == {"not_finite": 1}
    reader = Reader(wanted, max_rows=10)
    with pytest.raises(Refused) as caught:
        columnar.read(path.read_bytes(), reader)
    assert caught.value.message == f"row 0, field 'x': {value} is found, allowed is a number, or null"
    assert [bool(row.faults) for row in files.rows(reader, path)] == [True]
