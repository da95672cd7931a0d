"""Scores for whole files: `python -m workloads.inference.batch --model-dir DIR --input PATH --output DIR`.

Reads CSV (with or without a header), JSON lines or Parquet, a file or every such file of a directory, in pieces of
bounded size, and writes for each `<name>.scores.csv` with a header: entity (where given), score, decision. Rows that
break the contract do not stop it: they get an empty score there, and a line in `<name>.faults.jsonl`. A summary is
printed as JSON. Exit code 1 if a file cannot be read, or if more than --max-bad-share of its rows are bad.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import logging
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec

from workloads.inference import logs, settings
from workloads.inference import model as model_module
from workloads.inference.model import Model, ModelError

PIECE_ROWS = 10_000
SUFFIXES = (".csv", ".jsonl", ".parquet")
_log = logging.getLogger(__name__)


class FileError(Exception):
    """A file that cannot be read: which, and why."""


@dataclass
class Summary:
    """What became of one file."""

    file: str
    rows: int = 0
    bad_rows: int = 0
    positives: int = 0

    @property
    def bad_share(self) -> float:
        """Bad rows of all."""
        return self.bad_rows / self.rows if self.rows else 0.0


def score_file(model: Model, path: Path, output: Path) -> Summary:
    """Score one file into the directory `output`. Raises FileError if it cannot be read."""
    summary = Summary(path.name)
    output.mkdir(parents=True, exist_ok=True)
    scores_path, faults_path = (output / f"{path.stem}.{end}" for end in ("scores.csv", "faults.jsonl"))
    with scores_path.open("w", newline="") as scores, faults_path.open("w") as faults:
        writer = csv.writer(scores, lineterminator="\n")
        writer.writerow([model.contract.entity, "score", "decision"])
        rows = _rows(model, path)
        while piece := list(itertools.islice(rows, PIECE_ROWS)):
            for entity, score in _piece(model, piece, summary, faults):
                decision = "" if score is None else int(model.is_positive(score))
                summary.positives += decision == 1
                writer.writerow(["" if entity is None else entity, "" if score is None else repr(score), decision])
    return summary


def _piece(
    model: Model, rows: list[dict[str, Any]], summary: Summary, faults: TextIO
) -> Iterator[tuple[Any, float | None]]:
    """Entity and score of each row; None for a bad one."""
    good: list[dict[str, Any]] = []
    bad: set[int] = set()
    for index, row in enumerate(rows):
        told = model.reader.faults(row)
        if told:
            bad.add(index)
            faults.write(json.dumps({"row": summary.rows + index, "faults": msgspec.to_builtins(told)}) + "\n")
        else:
            good.append(row)
    summary.rows += len(rows)
    summary.bad_rows += len(bad)
    values = model.reader.rows(model.reader.table(good)).values if good else None
    scores = iter(model.predictor.many(values) if values else ())
    for index, row in enumerate(rows):
        yield row.get(model.contract.entity), None if index in bad else next(scores)


def _rows(model: Model, path: Path) -> Iterator[dict[str, Any]]:
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}
    if path.suffix not in readers:
        raise FileError(f"{path}: {path.suffix or 'no suffix'} is found; allowed are {', '.join(SUFFIXES)}")
    try:
        yield from readers[path.suffix](model, path)
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(f"{path}: {error}") from None


def _csv_rows(model: Model, path: Path) -> Iterator[dict[str, Any]]:
    known = {check.name: check for check in (*model.reader.checks, model.reader.entity)}
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        first = next(lines, None)
        if first is None:
            raise ValueError("the file is empty")
        names = [cell.strip() for cell in first]
        rest: Iterable[list[str]] = lines
        if not set(names) & set(known):
            names, rest = [check.name for check in model.reader.checks], itertools.chain([first], lines)
        for cells in rest:
            if len(cells) != len(names):
                yield {"line": f"{len(cells)} cells where {len(names)} are expected"}
            else:
                yield {name: _parsed(known.get(name), cell) for name, cell in zip(names, cells, strict=True)}


def _parsed(check: Any, cell: str) -> Any:
    """The cell's value; as it stands where it is not legal, which the check of the row then tells."""
    try:
        return check.parse(cell) if check else cell
    except ValueError:
        return cell


def _json_rows(model: Model, path: Path) -> Iterator[dict[str, Any]]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError as error:
                    raise ValueError(f"line {number}: {error}") from None


def _parquet_rows(model: Model, path: Path) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ValueError(
            "Parquet needs pyarrow, which is not installed here; convert it to CSV or JSON lines"
        ) from None
    wanted = [check.name for check in (*model.reader.checks, model.reader.entity)]
    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in wanted if name in file.schema_arrow.names]
            for batch in file.iter_batches(PIECE_ROWS, columns=columns):
                yield from map(_without_nan, batch.to_pylist())
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def _files(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    found = sorted(path for path in given.iterdir() if path.suffix in SUFFIXES)
    if not found:
        raise FileError(f"{given} holds no file that ends in {', '.join(SUFFIXES)}")
    return found


def _without_nan(row: dict[str, Any]) -> dict[str, Any]:
    """NaN, which some tools write for missing, as null."""
    return {name: None if value != value else value for name, value in row.items()}


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workloads.inference.batch", description="Scores for whole files.")
    parser.add_argument("--model-dir", type=Path, default=settings.Settings.model_dir)
    parser.add_argument("--input", type=Path, required=True, help="a file, or a directory of them")
    parser.add_argument("--output", type=Path, required=True, help="a directory")
    parser.add_argument("--max-bad-share", type=float, default=0.05)
    parser.add_argument("--threshold", type=float)
    options = parser.parse_args(arguments)
    try:
        model = model_module.load(options.model_dir, threshold=options.threshold, max_rows=PIECE_ROWS)
        summaries = [score_file(model, path, options.output) for path in _files(options.input)]
    except (ModelError, FileError) as error:
        _log.error("%s", error)
        return 1
    print(json.dumps({"model_version": model.version, "files": [asdict(summary) for summary in summaries]}))  # noqa: T201
    refused = [summary.file for summary in summaries if summary.bad_share > options.max_bad_share]
    if refused:
        _log.error("more than %g of the rows are bad in: %s", options.max_bad_share, ", ".join(refused))
    return 1 if refused else 0


if __name__ == "__main__":
    logs.configure()
    sys.exit(main())
