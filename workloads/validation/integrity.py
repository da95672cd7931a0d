"""What a delivered file lets one verify before a row of it is read, and what it is if it cannot be read."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from workloads.validation.verdict import FileFault, Finding, RefusedError

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20
#: What one file may be unpacked to. The job's volume has 30 GB and holds content, tables and both outcomes at once; and
#: of a stream of one byte gzip makes 1,032 bytes, so that without a bound a small file fills any disk.
MAX_UNPACKED_BYTES = 8 * 1024**3
_READABLE = "deliver CSV (UTF-8, plain or gzip) or Parquet"
#: First bytes of what is often delivered in place of these, from each format's specification.
_FOREIGN = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"BZh", "compressed with bzip2"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"PARE", "a Parquet file with an encrypted footer"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"<", "HTML or XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)


def refuse_foreign(path: Path) -> None:
    """RefusedError when `path` begins as a file of another kind does."""
    with path.open("rb") as file:
        head = file.read(64)
    for magic, kind in _FOREIGN:
        if head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t").startswith(magic):
            raise _corrupt(f"the file is {kind}; {_READABLE}")
    if head.count(b"\0") * 3 > len(head):  # of UTF-16 text every second byte
        raise _corrupt(f"the file begins with zero bytes, as UTF-16 text or a lost block does; {_READABLE}")


def inflate(path: Path, scratch: Path) -> Path:
    """The content of the gzip file `path`, all members of it, in a file in `scratch`.

    Checksum and length of each member are compared (RFC 1952), which duckdb does not do. Zero bytes after the last one,
    the padding of tapes and block devices, are no fault; other bytes are, and so is more than MAX_UNPACKED_BYTES.
    """
    target, size = scratch / "inflated", 0
    try:
        with gzip.open(path) as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK_BYTES):
                size += len(chunk)
                check_unpacked(size)
                sink.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = str(error).partition(" 0x")[0].partition(" (b'")[0]
        raise damaged("gzip", what) from error
    return target


def check_unpacked(size: int) -> None:
    """RefusedError where a file is unpacked to more bytes than one may hold."""
    if size > MAX_UNPACKED_BYTES:
        allowed = f"{MAX_UNPACKED_BYTES} bytes ({MAX_UNPACKED_BYTES / 1024**3:g} GiB)"
        text = f"the file unpacks to more than {allowed}, which is the most allowed; deliver its rows in several files"
        raise RefusedError(Finding(code=FileFault.TOO_LARGE, text=text))


def parquet_damage(error: Exception) -> RefusedError:
    """What pyarrow found in a Parquet file as a refusal; raised again when the machine is to blame."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    what = "a page's checksum" if "CRC" in str(error) else str(error).splitlines()[0].partition(": ")[0]
    return damaged("Parquet", what)


def damaged(kind: str, what: str) -> RefusedError:
    """A file of a kind that does not hold what it says, as a refusal."""
    return _corrupt(f"the {kind} file is cut off or damaged ({what}); deliver it again")


def one_line_end(path: Path, scratch: Path) -> Path:
    """A text file whose lines end alike: `path` itself, or a copy in `scratch`.

    duckdb reads LF or CRLF throughout. Where both stand in one file, or CR alone, every line end outside quotes becomes
    LF; a value in quotes keeps its own.
    """
    if len(_line_ends(path)) <= 1:
        return path
    target = scratch / "lines"
    quoted = False
    with target.open("wb") as sink:
        for chunk in _whole_line_ends(path):
            parts = chunk.split(b'"')
            for index, part in enumerate(parts):
                sink.write(part if quoted else part.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
                if index < len(parts) - 1:
                    sink.write(b'"')
                    quoted = not quoted
    return target


def _line_ends(path: Path) -> set[bytes]:
    """Which kinds of line ends the file has; a lone CR counts as two, because duckdb cannot read it."""
    found: set[bytes] = set()
    for chunk in _whole_line_ends(path):
        crlf = chunk.count(b"\r\n")
        found |= {b"\r\n"} if crlf else set()
        found |= {b"\n"} if chunk.count(b"\n") > crlf else set()
        found |= {b"\r", b""} if chunk.count(b"\r") > crlf else set()
    return found


def _whole_line_ends(path: Path) -> Iterator[bytes]:
    """The file in chunks that never end between CR and LF."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            while chunk.endswith(b"\r") and (more := file.read(1)):
                chunk += more
            yield chunk


def _corrupt(text: str) -> RefusedError:
    return RefusedError(Finding(code=FileFault.CORRUPT, text=text))
