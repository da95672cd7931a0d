"""One file as two deliveries: what stands in it is passed on as it is."""

from __future__ import annotations

import errno
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workloads.rehearsal import split as deliveries
from workloads.rehearsal.split import SplitError


def parquet(*, rows: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array(range(rows), pa.int64())}), buffer)
    return buffer.getvalue()


def test_deliveries_pass_values_on_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text('a,b\n1,"x, y"\n 2,\n3,z\n', encoding="utf-8")
    first, later = deliveries.split(tmp_path / "d.csv", tmp_path / "parts")
    assert first.read_text() == 'a,b\n1,"x, y"\n 2,\n'
    assert later.read_text() == "a,b\n3,z\n"


@pytest.mark.parametrize(
    ("header", "records"),
    [
        (b'"a";"b"\r\n', (b'"1, 2";"x;y"\r\n', b'"two\r\nlines";""\r\n', b'"say ""hi""";2\r\n')),
        (b"\xef\xbb\xbfa\tb\n", (b'5" pipe\t1\n', b"c\td\n", b"e\tf")),
    ],
)
def test_deliveries_pass_bytes_on_whatever_the_delimiter(
    header: bytes, records: tuple[bytes, ...], tmp_path: Path
) -> None:
    (tmp_path / "d.csv").write_bytes(header + b"".join(records))
    first, later = deliveries.split(tmp_path / "d.csv", tmp_path / "parts")
    assert first.read_bytes() == header + records[0] + records[1]
    assert later.read_bytes() == header + records[2]


@pytest.mark.parametrize("letters", [200_000, 2_000_000])
def test_a_text_as_long_as_validation_takes_it(letters: int, tmp_path: Path) -> None:
    records = ["a,b\n", "x" * letters + ",1\n", '"' + "y" * letters + '",2\n', "z,3\n"]
    (tmp_path / "d.csv").write_text("".join(records))
    first, later = deliveries.split(tmp_path / "d.csv", tmp_path / "parts")
    assert (first.read_text(), later.read_text()) == ("".join(records[:3]), records[0] + records[3])


def test_a_text_that_is_longer_says_so(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b\n" + "x" * 2_000_001 + ",1\n")
    with pytest.raises(SplitError, match=r"field larger than field limit \(2000000\)"):
        deliveries.split(tmp_path / "d.csv", tmp_path / "parts")


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, 3]})
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.parquet.gz").write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    tables = [pq.read_table(path) for path in deliveries.split(tmp_path / "t.parquet.gz", tmp_path / "parts")]
    assert tables == [table.slice(0, 2), table.slice(2)]
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n3,4\n5,6\n"))
    first, later = deliveries.split(tmp_path / "d.csv.gz", tmp_path / "parts")
    assert (first.name, first.read_text()) == ("1-d.csv", "a,b\n1,2\n3,4\n")
    assert (later.name, later.read_text()) == ("2-d.csv", "a,b\n5,6\n")


def test_a_file_of_an_old_macintosh_is_split_at_its_line_ends(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(b"a,b\r1,2\r3,4\r5,6\r")
    first, later = deliveries.split(tmp_path / "d.csv", tmp_path / "parts")
    assert (first.read_bytes(), later.read_bytes()) == (b"a,b\r1,2\r3,4\r", b"a,b\r5,6\r")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not found; give a CSV or Parquet file"),
        (b"", "has no rows"),
        (b"a,b\n", "has no rows"),
        (b"\xff\xfe\x00", "cannot be read as CSV in UTF-8 or as Parquet"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "d: the gzip file is cut off or damaged"),
        (gzip.compress(b"a,b\n", mtime=0), "/d has no rows"),
        (b"PAR1broken", "cannot be read as CSV in UTF-8 or as Parquet"),
        (parquet(rows=0), "has no rows"),
        (parquet(rows=9)[:-20], "cannot be read as CSV in UTF-8 or as Parquet"),
    ],
)
def test_data_that_cannot_be_split_says_why(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "d").write_bytes(content)
    with pytest.raises(SplitError, match=message):
        deliveries.split(tmp_path / "d", tmp_path / "parts")


@pytest.mark.parametrize(
    ("name", "content", "written"),
    [
        ("d.csv", b"a,b\n1,2\n3,4\n", "1-d.csv"),
        ("d.csv", b"a,b\n1,2\n3,4\n", "2-d.csv"),
        ("d.csv.gz", gzip.compress(b"a,b\n1,2\n3,4\n"), "unpacked"),
        ("d.parquet", parquet(rows=9), "1-d.parquet"),
        ("d.parquet.gz", gzip.compress(parquet(rows=9)), "unpacked"),
    ],
)
def test_a_full_disk_is_no_fault_of_the_file(name: str, content: bytes, written: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / written).symlink_to("/dev/full")  # full(4)
    with pytest.raises(OSError, match="No space left on device") as caught:
        deliveries.split(tmp_path / name, tmp_path / "parts")
    assert caught.value.errno == errno.ENOSPC


def test_nor_is_a_machine_short_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise pa.ArrowMemoryError("malloc of size 4194304 failed")

    (tmp_path / "d.parquet").write_bytes(parquet(rows=9))
    monkeypatch.setattr(deliveries.pq, "ParquetFile", fail)
    with pytest.raises(MemoryError):
        deliveries.split(tmp_path / "d.parquet", tmp_path / "parts")


def test_nor_is_a_failing_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "d.parquet").write_bytes(parquet(rows=9))
    monkeypatch.setattr(deliveries.pq, "ParquetFile", fail)
    with pytest.raises(OSError, match="Input/output error") as caught:
        deliveries.split(tmp_path / "d.parquet", tmp_path / "parts")
    assert caught.value.errno == errno.EIO
