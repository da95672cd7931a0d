"""Contract and file through validation and ETL, as the loop would take them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.schema import Contract
from workloads.etl import embedded
from workloads.job import UserError
from workloads.rehearsal.split import SplitError, split
from workloads.training import lists
from workloads.validation import Status, Verdict, validate

#: Hashes of a rehearsal are compared with nothing and kept nowhere.
_SALT_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What became of both deliveries, and rows and labels of each part of the first one's data set.

    `faults` are what would end a run: without any, there is something to train on.
    """

    first: Verdict
    second: Verdict
    parts: Mapping[str, Mapping[str, Any]]
    faults: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The outcome for people."""
        yield from _told("first delivery", self.first)
        for part, count in self.parts.items():
            yield f"  {part}: {_rows(count['rows'])}{_labels(count)}"
        yield from _told("second delivery, held out until the first model is live", self.second, self.first.rows_in)


def rehearse(file: Path, contract: Contract, *, now: datetime) -> Rehearsal:
    """Validate `file` (CSV or Parquet) in the two deliveries of a run and make a data set of the first.

    Raises SplitError for a file that is not there or cannot be read at all, in the words of validation where it has
    some.
    """
    with tempfile.TemporaryDirectory() as name:
        directory, salt = Path(name), os.urandom(_SALT_BYTES)
        try:
            first_file, second_file = split(file, directory / "deliveries", encoding=contract.encoding)
        except SplitError as error:
            if not file.is_file():
                raise
            whole = validate(file, contract, output=directory / "whole", now=now, delivered=now, salt=salt)
            reasons = "; ".join(finding.text for finding in whole.findings)
            raise SplitError(f"{file}: {reasons}" if reasons else str(error)) from error
        accepted = directory / "accepted"
        first = validate(first_file, contract, output=accepted, now=now, delivered=now, salt=salt)
        parts, faults = _data_set(accepted, contract, directory) if first.status is Status.ACCEPTED else ({}, ())
        second = validate(
            second_file,
            contract,
            output=directory / "second",
            now=now,
            delivered=now,
            previous=first.summary,
            salt=salt,
        )
    found = tuple(finding.text for finding in first.findings)
    return Rehearsal(first=first, second=second, parts=parts, faults=found + faults)


def _data_set(
    accepted: Path, contract: Contract, directory: Path
) -> tuple[Mapping[str, Mapping[str, Any]], tuple[str, ...]]:
    (accepted / "quarantine.parquet").unlink(missing_ok=True)
    try:
        parts = embedded.run(accepted, contract, directory / "data")["splits"]
        lists.learned(directory / "data" / "train", contract)
    except UserError as error:
        return {}, (str(error),)
    return parts, ()


def _labels(count: Mapping[str, Any]) -> str:
    """What the manifest says of the labels of a part."""
    if "positives" in count:
        return f", {count['positives']} of them positive"
    return "".join(f", {rows} of {name}" for name, rows in count.get("classes", {}).items())


def _told(name: str, verdict: Verdict, before: int = 0) -> Iterator[str]:
    """A verdict in lines; `before` rows of the file are in the other delivery."""
    counts = f"{verdict.accepted} good, {verdict.quarantined} quarantined"
    yield f"{name}: {_rows(verdict.rows_in)}: {verdict.status}, {counts}"
    for fault in verdict.faults:
        where = f"column {fault.column}, " if fault.column else ""
        first = f"the first is row {before + fault.first_row}: {fault.example}"
        yield f"  {where}{fault.code}: {_rows(fault.rows)}; {first}"
    yield from (f"  {finding.code}: {finding.text}" for finding in verdict.findings)
    yield from (f"  warning: {warning}" for warning in verdict.warnings)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
