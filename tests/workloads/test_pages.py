"""What a Parquet file says of itself is no bound of what it unpacks to; the headers of its pages are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import loader
from tests.workloads import claims
from tests.workloads.memory import peak
from workloads import pages, parquet
from workloads.inference import columnar, files
from workloads.inference.errors import Refused
from workloads.inference.files import FileError
from workloads.inference.reader import Reader

READER = Reader(loader.load(Path("contracts/churn.yaml")), max_rows=1000)
CODECS = ["snappy", "gzip", "zstd", "lz4", "brotli"]
MEGABYTE = 1_000_000


def refused(body: bytes) -> tuple[int, str, int]:
    """Status and message that answer a body, and the peak of the memory."""
    found: list[Refused] = []

    def read() -> None:
        with pytest.raises(Refused) as caught:
            columnar.read(body, READER)
        found.append(caught.value)

    held = peak(read)
    return found[0].status, found[0].message, held


def answered(body: bytes) -> tuple[object, int]:
    """The tickets that are read of a body, or why none are; and the peak of the memory."""
    found: list[object] = []

    def read() -> None:
        try:
            found.append([row[-1] for row in columnar.read(body, READER).values])
        except Refused as refusal:
            found.append(refusal.message)

    held = peak(read)
    return found[0], held


def texts(megabytes: int, **options: Any) -> bytes:
    """Texts that each have a million letters."""
    return claims.file("customer_id", pa.array([f"{n}".ljust(MEGABYTE) for n in range(megabytes)]), **options)


@pytest.mark.parametrize(
    ("content", "sizes"),
    [
        (claims.file("n", pa.array(range(1000), pa.int64()), use_dictionary=False), [8007]),
        (claims.file("n", pa.array([5] * 1000), data_page_version="2.0"), [8, 7]),
        (claims.file("n", pa.array([5, 7] * 500, pa.int32()), write_statistics=True), [8, 135]),
        (claims.file("n", pa.array(["ab"] * 3), write_page_checksum=True, use_dictionary=False), [24]),
        (claims.file("n", pa.array([], pa.int64())), []),
    ],
    ids=["plain", "version 2", "statistics", "checksum", "no rows"],
)
def test_sizes_are_those_of_the_headers(content: bytes, sizes: list[int], tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(content)
    for source in (io.BytesIO(content), tmp_path / "f"):
        assert [page.size for page in pages.of(source, claims.read(content))] == sizes


@pytest.mark.parametrize("codec", [*CODECS, "none"])
@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}, {"data_page_version": "2.0"}])
def test_they_are_what_the_footer_says_without_the_headers(codec: str, options: dict[str, Any]) -> None:
    """Of an honest file with many pages, in several row groups."""
    chance = np.random.default_rng(5)
    table = pa.table(
        {
            "n": pa.array(chance.integers(0, 2000, 50_000), mask=chance.random(50_000) < 0.2),
            "x": chance.random(50_000),
            "t": [f"C-{n % 7000}" for n in range(50_000)],
            "z": pa.nulls(50_000, pa.float64()),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=codec, row_group_size=30_000, data_page_size=20_000, **options)  # pyright: ignore[reportArgumentType]
    metadata = pq.read_metadata(sink)
    chunks = [parquet.Chunk(metadata.row_group(group).column(place), 1) for group in range(2) for place in range(4)]
    for chunk in chunks:
        found = [page.size for page in pages.of(sink, chunk)]
        headers = chunk.told.total_uncompressed_size - sum(found)
        assert len(found) * 15 < headers < len(found) * 200
    assert sum(len(list(pages.of(sink, chunk))) for chunk in chunks) > 20


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}], ids=["dictionary", "plain"])
def test_a_footer_that_understates_unpacks_nothing(codec: str, options: dict[str, Any]) -> None:
    body = claims.footer(texts(80, compression=codec, **options), unpacked=1000)
    assert len(body) < 6_000_000
    status, message, held = refused(body)
    assert (status, message.partition(" bytes ")[2]) == (
        413,
        "are found, at most 67108864 are allowed; split the request",
    )
    assert held < 6_000_000


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}], ids=["dictionary", "plain"])
def test_a_header_that_understates_unpacks_to_no_more(codec: str, options: dict[str, Any]) -> None:
    """A decompressor is given the room that the header says, and ends there."""
    status, message, held = refused(claims.header(texts(40, compression=codec, **options), unpacked=1000))
    assert status == 400
    assert message.startswith("the body is no Parquet file: ")
    assert held < 10_000_000


def test_a_header_that_overstates_makes_no_room() -> None:
    body = claims.header(claims.file("support_tickets", pa.array([1, 2, 3])), unpacked=claims.MOST)
    status, message, held = refused(body)
    assert (status, message.partition(";")[0]) == (
        413,
        f"columns of {claims.MOST} bytes are found, at most 67108864 are allowed",
    )
    assert held < MEGABYTE


def test_a_dictionary_has_no_more_values_than_bytes() -> None:
    body = claims.file("support_tickets", pa.array([1, 2, 3]))
    head = b"\x4c\x15"  # field 7, a struct; its field 1
    status, message, held = refused(claims.pages(body, head + claims.number(3), head + claims.number(claims.MOST)))
    told = f"the body is no Parquet file: a dictionary of 24 bytes says that it has {claims.MOST} values"
    assert (status, message) == (400, told)
    assert held < MEGABYTE


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}], ids=["dictionary", "plain"])
@pytest.mark.parametrize("nullable", [True, False])
def test_more_values_than_rows_are_not_read(options: dict[str, Any], *, nullable: bool) -> None:
    """A page says that it has two billion values: with levels that belies it, without as many are read as rows are."""
    whole = claims.file("support_tickets", pa.array([1, 2, 3]), nullable=nullable, **options)
    head = b"\x2c\x15"  # field 5, a struct; its field 1
    found, held = answered(claims.pages(whole, head + claims.number(3), head + claims.number(claims.MOST)))
    told = "the body is no Parquet file: Number of decoded rep / def levels do not match num_values in page header"
    assert found == (told if nullable else [1, 2, 3])
    assert held < MEGABYTE


def test_a_run_that_says_it_is_longer_than_its_page_is_not_read_on() -> None:
    """Levels, and places in a dictionary, are runs: a count and a value."""
    whole = claims.file("support_tickets", pa.array([5] * 10), nullable=False)
    run, longer = bytes([1, 10 << 1, 0]), b"\x01" + claims.number(claims.MOST) + b"\x00"  # of one bit: the first value
    old, new = (b"\x15\x00" + (b"\x15" + claims.number(len(each))) * 2 for each in (run, longer))  # its page's header
    found, held = answered(claims.pages(claims.pages(whole, run, longer), old, new))
    assert (found, held < MEGABYTE) == ([5] * 10, True)


@pytest.mark.parametrize("kind", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("told", [True, False])
def test_texts_that_begin_with_their_lengths_are_refused_in_a_body(
    kind: str, version: str, tmp_path: Path, *, told: bool
) -> None:
    """Whether the footer tells of them or not. A batch reads them: it has its memory for itself."""
    name: str = "customer_id"
    options: dict[str, Any] = {"use_dictionary": False, "data_page_version": version}
    body = claims.file(name, pa.array(["C-1", "C-2"]), column_encoding={name: kind}, **options)
    (tmp_path / "day.parquet").write_bytes(body)
    assert [row.entity for row in files.rows(READER, tmp_path / "day.parquet")] == ["C-1", "C-2"]
    if not told:
        codes = {"PLAIN": 0, "RLE": 3, "DELTA_LENGTH_BYTE_ARRAY": 6, "DELTA_BYTE_ARRAY": 7}
        said = [codes[each] for each in claims.chunk(body).encodings]
        old, new = (bytes([len(said) << 4 | 5, *(code << 1 for code in each)]) for each in (said, [3] * len(said)))
        assert old in body
        body = body.replace(old, new)
        assert kind not in claims.chunk(body).encodings
    status, message, held = refused(body)
    assert (status, message) == (
        422,
        f"field 'customer_id': values stored as {kind} is found, allowed is PLAIN or RLE_DICTIONARY, of which can be "
        "said what they unpack to",
    )
    assert held < MEGABYTE


def test_what_is_no_header_is_damage() -> None:
    whole = claims.file("support_tickets", pa.array([1, 2, 3]), use_dictionary=False)
    for wrong in (b"\x1b", b"\x15\x01", b"\x1c" * 70, b"\x15" + b"\xff" * 11):
        body = whole[: claims.FIRST] + (wrong + whole[claims.FIRST + len(wrong) :])[: len(whole) - claims.FIRST]
        with pytest.raises(pa.ArrowInvalid, match="the header of a page cannot be read: "):
            list(pages.of(io.BytesIO(body), claims.read(whole)))


def test_many_small_pages_are_work_too() -> None:
    """Each counts as a kilobyte, so that a body of 6 MB has no 300,000 of them."""
    numbers = pa.array(np.arange(70_000, dtype=np.int32))
    small = claims.file("support_tickets", numbers, data_page_size=1, write_batch_size=1, use_dictionary=False)
    assert len(small) < 6_000_000
    status, message, _ = refused(small)
    assert (status, message.partition(" bytes ")[0]) == (413, f"columns of {64 * 1024 * 1024 + 1024}")


def test_a_batch_says_which_file_it_is(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    path.write_bytes(claims.header(texts(40, compression="zstd"), unpacked=1000))
    with pytest.raises(FileError, match=r"/day\.parquet: "):
        list(files.rows(READER, path))
