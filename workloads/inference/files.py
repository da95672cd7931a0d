"""Rows of whole files, told by their content: CSV, JSON lines or Parquet, each also in gzip or zstd.

What validation reads is read here too, so that the file that a model was trained on can be scored. The name of a file
counts where its content says too little: `{` begins a line of JSON, and in a file that is called .csv a cell.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

import msgspec

from contracts import delimited, encodings, preamble
from contracts.delimited import MAX_LINE
from contracts.texts import BLANKS
from workloads import job, unpacking
from workloads.inference import columnar, csv_reader
from workloads.inference.checks import Check
from workloads.inference.csv_reader import Layout
from workloads.inference.errors import Fault, Refused
from workloads.inference.reader import Reader
from workloads.inference.rows import Entity, Values

MAX_BEFORE: Final = 1000  # lines before the header
_MAGIC: Final = b"PAR1"
_HEAD_BYTES: Final = 4096
_ANY: Final = math.inf  # bytes of columns: rows are read in pieces
#: How Python calls an encoding of which a byte order mark is left out.
_SIGNED: Final = {encodings.UTF_8: "utf-8-sig"}


class FileError(job.UserError):
    """A file that cannot be read: which, and why."""


class Row(NamedTuple):
    """One row of a file: the contract's inputs in order and the entity, or what is wrong with it."""

    values: Values
    entity: Entity
    faults: list[Fault]


class Form(Enum):
    """What a file holds; of each how names of files end that have it, in small letters."""

    CSV = (".csv", ".tsv")
    JSON = (".jsonl", ".ndjson")
    PARQUET = (".parquet",)


SUFFIXES: Final = tuple(suffix for form in Form for suffix in form.value)
_PACKED: Final = (".gz", ".zst")


def stem(path: Path) -> str:
    """The file's name without what says that it is compressed and what it holds."""
    return _unpacked_name(path).stem


def is_called_table(path: Path) -> bool:
    """Whether a file has the name of one that has rows."""
    return _unpacked_name(path).suffix.lower() in SUFFIXES


def is_table(reader: Reader, path: Path) -> bool:
    """Whether a file, whatever its name, is Parquet or begins with columns of the contract. FileError."""
    with _told(path):
        content = _Content.of(path, reader)
        if content.form is Form.PARQUET:
            return True
        with content.text() as file:
            if content.form is Form.CSV:
                return _Csv.opened(file, reader).layout is not None
            first = next((line for line in _lines(file) if line.strip()), "")
        try:
            row = msgspec.json.decode(first, type=dict[str, Any])
        except msgspec.DecodeError:
            return False
        return not reader.columns.known.keys().isdisjoint(reader.columns.named(row))


def rows(reader: Reader, path: Path) -> Iterator[Row]:
    """The rows of a file. FileError if it cannot be read, which a compressed one may say at its end."""
    with _told(path):
        content = _Content.of(path, reader)
        yield from _READ[content.form](reader, content)


@contextmanager
def _told(path: Path) -> Generator[None]:
    """What is wrong with a file as a FileError with its name. What is wrong with the machine is raised as it is."""
    try:
        yield
    except Refused as refusal:
        raise FileError(f"{path}: {refusal.message}") from None
    except OSError as error:
        if error.errno is not None and error.filename != str(path):  # a full disk; pyarrow's errors of damage have none
            raise
        raise FileError(f"{path}: {error}") from None
    except (ValueError, csv.Error) as error:
        raise FileError(f"{path}: {error}") from None


def _unpacked_name(path: Path) -> Path:
    return Path(path.stem) if path.suffix.lower() in _PACKED else Path(path.name)


@dataclass(frozen=True)
class _Content:
    """A file unpacked, of which a text is in `encoding`."""

    path: Path
    form: Form
    encoding: str

    @classmethod
    def of(cls, path: Path, reader: Reader) -> _Content:
        with closing(unpacking.pieces(path)) as pieces:
            head = b""
            while len(head) < _HEAD_BYTES and (piece := next(pieces, b"")):
                head += piece
        suffix = _unpacked_name(path).suffix.lower()
        if head.startswith(_MAGIC):
            return cls(path, Form.PARQUET, "")
        if suffix in Form.PARQUET.value:
            raise ValueError(f"the file is called {suffix} but begins with {head[:4]!r} instead of {_MAGIC!r}")
        encoding = encodings.of(head[:4], None)
        begins = head.decode(encoding, "ignore").lstrip(BLANKS)
        if suffix in Form.JSON.value or (begins.startswith("{") and suffix not in Form.CSV.value):
            return cls(path, Form.JSON, encoding)  # JSON is UTF-8 whatever the contract says of CSV (RFC 8259)
        return cls(path, Form.CSV, encodings.of(head[:4], reader.encoding))

    def text(self) -> TextIO:
        encoding = _SIGNED.get(self.encoding, self.encoding)
        return io.TextIOWrapper(io.BufferedReader(_Stream(unpacking.pieces(self.path))), encoding, newline="")


class _Stream(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._rest or next(self._pieces, b"")
        size = min(len(found), len(buffer))
        buffer[:size], self._rest = found[:size], found[size:]
        return size


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a text, none of which may be so long that a small compressed file fills the memory."""
    for number in itertools.count(1):
        try:
            line = file.readline(MAX_LINE)
        except UnicodeDecodeError:  # it is decoded in pieces, of some hundred lines at the most
            raise ValueError(
                f"after line {number - 1} there is a byte that is no text in {str(file.encoding).removesuffix('-sig')}"
            ) from None
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            raise ValueError(f"line {number} is longer than {MAX_LINE} letters, which is the most allowed")
        if not line:
            return
        yield line


class _Csv(NamedTuple):
    """A CSV opened: its header's `layout`, None without one; the `lines` behind it, and how many were `skipped`."""

    layout: Layout | None
    lines: Iterator[str]
    skipped: int

    @classmethod
    def opened(cls, file: TextIO, reader: Reader) -> _Csv:
        texts, before = _lines(file), list[str]()
        names = reader.columns.names
        while (first := next(texts, "")) and len(before) < MAX_BEFORE and preamble.stands_before(first, names):
            before.append(first)
        if not first and not before:
            raise ValueError("the file is empty")
        record = csv_reader.first_record(itertools.chain([first], texts), '"')
        for count in dict.fromkeys((len(record), 1)):
            if layout := reader.by_line.header("".join(record[:count]).rstrip("\r\n")):
                return cls(layout, itertools.chain(record[count:], texts), len(before) + count)
        # what stands before no header are rows, of which the first text may begin with #
        return cls(None, itertools.chain(before, record, texts), 0)


def _csv_rows(reader: Reader, content: _Content) -> Iterator[Row]:
    with content.text() as file:
        found, texts, skipped = _Csv.opened(file, reader)
        layout = found or reader.by_line.bare
        lines = delimited.records(texts, layout.delimiter, strict=True)
        for cells in lines:
            if layout.is_blank(cells):
                continue
            faults: list[Fault] = []
            values = layout.values(lines.line_num + skipped, cells, faults)
            if faults:
                known = layout.entity is not None and len(cells) == len(layout.order)
                yield Row([], cells[layout.entity or 0] if known else None, faults)
            else:
                raw = layout.arranged([values])
                yield Row(raw.values[0], raw.entities[0] if raw.entities else None, faults)


def _json_rows(reader: Reader, content: _Content) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with content.text() as file:
        for number, line in enumerate(_lines(file), 1):
            if line.strip():
                try:
                    row = decoder.decode(line)
                except (msgspec.DecodeError, RecursionError) as error:
                    raise ValueError(f"line {number}: {error}") from None
                faults: list[Fault] = []
                yield Row(*reader.record(row, Check.from_json, faults), faults)


def _parquet_rows(reader: Reader, content: _Content) -> Iterator[Row]:
    try:
        import pyarrow as pa
    except ImportError:
        raise ValueError(
            "Parquet needs pyarrow, which is not installed here; convert it to CSV or JSON lines"
        ) from None
    with tempfile.TemporaryDirectory() as scratch:
        path = unpacking.unpacked(content.path, Path(scratch))
        try:
            with columnar.opened(path, reader, _ANY) as file:
                for row in columnar.rows_of(file, reader, _ANY):
                    faults: list[Fault] = []
                    yield Row(*reader.record(row, Check.from_typed, faults), faults)
        except MemoryError:  # pyarrow's too, which is the machine's fault
            raise
        except pa.ArrowException as error:
            raise ValueError(str(error)) from None


_READ: Final[dict[Form, Callable[[Reader, _Content], Iterator[Row]]]] = {
    Form.CSV: _csv_rows,
    Form.JSON: _json_rows,
    Form.PARQUET: _parquet_rows,
}
