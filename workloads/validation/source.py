"""One delivered file as a duckdb scan: its format by content, its columns by name, and what is wrong with either."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.schema import Contract
from workloads.engine import identifier, literal
from workloads.validation.verdict import FileFault, Finding, RefusedError

PARQUET_MAGIC = b"PAR1"
GZIP_MAGIC = b"\x1f\x8b"
DELIMITERS = ",;\t|"
MAX_HEADER_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that has every column of the contract.

    `scan` is SQL that stands after FROM and yields a column a contract column, called c0, c1 ... in contract order;
    `types` are their duckdb types. `extra` are delivered columns that the contract does not know.
    """

    path: Path
    scan: str
    types: tuple[str, ...]
    extra: tuple[str, ...]


def open_source(connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> Source:
    """The file at `path`, CSV (plain or gzip, UTF-8, any of the delimiters , ; tab |) or Parquet, told by its content.

    Raises RefusedError when it is empty, is neither, cannot be read, or lacks or repeats a column.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if not magic:
        raise RefusedError(
            Finding(code=FileFault.EMPTY_FILE, text="the file has 0 bytes; deliver it again with its rows")
        )
    if magic == PARQUET_MAGIC:
        return _parquet(connection, path, contract)
    if path.suffix == ".parquet":
        text = f"the file is called .parquet but begins with {magic!r} instead of {PARQUET_MAGIC!r}; deliver it again"
        raise RefusedError(Finding(code=FileFault.CORRUPT, text=text))
    return _csv(path, contract, compressed=magic.startswith(GZIP_MAGIC))


def unreadable(error: duckdb.Error, path: Path) -> RefusedError:
    """`error`, raised while `path` was read, as a refusal; raised again when the file is not to blame.

    Content of the file is left out of the text, which travels further than the quarantined file does.
    """
    message = str(error)
    in_file = isinstance(error, duckdb.IOException) and path.name in message
    blames_file = in_file or isinstance(error, duckdb.InvalidInputException)
    if not blames_file:
        raise error
    line = re.search(r"CSV Error on Line: (\d+)", message)
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if line and counts:
        found = f"line {line[1]} has {counts[2]} fields, the header has {counts[1]}"
        what = f"{found}: a field is missing or holds a bare delimiter"
    elif "unicode" in message:
        what = f"line {line[1] if line else '?'} is not UTF-8 text"
    elif "unterminated quote" in message:
        what = f"a quoted value that begins in line {line[1] if line else '?'} does not end"
    elif line:
        what = f"the CSV reader cannot go on at line {line[1]}"
    else:
        what = message.splitlines()[0].removeprefix("Invalid Input Error: ").replace(str(path), path.name)
    return RefusedError(Finding(code=FileFault.CORRUPT, text=f"{what}; repair or deliver the whole file again"))


def _parquet(connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> Source:
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        what = str(error).splitlines()[0].partition(": ")[0]
        text = f"the Parquet file is cut off or damaged ({what}); deliver it again"
        raise RefusedError(Finding(code=FileFault.CORRUPT, text=text)) from error
    _check_names(names, contract)
    columns = [f"{identifier(c.name)} AS c{index}" for index, c in enumerate(contract.columns)]
    scan = f"(SELECT {', '.join(columns)} FROM read_parquet({literal(path)}))"  # noqa: S608  quoted by engine
    try:
        types = tuple(str(kind) for kind in connection.sql(f"FROM {scan}").types)
    except duckdb.Error as error:
        raise unreadable(error, path) from error
    return Source(path=path, scan=scan, types=types, extra=_extra(names, contract))


def _csv(path: Path, contract: Contract, *, compressed: bool) -> Source:
    delimiter, names = _header(path, contract, compressed=compressed)
    _check_names(names, contract)
    # The reader numbers the columns by their position in the file, so that no name can clash or be mangled.
    columns = ", ".join(f"'f{index}': 'VARCHAR'" for index in range(len(names)))
    options = (
        "auto_detect = false, header = true, quote = '\"', escape = '\"', strict_mode = true, "
        f"delim = {literal(delimiter)}, columns = {{{columns}}}, compression = '{'gzip' if compressed else 'none'}'"
    )
    wanted = [f"f{names.index(c.name)} AS c{index}" for index, c in enumerate(contract.columns)]
    scan = f"(SELECT {', '.join(wanted)} FROM read_csv({literal(path)}, {options}))"  # noqa: S608  quoted by engine
    return Source(path=path, scan=scan, types=("VARCHAR",) * len(wanted), extra=_extra(names, contract))


def _header(path: Path, contract: Contract, *, compressed: bool) -> tuple[str, list[str]]:
    """Delimiter and column names of a CSV: the delimiter is the one that finds most of the contract's columns."""
    try:
        with gzip.open(path) if compressed else path.open("rb") as file:
            head = file.readline(MAX_HEADER_BYTES)
        text = head.decode("utf-8-sig")
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        kind = "gzip" if compressed and not isinstance(error, UnicodeDecodeError) else "UTF-8 CSV"
        text = (
            f"the file is neither Parquet nor readable {kind} text (its first line cannot be decoded); deliver it again"
        )
        raise RefusedError(Finding(code=FileFault.CORRUPT, text=text)) from error
    if not text.strip():
        raise RefusedError(
            Finding(code=FileFault.EMPTY_FILE, text="the file's first line is blank; it must name the columns")
        )
    wanted = {column.name for column in contract.columns}
    headers = {delimiter: _split(text, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: len(wanted.intersection(headers[delimiter])))
    return best, headers[best]


def _split(line: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader(io.StringIO(line), delimiter=delimiter), [])]


def _check_names(names: Sequence[str], contract: Contract) -> None:
    # duckdb compares names without case, so two that differ only in case are two of the same to everything downstream
    folded = [name.casefold() for name in names]
    repeated = sorted({name for name in names if name and folded.count(name.casefold()) > 1})
    findings: list[Finding] = []
    if repeated:
        text = f"column {_quoted(repeated)} occurs more than once in the header; give each column one name"
        findings.append(Finding(code=FileFault.DUPLICATE_COLUMN, text=text))
    for column in contract.columns:
        if column.name not in names:
            close = difflib.get_close_matches(column.name, names, n=1, cutoff=0.75)
            hint = f" ({close[0]!r} is near)" if close else ""
            text = f"column {column.name!r} is missing{hint}; the file has {_quoted(names)}"
            findings.append(
                Finding(code=FileFault.MISSING_COLUMN, text=f"{text}; deliver it with every column of the contract")
            )
    if findings:
        raise RefusedError(*findings)


def _extra(names: Iterable[str], contract: Contract) -> tuple[str, ...]:
    known = {column.name for column in contract.columns}
    return tuple(name for name in names if name not in known)


def _quoted(names: Sequence[str], most: int = 30) -> str:
    shown = ", ".join(repr(name[:100]) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
