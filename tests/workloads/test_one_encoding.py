"""A file that is no UTF-8 is read alike by validation, rehearsal, the service, batches and what was captured."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from contracts import loader
from contracts.schema import Contract
from tests.workloads.validation.delivered import NOW
from tests.workloads.validation.shapes import zstd
from workloads.drift import capture as drift
from workloads.inference import bodies, capture, files
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.inference.writer import CSV
from workloads.rehearsal.split import split
from workloads.validation import Status, validate

TOWNS = ["Köln", "Łódź", "Zürich", "Genève", "Malmö", "東京"]
LETTERS = {"cp1252": "Köln Zürich Genève Malmö", "shift_jis": "東京", "utf-16": "", "utf-16-le": ""}


def contract(encoding: str | None) -> Contract:
    told = f"encoding: {encoding}" if encoding else ""
    return loader.loads(f"""
name: towns
task: binary_classification
entity: key
event_time: {{from: delivery}}
label: y
{told}
columns:
  key:  {{type: string}}
  town: {{type: string, source: Straße}}
  y:    {{type: integer, allowed: [0, 1]}}
features: {{koeln: 'equals(town, "Köln")', tokyo: 'equals(town, "東京")'}}
""")


def towns(encoding: str) -> list[str]:
    """Those that can be written so."""
    known = LETTERS[encoding]
    return [town for town in TOWNS if not known or town in known]


def text(encoding: str) -> str:
    """A CSV; its header has a letter that is none of ASCII where the encoding has it."""
    name = "Straße" if encoding != "shift_jis" else "town"
    return f"key;{name};y\n" + "".join(f"k{i};{town};1\n" for i, town in enumerate(towns(encoding)))


def served(raw: Any) -> list[str]:
    return [values[0] for values in raw.values]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [*((encoding, True) for encoding in LETTERS), ("utf-16", False)],  # its byte order mark is enough
)
def test_one_encoding(tmp_path: Path, encoding: str, *, declared: bool) -> None:
    its, content = contract(encoding if declared else None), text(encoding).encode(encoding)
    reader, expected = Reader(its, max_rows=100), towns(encoding)
    for name, packed in (("a.csv", content), ("b.csv.gz", gzip.compress(content)), ("c.csv.zst", zstd(content))):
        path = tmp_path / name
        path.write_bytes(packed)
        verdict = validate(path, its, output=tmp_path / "out", now=NOW)
        told = ["the file is utf-16 by its byte order mark; write encoding: utf-16 into the contract"]
        assert (verdict.status, list(verdict.warnings)) == (Status.ACCEPTED, [] if declared else told)
        assert pq.read_table(tmp_path / "out" / "accepted.parquet").column("town").to_pylist() == expected
        assert [row.values[0] for row in files.rows(reader, path)] == expected
        parts = split(path, tmp_path / "parts", encoding=its.encoding)
        found = [row.values[0] for part in parts for row in files.rows(reader, part)]
        assert found == expected
    assert served(reader.csv(content, header=None)) == expected
    assert served(reader.csv(text(encoding).encode(), header=None, is_utf_8=True)) == expected
    kind, header, is_utf_8 = bodies.media_type(b"text/csv; charset=UTF-8")
    assert served(bodies.read(reader, kind, header, text(encoding).encode(), is_utf_8=is_utf_8)) == expected


def test_json_is_utf_8_whatever_files_are() -> None:
    reader = Reader(contract("cp1252"), max_rows=100)
    assert served(reader.json('{"town": "東京"}'.encode())) == ["東京"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_captured_request_is_read_as_it_was_answered(encoding: str) -> None:
    content, its = text(encoding).encode(encoding), contract(encoding)
    asked = capture._captured(CSV, "INPUT", content)
    assert (asked["encoding"], base64.b64decode(asked["data"])) == ("BASE64", content)
    as_text = {"observedContentType": "text/csv", "data": text(encoding), "encoding": "CSV"}
    for part in (asked, as_text):
        record = {"captureData": {"endpointInput": part}, "eventMetadata": {"inferenceTime": "2026-11-01T00:00:00Z"}}
        captured = drift.read([json.dumps(record)], its)
        assert captured.unreadable == {}
        assert captured.features["koeln"].tolist() == [float(town == "Köln") for town in towns(encoding)]


def test_the_line_of_a_request_that_is_not_in_the_encoding() -> None:
    reader = Reader(contract("cp1252"), max_rows=100)
    with pytest.raises(Refused, match="line 3: not cp1252: ") as caught:
        reader.csv(b"key;town;y\r\nk1;Bonn;1\r\nk2;B\x81nn;1", header=None)
    assert caught.value.status == 400


def test_a_batch_file_that_is_not_in_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(b"key;town;y\nk1;B\x81nn;1\n")
    with pytest.raises(files.FileError, match=r"day\.csv: after line 0 there is a byte that is no text in cp1252"):
        list(files.rows(Reader(contract("cp1252"), max_rows=10), path))


def test_a_batch_file_in_zstd_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "day.csv.zst"
    path.write_bytes(zstd(b"key;town;y\n" + b"k1;Bonn;1\n" * 9)[:-3])
    with pytest.raises(files.FileError, match="Truncated compressed stream"):
        list(files.rows(Reader(contract(None), max_rows=10), path))


BEFORE = "\n# export of 2026; made by hand\n" + 'sep=;\n"# a second one";;\n\n'


def test_what_stands_before_the_header_is_read_by_nobody(tmp_path: Path) -> None:
    its, path = contract(None), tmp_path / "day.csv"
    path.write_text(BEFORE + text("utf-16"))
    assert validate(path, its, output=tmp_path / "out", now=NOW).accepted == len(TOWNS)
    reader = Reader(its, max_rows=10)
    assert [row.values[0] for row in files.rows(reader, path)] == TOWNS
    parts = split(path, tmp_path / "parts")
    assert [row.values[0] for part in parts for row in files.rows(reader, part)] == TOWNS


def test_the_line_of_a_fault_counts_what_stands_before(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text(BEFORE + "key;town;y\nk1;Bonn;1\nk2;Bonn\n")
    first, second = files.rows(Reader(contract(None), max_rows=10), path)
    assert first.faults == []
    assert [fault.line for fault in second.faults] == [8]


def test_rows_without_a_header_may_begin_with_a_sharp(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("#1\n#2\nBonn\n")
    assert [row.values[0] for row in files.rows(Reader(contract(None), max_rows=10), path)] == ["#1", "#2", "Bonn"]
