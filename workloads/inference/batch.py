"""Scores for whole files: `python -m workloads.inference.batch --model-dir DIR --input PATH --output DIR`.

Reads CSV (with or without a header), JSON lines or Parquet, each also in gzip or zstd and told by its content, in
pieces of bounded size: a file, or all of a directory that are called so or begin with columns of the contract. Others
are named in the summary (`skipped`) and in a warning. For each it writes `<name>.scores.csv` with a header: entity
(where given), and what the task answers, such as score and decision.
The file that the model was trained on is such a file: columns that are no inputs are left out, as the service does.
Rows that break the contract do not stop it: they get an empty score there, and a line in `<name>.faults.jsonl`. A
summary is printed as JSON. A file that cannot be read, or has more bad rows than --max-bad-share, is wrong input.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import msgspec

from workloads import job
from workloads.inference import files, settings
from workloads.inference import model as model_module
from workloads.inference.files import FileError, Row
from workloads.inference.model import Model, ModelError
from workloads.inference.reader import Reader
from workloads.inference.rows import Entity, Raw
from workloads.tasks.strategy import Output

PIECE_ROWS = 10_000
_log = logging.getLogger(__name__)


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
    """Score one file into `output`, where both files appear whole or not at all. FileError if it cannot be read."""
    summary = Summary(path.name)
    output.mkdir(parents=True, exist_ok=True)
    names = [f"{files.stem(path)}.{end}" for end in ("scores.csv", "faults.jsonl")]
    for name in names:
        (output / name).unlink(missing_ok=True)  # of a run before this one
    with tempfile.TemporaryDirectory(dir=output) as scratch:
        made = [Path(scratch) / name for name in names]
        with made[0].open("w", newline="") as scores, made[1].open("w") as faults:
            _write(model, files.rows(model.reader, path), summary, scores, faults)
        for one in made:
            one.replace(output / one.name)
    return summary


def _write(model: Model, rows: Iterator[Row], summary: Summary, scores: TextIO, faults: TextIO) -> None:
    writer = csv.writer(scores, lineterminator="\n")
    writer.writerow([model.contract.entity, *model.task.header])
    no_answer = ("",) * len(model.task.header)
    while piece := list(itertools.islice(rows, PIECE_ROWS)):
        for entity, answer in _piece(model, piece, summary, faults):
            decision = None if answer is None else model.task.decide(answer)
            summary.positives += decision is True
            cells = no_answer if answer is None else model.task.cells(answer, decision)
            writer.writerow(["" if entity is None else entity, *cells])


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


def _chosen(reader: Reader, given: Path) -> tuple[list[Path], list[str]]:
    """The files to be scored, and the names of what else lies in a directory: what is not called a table and is none.

    FileError if there is none, or if two would have one name of their scores.
    """
    if not given.is_dir():
        return [given], []
    found, skipped = list[Path](), list[str]()
    for path in sorted(given.iterdir()):
        is_chosen = path.is_file() and (files.is_called_table(path) or _is_table(reader, path))
        found.append(path) if is_chosen else skipped.append(path.name)
    if not found:
        beside = f", and {', '.join(skipped)} begins with no column of the contract" if skipped else ""
        raise FileError(f"{given} holds no file that ends in {', '.join(files.SUFFIXES)}{beside}")
    for one, other in itertools.pairwise(sorted(found, key=files.stem)):
        if files.stem(one) == files.stem(other):
            raise FileError(f"{one} and {other} would both be scored into {files.stem(one)}.scores.csv; rename one")
    if skipped:
        _log.warning("left out, for they are not called a table and begin with no column: %s", ", ".join(skipped))
    return found, skipped


def _is_table(reader: Reader, path: Path) -> bool:
    """Whether a file of another name is one; of what cannot be read it is the name that counts."""
    try:
        return files.is_table(reader, path)
    except FileError:
        return False


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
    chosen, skipped = _chosen(model.reader, options.input)
    summaries = [score_file(model, path, options.output) for path in chosen]
    told = {"model_version": model.version, "files": [asdict(summary) for summary in summaries], "skipped": skipped}
    print(json.dumps(told))  # noqa: T201
    if refused := [summary.file for summary in summaries if summary.bad_share > options.max_bad_share]:
        raise job.UserError(f"more than {options.max_bad_share:g} of the rows are bad in: {', '.join(refused)}")
    return job.Outcome(message=f"scored {len(summaries)} files")


if __name__ == "__main__":
    job.leave(main())
