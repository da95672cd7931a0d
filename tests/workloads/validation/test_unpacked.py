"""A small file that stands for a great deal is a verdict, and nothing beyond the bound is written or held in memory."""

from __future__ import annotations

import dataclasses
import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.workloads import claims
from tests.workloads.memory import peak
from tests.workloads.validation import shapes
from workloads.job import classified
from workloads.rehearsal.split import SplitError, split
from workloads.validation import Status, chunks, packed, validate
from workloads.validation.verdict import FileFault, RefusedError

MEGABYTE = 1024**2
TOLD = (
    "the file holds more than 2097152 bytes (0.00195312 GiB), which is the most allowed; deliver its rows in "
    "several files"
)


@pytest.fixture(autouse=True)
def bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_UNPACKED_BYTES", 2 * MEGABYTE)


def refused(content: bytes, directory: Path) -> list[tuple[FileFault, str]]:
    verdict = shapes.judged(content, directory)
    assert verdict.status is Status.REFUSED
    return [(finding.code, finding.text) for finding in verdict.findings]


def repeated(letters: int) -> bytes:
    """30 rows of Parquet with one text, which the file holds once."""
    names = pa.array(["C" * letters] * 30)
    return shapes.table(pa.table({**shapes._ODD.to_pydict(), "customer_id": names}))


def test_a_plain_text_that_is_larger_than_a_file_may_be(tmp_path: Path) -> None:
    assert refused(shapes.PLAIN + b"\n" * 2 * MEGABYTE, tmp_path) == [(FileFault.TOO_LARGE, TOLD)]


def test_a_gzip_of_a_thousand_times_its_size(tmp_path: Path) -> None:
    bomb = gzip.compress(shapes.PLAIN + b"\n" * 50 * MEGABYTE, mtime=0)
    assert len(bomb) < 60_000
    assert refused(bomb, tmp_path) == [(FileFault.TOO_LARGE, TOLD)]


def test_a_frame_of_zstd_of_thousands_of_times_its_size(tmp_path: Path) -> None:
    bomb = shapes.zstd(shapes.PLAIN + b"\n" * 50 * MEGABYTE)
    assert len(bomb) < 10_000
    assert refused(bomb, tmp_path) == [(FileFault.TOO_LARGE, TOLD)]


def test_a_text_that_is_larger_in_utf_8_than_it_may_be(tmp_path: Path) -> None:
    """Of a letter of cp1252 UTF-8 makes up to three bytes."""
    path = tmp_path / "delivered"
    path.write_bytes(shapes.PLAIN.replace(b"C0004", "€".encode("cp1252") * 1_000_000))
    contract = dataclasses.replace(shapes.CHURN, encoding="cp1252")
    verdict = validate(path, contract, output=tmp_path / "output", now=shapes.NOW)
    assert [(finding.code, finding.text) for finding in verdict.findings] == [(FileFault.TOO_LARGE, TOLD)]


def test_a_bomb_of_many_members(tmp_path: Path) -> None:
    bomb = gzip.compress(shapes.PLAIN, mtime=0) + gzip.compress(b"\n" * MEGABYTE, mtime=0) * 40
    assert refused(bomb, tmp_path) == [(FileFault.TOO_LARGE, TOLD)]


def test_nothing_beyond_the_bound_is_written(tmp_path: Path) -> None:
    for number, content in enumerate((gzip.compress(bytes(50 * MEGABYTE)), shapes.zstd(bytes(50 * MEGABYTE)))):
        path, scratch = tmp_path / f"bomb-{number}", tmp_path / f"scratch-{number}"
        path.write_bytes(content)
        scratch.mkdir()
        with pytest.raises(RefusedError):
            packed.unpack(path, scratch)
        assert (scratch / "unpacked").stat().st_size <= 2 * MEGABYTE


def test_a_file_of_the_most_allowed_bytes_is_read(tmp_path: Path) -> None:
    filled = shapes.PLAIN + b"\n" * (2 * MEGABYTE - len(shapes.PLAIN))
    assert shapes.judged(gzip.compress(filled, mtime=0), tmp_path).accepted == 30
    assert refused(gzip.compress(filled + b"\n", mtime=0), tmp_path) == [(FileFault.TOO_LARGE, TOLD)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_dictionary": False, "compression": "gzip"},
        {"use_dictionary": False, "column_encoding": {"customer_id": "DELTA_BYTE_ARRAY"}},
    ],
    ids=["dictionary", "plain", "delta"],
)
def test_a_text_that_parquet_repeats(tmp_path: Path, options: dict[str, Any]) -> None:
    names = pa.array(["C" * 80_000] * 30)
    content = shapes.table(pa.table({**shapes._ODD.to_pydict(), "customer_id": names}), **options)
    assert len(content) < 200_000
    assert refused(content, tmp_path) == [(FileFault.TOO_LARGE, TOLD)]


def sharing(rows: int) -> bytes:
    """Rows whose texts have 50,000 letters and share them, in a page of some hundred bytes."""
    options: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"customer_id": "DELTA_BYTE_ARRAY"}}
    content = claims.file("customer_id", pa.array(["C" * 50_000] * rows), compression="zstd", **options)
    assert len(content) < 1000
    return content


def verified(content: bytes, directory: Path) -> tuple[list[tuple[FileFault, str]], int]:
    """Why a file is refused, and what pyarrow holds at most meanwhile."""
    path, found = directory / "delivered", []
    path.write_bytes(content)

    def verify() -> None:
        try:
            chunks.verify(path, ["customer_id"])
        except RefusedError as error:
            found.extend((finding.code, finding.text) for finding in error.findings)

    held = peak(verify)
    return found, held


def test_texts_that_share_are_counted_before_they_are_made(tmp_path: Path) -> None:
    found, held = verified(sharing(42), tmp_path)
    assert found == [(FileFault.TOO_LARGE, TOLD)]
    assert held < MEGABYTE / 4


def test_texts_that_share_are_made_a_few_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = sharing(40)
    assert verified(content, tmp_path)[1] > 2 * MEGABYTE - 100_000
    monkeypatch.setattr(chunks, "MAX_PAGE_BYTES", 150_000)
    found, held = verified(content, tmp_path)
    assert found == []
    assert held < MEGABYTE


def test_a_page_that_stands_for_more_than_one_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """duckdb makes all texts of a page at once, of which no bound of its memory keeps it."""
    monkeypatch.setattr(packed, "MAX_PAGE_BYTES", MEGABYTE)
    found, held = verified(sharing(22), tmp_path)
    told = "a page of the Parquet file stands for 1050000 bytes, at most 1048576 bytes (0.000976562 GiB) are allowed"
    assert found == [(FileFault.TOO_LARGE, f"{told}; write smaller pages")]
    assert held < MEGABYTE / 4
    assert verified(sharing(21), tmp_path)[0] == []


@pytest.mark.parametrize("codec", ["snappy", "gzip", "zstd", "lz4"])
def test_a_footer_that_says_less_than_its_pages_unpack_to(tmp_path: Path, codec: str) -> None:
    names = pa.array([f"C{n}".ljust(100_000) for n in range(30)])
    table = shapes._ODD.set_column(0, "customer_id", names)
    content = claims.footer(shapes.table(table, compression=codec, store_schema=False), unpacked=1000)
    found, held = verified(content, tmp_path)
    assert found == [(FileFault.TOO_LARGE, TOLD)]
    assert held < MEGABYTE


def test_a_header_that_says_less_than_its_page_unpacks_to(tmp_path: Path) -> None:
    content = claims.header(claims.file("customer_id", pa.array(["C" * 100_000] * 30), compression="zstd"), unpacked=10)
    path = tmp_path / "delivered"
    path.write_bytes(content)
    with pytest.raises(RefusedError) as caught:
        chunks.verify(path, ["customer_id"])
    assert [finding.code for finding in caught.value.findings] == [FileFault.CORRUPT]


def test_a_text_that_is_repeated_within_the_bound_is_read(tmp_path: Path) -> None:
    assert shapes.judged(repeated(60_000), tmp_path).rows_in == 30


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (lambda: pa.array([[7] * 100_000] * 30), "BIGINT[]"),
        (lambda: pa.array([{"x": [7] * 100_000}] * 30), "STRUCT(x BIGINT[])"),
        (lambda: pa.array([b"C" * 1_000_000] * 30, pa.binary(1_000_000)), "BLOB"),
    ],
    ids=["list", "struct", "bytes"],
)
def test_a_column_that_is_refused_by_its_type_is_not_read(
    tmp_path: Path, cell: Callable[[], pa.Array], kind: str
) -> None:
    """Nothing counts what lists and bytes stand for, so they are refused before: megabytes here."""
    content = shapes.table(shapes._ODD.set_column(4, "support_tickets", cell()))
    assert len(content) < 2 * MEGABYTE
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    try:
        found = refused(content, tmp_path)
    finally:
        pa.set_memory_pool(usual)
    told = f"column support_tickets is of type {kind}, which cannot be read as a whole number; deliver it as such"
    assert found == [(FileFault.WRONG_TYPE, told)]
    assert counted.max_memory() < 4 * MEGABYTE


def test_a_small_file_with_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of nulls takes no bytes: 180 values in six columns here, and a column more, which is not read."""
    content = shapes.table(shapes._ODD.append_column("more", pa.nulls(30, pa.int64())))
    monkeypatch.setattr(packed, "MAX_VALUES", 180)
    assert shapes.judged(content, tmp_path).rows_in == 30
    monkeypatch.setattr(packed, "MAX_VALUES", 179)
    told = (
        "the columns of the file that are read have more than 179 values, nulls too, which is the most allowed; "
        "deliver its rows in several files"
    )
    assert refused(content, tmp_path) == [(FileFault.TOO_LARGE, told)]


def test_what_pages_say_counts_and_not_what_the_footer_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers go on until they have the values of the footer, here three, and read a page of two billion for them."""
    whole = claims.file("support_tickets", pa.nulls(3, pa.int64()))
    head = b"\x2c\x15"  # field 5, a struct; its field 1
    (tmp_path / "f").write_bytes(claims.pages(whole, head + claims.number(3), head + claims.number(claims.MOST)))
    monkeypatch.setattr(packed, "MAX_VALUES", claims.MOST - 1)
    with pytest.raises(RefusedError) as caught:
        chunks.verify(tmp_path / "f", ["support_tickets"])
    assert [finding.code for finding in caught.value.findings] == [FileFault.TOO_LARGE]


@pytest.mark.parametrize("short", ["read_schema", "read_metadata", "ParquetFile"])
def test_a_machine_short_of_memory_is_no_fault_of_the_file(
    tmp_path: Path, short: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No verdict, which would be for ever: the job ends with 75 and may be tried again."""

    def fail(*_: object, **__: object) -> None:
        raise pa.ArrowMemoryError("malloc of size 4194304 failed")

    monkeypatch.setattr(pq, short, fail)
    with pytest.raises(MemoryError) as caught:
        shapes.judged(repeated(10), tmp_path)
    assert classified("validation", caught.value).exit_code == os.EX_TEMPFAIL


def test_a_rehearsal_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(bytes(50 * MEGABYTE)))
    with pytest.raises(SplitError, match=r"data\.csv\.gz: the file holds more than"):
        split(path, tmp_path / "parts")
