"""The data of a run in two deliveries: what the first model learns from, and what arrives later."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts import delimited, encodings, preamble
from contracts.preamble import DELIMITERS
from workloads.validation import packed
from workloads.validation.content import PARQUET_MAGIC
from workloads.validation.verdict import RefusedError

FIRST_SHARE = 0.7
_FIRST_LINES = 100  # among which the header is


class SplitError(ValueError):
    """A file of which no two deliveries can be made: which, why, what to do."""


def split(file: Path, directory: Path, *, encoding: str | None = None) -> tuple[Path, Path]:
    """The first 70 % of the rows of a CSV or Parquet file (plain or packed) and the rest in file order, each as a file.

    What stands in a CSV is passed on as it is, unpacked, in its encoding, which is `encoding` where no byte order mark
    says another; so are values of a Parquet file: judging them is the validation's business. Raises SplitError
    if there are none, and OSError or MemoryError where the machine fails, as a full disk does.
    """
    if not file.is_file():
        found = "is a directory" if file.is_dir() else "not found"
        raise SplitError(f"{file} {found}; give a CSV or Parquet file")
    directory.mkdir(parents=True, exist_ok=True)
    name = file.name.removesuffix(".gz").removesuffix(".zst")
    parts = directory / f"1-{name}", directory / f"2-{name}"
    try:
        content = packed.unpack(file, directory)
        with content.open("rb") as start:
            head = start.read(len(PARQUET_MAGIC))
        used = encodings.of(head, encoding)
        rows = _split_parquet(content, parts) if head == PARQUET_MAGIC else _split_csv(content, parts, used)
    except RefusedError as refusal:
        raise SplitError(f"{file}: {refusal}") from refusal
    except MemoryError:  # pyarrow's too
        raise
    except (UnicodeError, csv.Error, pa.ArrowException) as error:
        raise SplitError(f"{file} cannot be read as CSV in {encoding or 'UTF-8'} or as Parquet: {error}") from error
    if not rows:
        raise SplitError(f"{file} has no rows; the loop needs enough to train a model")
    return parts


def _split_csv(file: Path, parts: tuple[Path, Path], encoding: str) -> int:
    """Rows in both parts; without any nothing is written."""
    rows = max(0, sum(1 for _ in _records(file, encoding)) - 1)
    if not rows:
        return 0
    records = _records(file, encoding)
    header, cut = next(records), round(rows * FIRST_SHARE)
    with ExitStack() as stack:
        first, rest = (stack.enter_context(path.open("w", newline="", encoding=encoding)) for path in parts)
        for target in (first, rest):
            target.write(header if header.endswith(("\n", "\r")) else header + "\n")
        for number, record in enumerate(records):
            (first if number < cut else rest).write(record)
    return rows


def _records(file: Path, encoding: str) -> Iterator[str]:
    """The text of each record, its line ends (a quoted value may hold some) included, the header first.

    Blank lines are left out, as what stands before the header is.
    """
    with file.open(newline="", encoding=encoding) as source:
        before = preamble.length(list(itertools.islice(source, _FIRST_LINES)), None)
        source.seek(0)
        header = next(itertools.islice(source, before, None), "")
        source.seek(0)
        for _ in range(before):
            next(source)
        lines: list[str] = []

        def remembered() -> Iterator[str]:
            for line in source:
                lines.append(line)
                yield line

        for record in delimited.records(remembered(), max(DELIMITERS, key=header.count)):
            if record:
                yield "".join(lines)
            lines.clear()


def _split_parquet(file: Path, parts: tuple[Path, Path]) -> int:
    """As `_split_csv`, of a table as it is."""
    try:
        with pq.ParquetFile(file) as source:
            table = source.read()
    except OSError as error:
        if error.errno is not None:  # of the machine; how pyarrow calls some damage has none
            raise
        raise pa.ArrowInvalid(str(error)) from error
    cut = round(table.num_rows * FIRST_SHARE)
    for path, part in zip(parts, (table.slice(0, cut), table.slice(cut)), strict=True):
        pq.write_table(part, path)
    return table.num_rows
