"""Texts in forms that are nearly those that are read: each is read, or told by what it is."""

from __future__ import annotations

import dataclasses
import gzip
import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest

from tests.workloads.validation import shapes
from tests.workloads.validation.delivered import read_rows
from workloads.validation import FileFault, validate

QUOTED = shapes.PLAIN.replace(b"C0004", b'C"0004').replace(b"C0007", b'"C""00\r07"').replace(b"C0009", b'C0009""')


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_a_bare_quote_in_a_text_is_a_letter_with_every_line_end(tmp_path: Path, end: bytes) -> None:
    content = QUOTED.replace(b"\n", end)
    verdict = shapes.judged(content, tmp_path)
    assert (verdict.rows_in, verdict.accepted) == (30, 30), verdict.findings
    found = [row["customer_id"] for row in read_rows(tmp_path / "output" / "accepted.parquet")]
    assert [found[4], found[7], found[9]] == ['C"0004', 'C"00\r07', 'C0009""']


def test_mixed_line_ends_and_a_bare_quote(tmp_path: Path) -> None:
    content = QUOTED.replace(b"\n", b"\r\n", 3)
    assert shapes.judged(content, tmp_path).accepted == 30


def _texts(content: bytes, directory: Path) -> list[str]:
    verdict = shapes.judged(content, directory)
    assert {finding.code for finding in verdict.findings} == {FileFault.CORRUPT}
    return [finding.text for finding in verdict.findings]


@pytest.mark.parametrize("delimiter", ["~", "\x01", ":"])
def test_another_delimiter_is_told_once(tmp_path: Path, delimiter: str) -> None:
    told = (
        f"the fields are separated by {delimiter!r}; read are the delimiters , ; tab |; deliver the file with one of "
    )
    content = shapes.PLAIN.replace(b":", b".").replace(b",", delimiter.encode())
    assert _texts(content, tmp_path) == [f"{told}them"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["tar", "tar.gz"])
def test_a_tar_archive_is_told(tmp_path: Path, pack: type[bytes]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("day.csv")
        member.size = len(shapes.PLAIN)
        archive.addfile(member, io.BytesIO(shapes.PLAIN))
    assert "the file is a tar archive" in _texts(pack(buffer.getvalue()), tmp_path)[0]


def test_a_header_in_square_brackets_is_no_json(tmp_path: Path) -> None:
    content = shapes.PLAIN.replace(b"customer_id,event_time", b"[customer_id],[event_time]")
    verdict = shapes.judged(content, tmp_path)
    assert {finding.code for finding in verdict.findings} == {FileFault.MISSING_COLUMN}


@pytest.mark.parametrize("content", [b'[{"customer_id": 1}]', b"[[1, 2]]", b"[]", b"[ 1]", b"["])
def test_a_list_of_json_is_told(tmp_path: Path, content: bytes) -> None:
    assert _texts(content, tmp_path)[0].startswith("the file is JSON; ")


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_times_of_parquet_without_a_zone_are_told_where_texts_have_one(tmp_path: Path, zone: str | None) -> None:
    """CSV and Parquet of one export would be hours apart."""
    columns = [
        dataclasses.replace(column, timezone="Europe/Berlin") if column.name == "event_time" else column
        for column in shapes.CHURN.columns
    ]
    path = tmp_path / "delivered"
    path.write_bytes(shapes.parquet({"event_time": pa.timestamp("us", zone)}))
    contract = dataclasses.replace(shapes.CHURN, columns=tuple(columns))
    verdict = validate(path, contract, output=tmp_path / "output", now=shapes.NOW)
    assert verdict.accepted == 30
    told = [text for text in verdict.warnings if text.startswith("column event_time is of type TIMESTAMP without")]
    assert len(told) == (zone is None), verdict.warnings
