"""Scores for whole files: `python -m workloads.inference.batch --model-dir DIR --input PATH --output DIR`.

Reads CSV (with or without a header, also in gzip or zstd), JSON lines or Parquet, a file or every such file of a
directory, in pieces of bounded size, and writes for each `<name>.scores.csv` with a header: entity (where given), and
what the task answers, such as score and decision.
The file that the model was trained on is such a file: columns that are no inputs are left out, as the service does.
Rows that break the contract do not stop it: they get an empty score there, and a line in `<name>.faults.jsonl`. A
summary is printed as JSON. A file that cannot be read, or has more bad rows than --max-bad-share, is wrong input.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import itertools
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import msgspec

from contracts import encodings, preamble
from workloads import job
from workloads.inference import columnar, settings
from workloads.inference import model as model_module
from workloads.inference.checks import Check
from workloads.inference.errors import Fault, Refused
from workloads.inference.model import Model, ModelError
from workloads.inference.reader import Reader
from workloads.inference.rows import Entity, Raw, Values
from workloads.tasks.strategy import Output

PIECE_ROWS = 10_000
MAX_LINE = 2_000_000  # letters, as validation allows
MAX_BEFORE = 1000  # lines before the header
SUFFIXES = (".csv", ".jsonl", ".parquet")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
#: How Python calls an encoding of which a byte order mark is left out.
_SIGNED = {encodings.UTF_8: "utf-8-sig"}


class FileError(job.UserError):
    """A file that cannot be read: which, and why."""


class Row(NamedTuple):
    """One row of a file: the contract's inputs in order and the entity, or what is wrong with it."""

    values: Values
    entity: Entity
    faults: list[Fault]


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
    scores_path, faults_path = (output / f"{_name(path).stem}.{end}" for end in ("scores.csv", "faults.jsonl"))
    with scores_path.open("w", newline="") as scores, faults_path.open("w") as faults:
        writer = csv.writer(scores, lineterminator="\n")
        writer.writerow([model.contract.entity, *model.task.header])
        no_answer = ("",) * len(model.task.header)
        rows = _rows(model.reader, path)
        while piece := list(itertools.islice(rows, PIECE_ROWS)):
            for entity, answer in _piece(model, piece, summary, faults):
                decision = None if answer is None else model.task.decide(answer)
                summary.positives += decision is True
                cells = no_answer if answer is None else model.task.cells(answer, decision)
                writer.writerow(["" if entity is None else entity, *cells])
    return summary


def _piece(model: Model, rows: list[Row], summary: Summary, faults: TextIO) -> Iterator[tuple[Entity, Output | None]]:
    """Entity and output of each row; None for a bad one."""
    for index, row in enumerate(rows, summary.rows):
        if row.faults:
            summary.bad_rows += 1
            faults.write(json.dumps({"row": index, "faults": msgspec.to_builtins(row.faults)}) + "\n")
    summary.rows += len(rows)
    good = [row.values for row in rows if not row.faults]
    outputs = iter(model.predict(model.reader.rows(Raw(good, None)).values) if good else ())
    for row in rows:
        yield row.entity, None if row.faults else next(outputs)


def _rows(reader: Reader, path: Path) -> Iterator[Row]:
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}
    kind = _name(path).suffix
    if kind not in readers:
        raise FileError(f"{path}: {kind or 'no suffix'} is found; allowed are {', '.join(SUFFIXES)}")
    try:
        yield from readers[kind](reader, path)
    except Refused as refusal:
        raise FileError(f"{path}: {refusal.message}") from None
    except (OSError, EOFError, zlib.error, ValueError, csv.Error) as error:
        raise FileError(f"{path}: {error}") from None


def _name(path: Path) -> Path:
    """The file's name without what says that it is compressed."""
    return Path(path.name.removesuffix(".gz").removesuffix(".zst"))


def _csv_rows(reader: Reader, path: Path) -> Iterator[Row]:
    with _open(path) as start:
        encoding = encodings.of(start.read(4), reader.encoding)
    with _open(path) as content, io.TextIOWrapper(content, _SIGNED.get(encoding, encoding), newline="") as file:
        texts, before = _lines(file), list[str]()
        names = reader.columns.names
        while (first := next(texts, "")) and len(before) < MAX_BEFORE and preamble.stands_before(first, names):
            before.append(first)
        if not first and not before:
            raise ValueError("the file is empty")
        layout = reader.by_line.header(first.rstrip("\r\n"))
        # what stands before no header are rows, of which the first text may begin with #
        rest = texts if layout else itertools.chain([*before, first], texts)
        skipped, layout = (len(before) + 1, layout) if layout else (0, reader.by_line.bare)
        lines = csv.reader(rest, strict=True, delimiter=layout.delimiter)
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


def _open(path: Path) -> Any:
    """What a file holds, gzip and zstd unpacked, as a stream of bytes."""
    with path.open("rb") as start:
        head = start.read(4)
    if head.startswith(_GZIP):
        return gzip.open(path)
    if head != _ZSTD:
        return path.open("rb")
    try:
        import pyarrow as pa
    except ImportError:
        raise ValueError("zstd needs pyarrow, which is not installed here; unpack it, or use gzip") from None
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a text, none of which may be so long that a small compressed file fills the memory."""
    for number in itertools.count(1):
        try:
            line = file.readline(MAX_LINE)
        except UnicodeDecodeError:  # it is decoded in pieces, of some hundred lines at the most
            raise ValueError(
                f"after line {number - 1} there is a byte that is no text in {file.encoding.removesuffix('-sig')}"
            ) from None
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            raise ValueError(f"line {number} is longer than {MAX_LINE} letters, which is the most allowed")
        if not line:
            return
        yield line


def _json_rows(reader: Reader, path: Path) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    row = decoder.decode(line)
                except msgspec.DecodeError as error:
                    raise ValueError(f"line {number}: {error}") from None
                faults: list[Fault] = []
                yield Row(*reader.record(row, Check.from_json, faults), faults)


def _parquet_rows(reader: Reader, path: Path) -> Iterator[Row]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ValueError(
            "Parquet needs pyarrow, which is not installed here; convert it to CSV or JSON lines"
        ) from None
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for row in columnar.rows_of(file, reader, most_bytes=float("inf")):
                faults: list[Fault] = []
                yield Row(*reader.record(row, Check.from_typed, faults), faults)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def _files(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    found = sorted(path for path in given.iterdir() if _name(path).suffix in SUFFIXES)
    if not found:
        raise FileError(f"{given} holds no file that ends in {', '.join(SUFFIXES)}")
    for one, other in itertools.pairwise(sorted(found, key=lambda path: _name(path).stem)):
        if _name(one).stem == _name(other).stem:
            raise FileError(f"{one} and {other} would both be scored into {_name(one).stem}.scores.csv; rename one")
    return found


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model-dir", type=Path, default=settings.Settings.model_dir)
    parser.add_argument("--input", type=Path, required=True, help="a file, or a directory of them")
    parser.add_argument("--output", type=Path, required=True, help="a directory")
    parser.add_argument("--max-bad-share", type=float, default=0.05)
    parser.add_argument("--threshold", type=settings.threshold)


@job.entry("inference.batch", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Score the files and print the summary."""
    try:
        model = model_module.load(options.model_dir, threshold=options.threshold, max_rows=PIECE_ROWS)
    except ModelError as error:
        raise job.UserError(str(error)) from error
    summaries = [score_file(model, path, options.output) for path in _files(options.input)]
    print(json.dumps({"model_version": model.version, "files": [asdict(summary) for summary in summaries]}))  # noqa: T201
    if refused := [summary.file for summary in summaries if summary.bad_share > options.max_bad_share]:
        raise job.UserError(f"more than {options.max_bad_share:g} of the rows are bad in: {', '.join(refused)}")
    return job.Outcome(message=f"scored {len(summaries)} files")


if __name__ == "__main__":
    job.leave(main())
