"""What a delivered text or Parquet file is if it cannot be read, and its line ends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from contracts.preamble import DELIMITERS
from workloads.validation.packed import CHUNK_BYTES, damaged
from workloads.validation.verdict import FileFault, Finding, RefusedError

_READABLE = "deliver CSV or Parquet, plain or in gzip or zstd"
#: First bytes of what is often delivered in place of these, from each format's specification.
_BINARY = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"BZh", "compressed with bzip2"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"PARE", "a Parquet file with an encrypted footer"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF"),
)
_TEXTS = ((b"<", "HTML or XML"), (b"{", "JSON"))
_JSON_LIST = re.compile(rb"\[\s*(?:[\[{\"\]\d-]|$)")  # and not a header of SQL Server's names: [customer_id],[at]
_TAR = (257, b"ustar")  # POSIX, pax: the magic field of a header
#: Bytes after which a field begins, by any of the delimiters.
_BEFORE_FIELDS = (b"\n", b"\r", *(letter.encode() for letter in DELIMITERS))


def refuse_binary(head: bytes) -> None:
    """RefusedError for the first bytes of a file that is no text."""
    _refuse(head, _BINARY)
    if head.startswith(_TAR[1], _TAR[0]):
        raise _corrupt(f"the file is a tar archive; {_READABLE}, each file of it for itself")


def refuse_foreign(head: bytes) -> None:
    """RefusedError for the first bytes of a text in UTF-8 that is no table."""
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \r\n\t")
    _refuse(begin, _TEXTS)
    if _JSON_LIST.match(begin):
        _refuse(begin, [(b"[", "JSON")])


def refuse_zero_bytes(head: bytes) -> None:
    """RefusedError for the first bytes of what is to be UTF-8, where every third is zero: of UTF-16 every second is."""
    head = head[:64]
    if head.count(b"\0") * 3 > len(head):
        found = "the file begins with zero bytes, as a lost block does, and UTF-16 without a byte order mark"
        raise _corrupt(f"{found}; {_READABLE}, or say in the contract what it is: encoding: utf-16-le")


def _refuse(head: bytes, foreign: Sequence[tuple[bytes, str]]) -> None:
    for magic, kind in foreign:
        if head.startswith(magic):
            raise _corrupt(f"the file is {kind}; {_READABLE}")


def parquet_damage(error: Exception) -> RefusedError:
    """What pyarrow found in a Parquet file as a refusal; raised again when the machine is to blame.

    As it is for want of memory: `chunks.verify` bounds what a file can ask for before anything is unpacked.
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
        raise error
    what = "a page's checksum" if "CRC" in str(error) else str(error).splitlines()[0].partition(": ")[0]
    return damaged("Parquet", what)


def one_line_end(path: Path, scratch: Path) -> Path:
    """A text file whose lines end alike: `path` itself, or a copy in `scratch`.

    duckdb reads LF or CRLF throughout. Where both stand in one file, or CR alone, every line end outside quotes becomes
    LF; a value in quotes keeps its own. A quote opens at the start of a field only; within a text it is a letter.
    """
    if len(_line_ends(path)) <= 1:
        return path
    target = scratch / "lines"
    quoted, before = False, b"\n"
    with target.open("wb") as sink:
        for chunk in _whole_line_ends(path):
            parts = chunk.split(b'"')
            for index, part in enumerate(parts):
                sink.write(part if quoted else part.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
                before = part.removeprefix(codecs.BOM_UTF8)[-1:] or before
                if index < len(parts) - 1:
                    sink.write(b'"')
                    # a quote behind one that has closed is the second of a pair, which stands for a letter
                    quoted, before = not quoted and before in (*_BEFORE_FIELDS, b'"'), b'"' if quoted else b"x"
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
        while chunk := file.read(CHUNK_BYTES):
            while chunk.endswith(b"\r") and (more := file.read(1)):
                chunk += more
            yield chunk


def _corrupt(text: str) -> RefusedError:
    return RefusedError(Finding(code=FileFault.CORRUPT, text=text))
