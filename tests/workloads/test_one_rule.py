"""One rule for delivered texts: validation, ETL's features, the service in every form, batch and captures agree."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from contracts import loader
from contracts.schema import ColumnType
from tests.workloads.validation.delivered import NOW
from workloads.drift import capture
from workloads.features.frame import with_features
from workloads.inference import bodies, files
from workloads.inference.columnar import PARQUET
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.inference.writer import CSV, JSON
from workloads.validation import Status, validate
from workloads.validation.verdict import FileFault

CONTRACT = loader.loads("""
name: flats
task: binary_classification
entity: key
event_time: at
label: sold
columns:
  key:   {type: string, source: "Kunden Nr."}
  at:    {type: timestamp}
  rooms: {type: integer, nullable: true, source: Zimmer, values: {keine: 0}}
  area:  {type: number, nullable: true, missing: [-999, "k.A."]}
  lift:  {type: boolean, nullable: true, values: {ja: true, nein: false}}
  town:  {type: string, nullable: true, source: Ort, values: {B: Berlin}}
  plan:  {type: string, nullable: true, allowed: [NA, basic]}
  built: {type: timestamp, nullable: true}
  sold:  {type: integer, allowed: [0, 1], source: Verkauft, values: {Ja: 1, Nein: 0}}
features:
  rooms: rooms
  area: area
  lift: lift
  berlin: equals(town, "Berlin")
  no_town: missing(town)
  plan_na: equals(plan, "NA")
  new: missing(built)
""")
#: What stands in the file, what it is, and how JSON would hold it.
CELLS: dict[str, list[tuple[str, float, Any]]] = {
    "rooms": [
        ("3", 3, 3),
        (" 3 ", 3, 3),
        ("3.0", 3, 3.0),
        ("keine", 0, "keine"),
        ("NA", math.nan, "NA"),
        ("-", math.nan, " - "),
    ],
    "area": [
        ("7.5", 7.5, 7.5),
        ("-999", math.nan, -999),
        ("-999.0", math.nan, -999.0),
        ("K.A.", math.nan, "k.a."),
        ("", math.nan, None),
        ("1e3", 1000, 1e3),
    ],
    "lift": [
        ("ja", 1, "ja"),
        ("nein", 0, " nein"),
        ("TRUE", 1, True),
        ("0", 0, False),
        ("?", math.nan, "?"),
        ("null", math.nan, None),
    ],
    "berlin": [
        ("B", 1, "B"),
        (" Berlin ", 1, "Berlin "),
        ("b", 0, "b"),
        ("None", math.nan, "None"),
        ("", math.nan, ""),
        ("Bonn", 0, "Bonn"),
    ],
    "plan_na": [
        ("NA", 1, "NA"),
        ("basic", 0, "basic"),
        ("n/a", math.nan, "N/A"),
        ("NA ", 1, " NA"),
        ("?", math.nan, "?"),
        ("", math.nan, ""),
    ],
    "new": [
        ("2020-01-31", 0, "2020-01-31"),
        ("NaT", 1, "NaT"),
        ("", 1, None),
        ("nan", 1, "NaN"),
        ("\\N", 1, "\\N"),
        ("2021-01-01T10:00:00Z", 0, "2021-01-01T10:00:00Z"),
    ],
}
COLUMN = {"rooms": "rooms", "area": "area", "lift": "lift", "berlin": "town", "plan_na": "plan", "new": "built"}
ROWS = range(6)
FEATURES = np.array(
    [
        [
            *(CELLS[name][row][1] for name in ("rooms", "area", "lift", "berlin")),
            float(math.isnan(CELLS["berlin"][row][1])),
            CELLS["plan_na"][row][1],
            CELLS["new"][row][1],
        ]
        for row in ROWS
    ]
)
#: The entity as it stands in the file, and in JSON; what it is: trimmed, as every text.
KEYS = [" k0 ", "k1", "k2\u00a0", "\tk3", "K4", "k 5"]
ENTITIES = ["k0", "k1", "k2", "k3", "K4", "k 5"]
READER = Reader(CONTRACT, max_rows=100)


def delivered(*, sources: bool) -> list[dict[str, str]]:
    """The rows as texts, under the names of the file or of the contract."""
    names = (
        {c.name: c.source or c.name for c in CONTRACT.columns}
        if sources
        else {c.name: c.name for c in CONTRACT.columns}
    )
    return [
        {names["key"]: KEYS[row], names["at"]: "2026-11-01"}
        | {names[COLUMN[name]]: cells[row][0] for name, cells in CELLS.items()}
        | {names["sold"]: "Ja" if row % 2 else "Nein"}
        for row in ROWS
    ]


def text(rows: list[dict[str, str]]) -> str:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def written(directory: Path, kind: str, *, sources: bool) -> Path:
    rows = delivered(sources=sources)
    path = directory / f"flats.{kind}"
    if kind == "csv":
        path.write_text(text(rows))
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in documents(sources=sources)))
    return path


def documents(*, sources: bool) -> list[dict[str, Any]]:
    names = {c.name: (c.source if sources else None) or c.name for c in CONTRACT.inputs}
    key = "Kunden Nr." if sources else "key"
    return [{names[COLUMN[name]]: cells[row][2] for name, cells in CELLS.items()} | {key: KEYS[row]} for row in ROWS]


def features(raw: Any) -> np.ndarray[Any, Any]:
    return np.asarray(READER.rows(raw).values).reshape(len(ROWS), -1)


@pytest.mark.parametrize("sources", [True, False])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_validation_and_the_features_of_what_it_accepts(tmp_path: Path, kind: str, *, sources: bool) -> None:
    verdict = validate(written(tmp_path, kind, sources=sources), CONTRACT, output=tmp_path / "out", now=NOW)
    assert (verdict.status, verdict.accepted) == (Status.ACCEPTED, len(ROWS))
    rows = duckdb.connect().read_parquet(str(tmp_path / "out" / "accepted.parquet")).to_arrow_table()
    assert rows.column("sold").to_pylist() == [0, 1, 0, 1, 0, 1]
    assert rows.column("key").to_pylist() == ENTITIES
    table = with_features(rows, CONTRACT)
    found = np.stack([table.column(name).cast(pa.float64()).to_numpy() for name in CONTRACT.feature_names], axis=1)
    np.testing.assert_array_equal(found, FEATURES)


@pytest.mark.parametrize("sources", [True, False])
def test_the_service(tmp_path: Path, *, sources: bool) -> None:
    table = written(tmp_path, "parquet", sources=sources).read_bytes()
    body = text(delivered(sources=sources)).encode()
    wrapped = json.dumps({"instances": documents(sources=sources)}).encode()
    for kind, content in (
        (CSV, body),
        (PARQUET, table),
        (JSON, wrapped),
        (JSON, json.dumps(documents(sources=sources)).encode()),
    ):
        raw = bodies.read(READER, kind, None, content)
        np.testing.assert_array_equal(features(raw), FEATURES)
        assert raw.entities == ENTITIES
    for row, document in enumerate(documents(sources=sources)):
        raw = READER.json(json.dumps(document).encode())
        np.testing.assert_array_equal(np.asarray(READER.rows(raw).values), FEATURES[row])
        assert raw.entities == [ENTITIES[row]]


def test_one_row_of_plain_json() -> None:
    """The shortest way of all, which takes no other form of a value."""
    for key, entity in zip(KEYS, ENTITIES, strict=True):
        found = READER.one(json.dumps({"key": key, "rooms": 3}).encode())
        assert found is not None
        assert (found[0][0], found[1]) == (3.0, entity)


@pytest.mark.parametrize(
    ("given", "entity"), [(5, 5), (5.0, 5), ("NA", None), (None, None), (2**53 + 1, 2**53 + 1), (-1, -1)]
)
def test_an_entity_that_is_a_number(tmp_path: Path, given: Any, entity: int | None) -> None:
    columns = tuple(dataclasses.replace(c, type=ColumnType.INTEGER) if c.name == "key" else c for c in CONTRACT.columns)
    reader = Reader(dataclasses.replace(CONTRACT, columns=columns), max_rows=10)
    line = json.dumps({"key": given, "rooms": 1}).encode()
    assert reader.json(line).entities == [entity]
    assert reader.json(b"[%b]" % line).entities == [entity]
    assert reader.csv(f"key,rooms\n{'' if given is None else given},1\n".encode(), header=None).entities == [entity]
    (tmp_path / "rows.jsonl").write_bytes(line)
    assert [row.entity for row in files.rows(reader, tmp_path / "rows.jsonl")] == [entity]
    pq.write_table(pa.table({"key": [given], "rooms": [1]}), tmp_path / "rows.parquet")
    assert [row.entity for row in files.rows(reader, tmp_path / "rows.parquet")] == [entity]
    with pytest.raises(Refused, match=r"field 'key': 5\.5 is found, allowed is an integer, or null"):
        reader.json(b'{"key": 5.5, "rooms": 1}')


def test_the_service_without_a_header() -> None:
    lines = [[row[column.name] for column in CONTRACT.inputs] for row in delivered(sources=False)]
    target = io.StringIO()
    csv.writer(target).writerows(lines)
    np.testing.assert_array_equal(features(READER.csv(target.getvalue().encode(), header=None)), FEATURES)


@pytest.mark.parametrize("sources", [True, False])
@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_batch(tmp_path: Path, kind: str, *, sources: bool) -> None:
    rows = list(files.rows(READER, written(tmp_path, kind, sources=sources)))
    assert [row.faults for row in rows] == [[]] * len(ROWS)
    assert [row.entity for row in rows] == ENTITIES
    found = np.array([READER.compute(*row.values) for row in rows])
    np.testing.assert_array_equal(found, FEATURES)


@pytest.mark.parametrize("sources", [True, False])
@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_captures(kind: str, *, sources: bool) -> None:
    is_csv = kind == "text/csv"
    body = text(delivered(sources=sources)) if is_csv else json.dumps(documents(sources=sources))
    asked = {"data": base64.b64encode(body.encode()).decode(), "encoding": "BASE64", "observedContentType": kind}
    record = {"captureData": {"endpointInput": asked}, "eventMetadata": {"inferenceTime": "2026-11-01T00:00:00Z"}}
    captured = capture.read([json.dumps(record)], CONTRACT)
    assert captured.unreadable == {}
    found = np.stack([captured.features[name] for name in CONTRACT.feature_names], axis=1)
    np.testing.assert_array_equal(found, FEATURES)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_nullable_column_that_is_not_there(tmp_path: Path, kind: str) -> None:
    """Of a delivered file it is refused, for who made it has lost it; a request or a batch may leave it out."""
    table = pa.table({"key": ["k1", "k2"], "at": ["2026-11-01T00:00:00Z"] * 2, "rooms": [3, 4], "sold": [1, 0]})
    lacking = [column.name for column in CONTRACT.columns if column.name not in table.column_names]
    assert all(CONTRACT.column(name).nullable for name in lacking)
    path = tmp_path / f"day.{kind}"
    pa_csv.write_csv(table, path) if kind == "csv" else pq.write_table(table, path)
    verdict = validate(path, CONTRACT, output=tmp_path / "out", now=NOW)
    assert verdict.status is Status.REFUSED
    assert [finding.code for finding in verdict.findings] == [FileFault.MISSING_COLUMN] * len(lacking)
    wanted = [[row if c.name == "rooms" else None for c in CONTRACT.inputs] for row in (3, 4)]
    assert [(list(row.values), row.faults) for row in files.rows(READER, path)] == [(row, []) for row in wanted]
    body = path.read_bytes()
    raw = READER.csv(body, header=None) if kind == "csv" else bodies.read(READER, PARQUET, None, body)
    assert [list(row) for row in raw.values] == wanted


def test_a_row_with_a_column_under_both_names_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        READER.json(b'{"Zimmer": 3, "rooms": 4}')
    assert caught.value.message == "field 'rooms': a column named twice is found, allowed is each column once"
    with pytest.raises(Refused, match="'rooms': a column named twice"):
        READER.csv(b"Zimmer,rooms\n3,4\n", header=None)


def test_what_delivered_texts_are_legal_is_told() -> None:
    with pytest.raises(Refused) as caught:
        READER.json(b'{"lift": "vielleicht"}')
    assert caught.value.message == (
        'field \'lift\': "vielleicht" is found, allowed is true or false, or "ja", "nein", or null'
    )
