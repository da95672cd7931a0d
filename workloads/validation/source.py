"""One delivered file as a duckdb scan: its format by content, its columns by name, and what is wrong with either."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from contracts import delimited, preamble
from contracts.delimited import MAX_LINE
from contracts.preamble import DELIMITERS
from contracts.schema import ColumnType, Contract
from workloads.engine import identifier, literal, parquet
from workloads.stored import SQL_TYPES
from workloads.validation import chunks, content, header, integrity
from workloads.validation.verdict import FileFault, Finding, RefusedError

MAX_HEADER_BYTES = 1024 * 1024
#: Bytes of a buffer of CSV, of which duckdb holds some; by default it takes 16 of the longest lines for one.
_BUFFER = 2 * MAX_LINE
_OTHER_ENCODING = "if all of it is in another encoding, such as cp1252, say so in the contract (encoding: cp1252)"
#: What duckdb raises of a file's content; of memory, disk or a faulty statement it raises others.
_OF_FILE = (
    duckdb.InvalidInputException,
    duckdb.DataError,
    duckdb.SerializationException,
    duckdb.NotImplementedException,
    duckdb.InternalException,
)
#: How an IOException begins that is a damaged footer's: of a place beyond the end, and of a schema without columns.
_OF_FOOTER = ("Could not read enough bytes from file", "Failed to read Parquet file")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that has every column of the contract.

    `scan` is SQL that stands after FROM and yields a column a contract column, called c0, c1 ... in contract order;
    `part` is the scan of a file that holds the first rows of it with the header (True) or other rows; None of Parquet.
    `types` are their duckdb types. `extra` are delivered columns that the contract does not know.
    `warnings` are what else people should know of the file.
    """

    path: Path
    scan: str
    types: tuple[str, ...]
    extra: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    part: Callable[[Path, bool], str] | None = None


def open_source(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract, delivered: datetime, *, scratch: Path
) -> Source:
    """The file at `path`, CSV (any of the delimiters , ; tab |) or Parquet, plain or packed, told by its content.

    A text is in the contract's encoding, if no byte order mark says another. What the format lets one verify is
    verified. What has to be written anew to be read goes into `scratch`, which has to stay until the rows are read.
    `delivered` (with time zone) is the event time of every row, if the contract takes it from the delivery.

    Raises RefusedError when it is empty, is neither, cannot be read, or lacks or repeats a column.
    """
    found = content.of(path, scratch, contract.encoding)
    if found.is_parquet:
        return _parquet(connection, found.path, contract, delivered)
    return replace(_csv(found.path, contract, delivered), warnings=found.warnings)


def unreadable(error: duckdb.Error, path: Path) -> RefusedError:
    """`error`, raised while `path` was read, as a refusal; raised again when the file is not to blame.

    Content of the file is left out of the text, which travels further than the quarantined file does.
    """
    message = str(error)
    # other words of an IOException are a failing disk's
    is_footer = isinstance(error, duckdb.IOException) and any(words in message for words in _OF_FOOTER)
    # of a damaged Parquet footer duckdb raises its base class
    blames_file = is_footer or isinstance(error, _OF_FILE) or type(error) is duckdb.Error
    if not blames_file:
        raise error
    line = re.search(r"CSV Error on Line: (\d+)", message)
    remedy = "repair or deliver the whole file again"
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if line and counts:
        found = f"line {line[1]} has {counts[2]} fields, the header has {counts[1]}"
        what = f"{found}: a field is missing or holds a bare delimiter"
    elif "Maximum line size" in message:
        what = f"line {line[1] if line else '?'} is longer than {MAX_LINE} bytes"
    elif "unicode" in message:
        what = f"line {line[1] if line else '?'} is not UTF-8 text"
        remedy = f"{_OTHER_ENCODING}; else {remedy}"
    elif "unterminated quote" in message:
        what = f"a quoted value that begins in line {line[1] if line else '?'} does not end"
        what += ' (a quote within quotes is written twice, "", and not behind a backslash)'
    elif line:
        what = f"the CSV reader cannot go on at line {line[1]}"
    else:
        what = message.splitlines()[0].removeprefix("Invalid Input Error: ").replace(str(path), path.name)
    return RefusedError(Finding(code=FileFault.CORRUPT, text=f"{what}; {remedy}"))


def _parquet(connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract, delivered: datetime) -> Source:
    names = parquet_names(path)
    places = header.places(names, contract)
    chunks.verify(path, [names[place] for place in places if place is not None])
    columns = _columns(places, delivered, lambda place: identifier(names[place]))
    scan = f"(SELECT {columns} FROM {parquet(path)})"  # noqa: S608  quoted by engine
    try:
        types = tuple(str(kind) for kind in connection.sql(f"FROM {scan}").types)
    except duckdb.Error as error:
        raise unreadable(error, path) from error
    warnings = _without_zone(contract, types)
    return Source(path=path, scan=scan, types=types, extra=header.unknown(names, places), warnings=warnings)


def _without_zone(contract: Contract, types: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each column of times without a zone whose texts would be read as those of a place."""
    return tuple(
        f"column {column.name} is of type {kind} without a time zone, which is read as UTC; "
        f"columns.{column.name}.timezone {column.timezone} is of texts: deliver times with a zone if these are of there"
        for column, kind in zip(contract.columns, types, strict=True)
        if column.timezone and (kind == "DATE" or (kind.startswith("TIMESTAMP") and not kind.endswith("ZONE")))
    )


def parquet_names(path: Path) -> list[str]:
    """The columns of a Parquet file. RefusedError."""
    try:
        return pq.read_schema(path).names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise integrity.parquet_damage(error) from error


def _columns(places: Sequence[int | None], delivered: datetime, name: Callable[[int], str]) -> str:
    """SQL: the contract's columns c0, c1 ... at their `places` in the file; without one it is the time of delivery."""
    moment = f"CAST({literal(delivered.isoformat())} AS {SQL_TYPES[ColumnType.TIMESTAMP]})"
    return ", ".join(f"{moment if place is None else name(place)} AS c{index}" for index, place in enumerate(places))


def _csv(path: Path, contract: Contract, delivered: datetime) -> Source:
    delimiter, names, skipped = _header(path, contract)
    places = header.places(names, contract)
    wanted = _columns(places, delivered, lambda place: f"f{place}")

    def part(path: Path, is_first: bool) -> str:
        rows = csv_rows(path, delimiter, len(names), skipped if is_first else 0, header=is_first)
        return f"(SELECT {wanted} FROM {rows})"  # noqa: S608  quoted by engine

    types = tuple(SQL_TYPES[ColumnType.TIMESTAMP if place is None else ColumnType.STRING] for place in places)
    extra = header.unknown(names, places)
    return Source(path=path, scan=part(path, True), types=types, extra=extra, part=part)


def csv_rows(path: Path, delimiter: str, width: int, skipped: int, *, header: bool = True) -> str:
    """SQL for the rows of a CSV, to stand after FROM: texts f0, f1 ... by their position in the file.

    So no name can clash or be mangled. `skipped` lines stand before the header, if there is one.
    """
    columns = ", ".join(f"'f{index}': 'VARCHAR'" for index in range(width))
    options = (
        "auto_detect = false, quote = '\"', escape = '\"', strict_mode = true, compression = 'none', "
        f"header = {literal(header)}, hive_partitioning = false, skip = {skipped}, "
        f"max_line_size = {MAX_LINE}, buffer_size = {_BUFFER}, "
        f"delim = {literal(delimiter)}, columns = {{{columns}}}"
    )
    return f"read_csv({literal(path)}, {options})"


def _header(path: Path, contract: Contract) -> tuple[str, list[str], int]:
    """Delimiter and column names of a CSV, and how many lines stand before them (`contracts.preamble`).

    The delimiter is the one that finds most of the contract's columns.
    """
    wanted = {name for column in contract.columns for name in header.names_of(column)}
    text, skipped = beginning(path, wanted)
    headers = {delimiter: split(text, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: len(wanted.intersection(headers[delimiter])))
    if not headers[best] or (path.stat().st_size > MAX_HEADER_BYTES and not _ends(text, best)):
        found = f"the header does not end within {MAX_HEADER_BYTES} bytes: a line end or a closing quote is missing"
        raise RefusedError(Finding(code=FileFault.CORRUPT, text=f"{found}; its first line must name the columns"))
    if not wanted.intersection(headers[best]):
        _refuse_delimiter(text, wanted)
    return best, headers[best], skipped


def _refuse_delimiter(text: str, wanted: set[str]) -> None:
    """RefusedError where another delimiter than those that are read finds two of the contract's columns."""
    letters = {letter for letter in text.partition("\n")[0] if not letter.isalnum() and letter not in '"\r_'}
    for letter in sorted(letters.difference(DELIMITERS)):
        if len(wanted.intersection(split(text, letter))) > 1:
            known = " ".join("tab" if each == "\t" else each for each in DELIMITERS)
            found = f"the fields are separated by {letter!r}; read are the delimiters {known}"
            raise RefusedError(Finding(code=FileFault.CORRUPT, text=f"{found}; deliver the file with one of them"))


def beginning(path: Path, names: Collection[str] | None = None) -> tuple[str, int]:
    """The first text of a CSV from its header on, and how many lines stand before that. RefusedError without a line.

    `names` are those that a header may have, if they are known.
    """
    with path.open("rb") as file:
        head = file.read(MAX_HEADER_BYTES)
    text = _decoded(head)
    lines = io.StringIO(text, newline="").readlines()
    skipped = preamble.length(lines, names)
    text = "".join(lines[skipped:])
    if not text.strip():
        raise RefusedError(
            Finding(
                code=FileFault.EMPTY_FILE,
                text="the file holds blank lines or comments only; a line must name the columns",
            )
        )
    return text, skipped


def _decoded(head: bytes) -> str:
    """The first bytes of a text file; of its last line there may be more, so that half a letter is left out."""
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError as error:
        if b"\n" in head[: error.start]:  # the header is text; the reader says which line is not
            return _decoded(head[: head.rindex(b"\n", 0, error.start) + 1])
        told = "the file is neither Parquet nor UTF-8 CSV text (its first line cannot be decoded)"
        text = f"{told}; {_OTHER_ENCODING}; else save it as one of them and deliver it again"
        raise RefusedError(Finding(code=FileFault.CORRUPT, text=text)) from error


def _ends(text: str, delimiter: str) -> bool:
    """Whether something follows the first record of a CSV."""
    return len(list(islice(delimited.of_text(text, delimiter), 2))) == 2


def split(text: str, delimiter: str) -> list[str]:
    """The first record of a CSV, trimmed; empty where a field is longer than the csv module reads."""
    try:
        return [name.strip() for name in next(delimited.of_text(text, delimiter), [])]
    except csv.Error:
        return []
