"""The data of a run in two deliveries: what the first model learns from, and what arrives later."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local.loop.platform import LoopError

FIRST_SHARE = 0.7
_PARQUET = b"PAR1"


def split(file: Path, directory: Path) -> tuple[Path, Path]:
    """The first 70 % of the rows of a CSV or Parquet file and the rest, in file order, each as a file of its kind.

    Values are passed on as they stand: judging them is the validation's business. LoopError if there are none.
    """
    if not file.is_file():
        raise LoopError(f"--data: {file} not found; give a CSV or Parquet file")
    directory.mkdir(parents=True, exist_ok=True)
    with file.open("rb") as start:
        parquet = start.read(4) == _PARQUET
    try:
        return _split_parquet(file, directory) if parquet else _split_csv(file, directory)
    except (UnicodeDecodeError, csv.Error, pa.ArrowInvalid) as error:
        raise LoopError(f"--data: {file} cannot be read as CSV in UTF-8 or as Parquet: {error}") from error


def _split_csv(file: Path, directory: Path) -> tuple[Path, Path]:
    with file.open(newline="", encoding="utf-8") as source:
        lines = list(csv.reader(source))
    header, rows = lines[:1], lines[1:]
    if not rows:
        raise LoopError(f"--data: {file} has no rows; the loop needs enough to train a model")
    cut = round(len(rows) * FIRST_SHARE)
    parts = directory / f"1-{file.name}", directory / f"2-{file.name}"
    for path, part in zip(parts, (rows[:cut], rows[cut:]), strict=True):
        with path.open("w", newline="", encoding="utf-8") as target:
            csv.writer(target).writerows([*header, *part])
    return parts


def _split_parquet(file: Path, directory: Path) -> tuple[Path, Path]:
    table = pq.read_table(file)
    cut = round(table.num_rows * FIRST_SHARE)
    parts = directory / f"1-{file.name}", directory / f"2-{file.name}"
    for path, part in zip(parts, (table.slice(0, cut), table.slice(cut)), strict=True):
        pq.write_table(part, path)
    return parts
