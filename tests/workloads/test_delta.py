"""Texts behind the lengths of all of them: a page that speaks of more than it has values is damage, and no other is."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import loader
from tests.workloads import claims
from tests.workloads.memory import peak
from workloads import delta, pages
from workloads.inference import files
from workloads.inference.files import FileError
from workloads.inference.reader import Reader
from workloads.parquet import Chunk
from workloads.validation import chunks
from workloads.validation.verdict import FileFault, RefusedError

READER = Reader(loader.load(Path("contracts/churn.yaml")), max_rows=1000)
NAME = "customer_id"
PLAIN, SHARED = "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"
CODECS = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]
MEGABYTE = 1_000_000


def texts(values: pa.Array, kind: str, **options: Any) -> bytes:
    told: dict[str, Any] = {"use_dictionary": False, "column_encoding": {NAME: kind}}
    return claims.file(NAME, values, **told, **options)


def lengths(count: int, first: int, in_block: int = 128) -> bytes:
    """How so many numbers begin, in blocks of four parts."""
    found = bytearray()
    for number in (in_block, 4, count, first << 1):
        value = number
        while value >= 0x80:
            found.append(value & 0x7F | 0x80)
            value >>= 7
        found.append(value)
    return bytes(found)


def speaking(content: bytes, old: bytes, new: bytes) -> bytes:
    """A file of one page in which `new` stands for `old`, and whose header has the size that it then has."""
    (page,) = pages.of(io.BytesIO(content), claims.read(content))
    before, after = ((b"\x15" + claims.number(size)) * 2 for size in (page.size, page.size + len(new) - len(old)))
    return claims.pages(claims.pages(content, old, new), before, after)


@pytest.mark.parametrize(("kind", "first"), [(PLAIN, 3), (SHARED, 0), (SHARED, 3)])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize("in_block", [128, 2**31])
def test_a_page_that_speaks_of_two_billion_texts_is_damage(
    kind: str, first: int, version: str, in_block: int, tmp_path: Path, *, nullable: bool
) -> None:
    """Of DELTA_BYTE_ARRAY what each shares with the one before, or what is left of it."""
    content = texts(pa.array(["C-1", "D-2"]), kind, data_page_version=version, nullable=nullable)
    content = speaking(content, lengths(2, first), lengths(claims.MOST, first, in_block))
    assert len(content) < 300
    path = tmp_path / "day.parquet"
    path.write_bytes(content)
    told = f"a page's lengths of texts cannot be read, for they are of {claims.MOST} texts and the page has 2 values"

    def validated() -> None:
        with pytest.raises(RefusedError) as caught:
            chunks.verify(path, [NAME])
        (found,) = caught.value.findings
        assert (found.code, told in found.text) == (FileFault.CORRUPT, True)

    def scored() -> None:
        with pytest.raises(FileError, match=told):
            list(files.rows(READER, path))

    assert max(peak(validated), peak(scored)) < MEGABYTE


@pytest.mark.parametrize("kind", [PLAIN, SHARED])
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_what_writers_make_is_read(kind: str, codec: str, version: str, tmp_path: Path) -> None:
    """Texts alike and unlike, with nulls and without, in many pages; and the number of values is what they may have."""
    chance = np.random.default_rng(5)
    for values in (
        [f"C-{n}" for n in range(5000)],
        [chance.bytes(int(chance.integers(40))).hex() if chance.random() < 0.7 else None for _ in range(5000)],
        ["same"] * 3000,
        [None] * 300,
        ["one"],
    ):
        nullable = None in values
        column = pa.array(values, pa.string())
        options: dict[str, Any] = {"compression": codec, "data_page_version": version, "data_page_size": 3000}
        content = texts(column, kind, nullable=nullable, **options)
        assert len(list(pages.of(io.BytesIO(content), claims.read(content)))) >= len(values) // 3000
        (tmp_path / "f").write_bytes(content)
        chunks.verify(tmp_path / "f", [NAME])
        assert pq.read_table(tmp_path / "f")[NAME].to_pylist() == values


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("nullable", [True, False])
def test_the_count_is_found_behind_levels_and_in_what_is_compressed(
    codec: str, version: str, monkeypatch: pytest.MonkeyPatch, *, nullable: bool
) -> None:
    found: list[tuple[int, int]] = []

    def repeated(content: Any, encoding: int, most: int) -> int:
        assert bytes(content).startswith(lengths(700, 7))
        found.append((encoding, most))
        return 0

    monkeypatch.setattr(delta, "repeated", repeated)
    values = pa.array([*(f"C-{n:05}" for n in range(700)), *([None] * 50 * nullable)])
    content = texts(values, PLAIN, compression=codec, data_page_version=version, nullable=nullable)
    list(pages.of(io.BytesIO(content), claims.read(content)))
    assert found == [(6, 750 if nullable else 700)]


def test_what_duckdb_writes_is_read(tmp_path: Path) -> None:
    """In blocks of another size, and a page of nulls alone."""
    path = tmp_path / "f.parquet"
    with duckdb.connect() as connection:
        rows = "SELECT CASE WHEN i > 5000 THEN NULL ELSE 'C-' || (i * 7919) END AS customer_id FROM range(300000) t(i)"
        options = "FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 10, ROW_GROUP_SIZE 20480"
        connection.execute(f"COPY ({rows}) TO '{path}' ({options})")
    assert PLAIN in pq.read_metadata(path).row_group(0).column(0).encodings
    chunks.verify(path, [NAME])
    assert len(list(files.rows(READER, path))) == 300_000


@pytest.mark.parametrize("count", [1, 2, 32, 33, 34, 128, 129, 130, 161, 1000, 5000])
@pytest.mark.parametrize("bits", [0, 1, 5, 31])
def test_the_end_of_lengths_is_where_the_texts_begin(count: int, bits: int) -> None:
    """Of numbers in a page of their own it is the page's."""
    chance = np.random.default_rng(count * 32 + bits)
    values = pa.array(chance.integers(2**bits, size=count), pa.int32())
    told: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"n": "DELTA_BINARY_PACKED"}}
    content = claims.file("n", values, nullable=False, **told)
    (page,) = pages.of(io.BytesIO(content), claims.read(content))
    begin = content.index(lengths(count, values[0].as_py())[:3])
    packed = content[begin : begin + page.size]
    found = delta._Lengths(packed, 0, count)
    assert (found.sum(), found.end) == (sum(values.to_pylist()), len(packed))
    with pytest.raises(ValueError, match=f"they are of {count} texts and the page has {count - 1} values"):
        delta._Lengths(packed, 0, count - 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x80\x01\x04", "a page ends within the lengths of its texts"),
        (lengths(200, 3) + b"\x00", "a page ends within the lengths of its texts"),
        (b"\x80\x01\x00\x02\x06", "a page's lengths of texts cannot be read, for 128 cannot be in a block of 0 parts"),
        (b"\x00\x04\x02\x06", "a page's lengths of texts cannot be read, for 0 cannot be in a block of 4 parts"),
        (b"\x80\x01\x08\x02\x06", "a page's lengths of texts cannot be read, for 128 cannot be in a block of 8 parts"),
        (b"\xff" * 11, "a page's lengths of texts cannot be read, a number of more than 64 bits"),
        (b"\x80\x01\x04\x01\x05", "a page's lengths of texts cannot be read, for -3 is the length of none"),
        (lengths(1, 2**31), "a page's lengths of texts cannot be read, for 2147483648 is the length of none"),
        (lengths(2, 3) + b"\x07", "a page ends within the lengths of its texts"),
        (lengths(2, 3) + b"\x07\x00", "a page's lengths of texts cannot be read, for -1 is the length of none"),
        (lengths(3, 3) + b"\x01\x02\x03", "a page ends within the lengths of its texts"),
        (lengths(9, 3) + b"\x01\x21", "a page's lengths of texts cannot be read, for a number of 33 bits is none"),
        (
            lengths(9, 3) + b"\xfe\xff\xff\xff\x1f\x00",
            "a page's lengths of texts cannot be read, for what is added to each is 4294967295",
        ),
    ],
)
def test_what_is_no_lengths_is_damage(content: bytes, told: str) -> None:
    with pytest.raises(pa.ArrowInvalid) as caught:
        delta.repeated(content, 7, 1000)
    assert str(caught.value) == told


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", CODECS)
def test_what_texts_share_is_told_behind_their_page(version: str, codec: str) -> None:
    """By hand; then whatever they are, against what each begins with of the one before."""
    chance = np.random.default_rng(7)
    for values, shared in (
        (["C-1", "C-23", "C-2", "D", None, "D", ""], 2 + 3 + 0 + 1 + 0),
        (["same"] * 3000, 2999 * 4),
        ([""] * 300, 0),
        (["x" * length for length in (5, 70_000, 0, 9)], 5 + 0 + 0),
        (["x" * length for length in range(200)], sum(range(199))),
        (drawn := [f"{chance.integers(10**6):06}"[: chance.integers(7)] for _ in range(2000)], overlap(drawn)),
    ):
        content = texts(pa.array(values, pa.string()), SHARED, compression=codec, data_page_version=version)
        first, *behind = pages.of(io.BytesIO(content), claims.read(content))
        assert (first.values, first.encoding) == (len(values), 7)
        assert behind == [pages.Page(size=shared, values=0, encoding=None)] * (shared > 0)


def overlap(values: list[str]) -> int:
    """Letters that each begins with as the one before."""
    pairs = (zip(*pair, strict=False) for pair in itertools.pairwise(values))
    return sum(len(list(itertools.takewhile(lambda two: two[0] == two[1], pair))) for pair in pairs)


def test_any_bytes_are_lengths_or_damage_at_once() -> None:
    """Numbers without a bit in a part without end, which take no bytes, are added up by their ends."""
    whole = lengths(claims.MOST - 1, 1, 2**31) + b"\x00\x00\x00\x00\x00"
    told = delta.repeated(whole + lengths(1, 1), 7, claims.MOST)
    assert told == claims.MOST - 1
    chance = np.random.default_rng(3)
    read = 0
    for _ in range(3000):
        content = bytearray(whole + lengths(1, 1) + chance.bytes(200))
        for at in chance.integers(len(whole), size=3):
            content[at] = chance.integers(256)
        try:
            assert delta.repeated(bytes(content), 7, claims.MOST) >= 0
            read += 1
        except pa.ArrowInvalid:
            continue
    assert 0 < read < 3000


def test_a_page_that_says_it_is_not_compressed_is_looked_at_in_both_ways() -> None:
    """Arrow unpacks it all the same where the footer names an old writer."""
    values, levels = lengths(claims.MOST, 3), bytes([2, 1])
    stored = pa.Codec("snappy").compress(lengths(2, 3), asbytes=True)
    chunk = Chunk(claims.chunk(texts(pa.array(["a"]), PLAIN, compression="snappy")), 1)
    said: dict[int, Any] = {5: len(levels), 6: 0, 7: False}
    size = len(levels) + len(lengths(2, 3))
    found = [bytes(each) for each in pages._encoded(levels + stored, size, chunk, 8, said)]
    assert found == [stored, lengths(2, 3)]
    assert [bytes(each) for each in pages._encoded(levels + values, 9, chunk, 8, said)] == [values]
    assert [bytes(each) for each in pages._encoded(levels + stored, size, chunk, 8, {**said, 7: True})] == found[1:]
