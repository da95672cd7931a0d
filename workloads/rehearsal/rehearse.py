"""Contract and file through validation and ETL, as the loop would take them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.schema import Contract
from workloads.etl import embedded
from workloads.etl.errors import EtlError
from workloads.rehearsal.split import split
from workloads.validation import Status, Verdict, validate

#: Hashes of a rehearsal are compared with nothing and kept nowhere.
_SALT_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What became of both deliveries, and rows and positives of each part of the first one's data set.

    `faults` are what would end a run: without any, there is something to train on.
    """

    first: Verdict
    second: Verdict
    parts: Mapping[str, Mapping[str, int]]
    faults: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The outcome for people."""
        yield from _told("first delivery", self.first)
        for part, count in self.parts.items():
            yield f"  {part}: {count['rows']} rows, {count['positives']} of them positive"
        yield from _told("second delivery, held out until the first model is live", self.second, self.first.rows_in)


def rehearse(file: Path, contract: Contract, *, now: datetime) -> Rehearsal:
    """Validate `file` (CSV or Parquet) in the two deliveries of a run and make a data set of the first.

    Raises SplitError for a file that is not there, has no rows or cannot be read at all.
    """
    with tempfile.TemporaryDirectory() as name:
        directory, salt = Path(name), os.urandom(_SALT_BYTES)
        first_file, second_file = split(file, directory / "deliveries")
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
) -> tuple[Mapping[str, Mapping[str, int]], tuple[str, ...]]:
    (accepted / "quarantine.parquet").unlink(missing_ok=True)
    try:
        return embedded.run(accepted, contract, directory / "data")["splits"], ()
    except EtlError as error:
        return {}, (str(error),)


def _told(name: str, verdict: Verdict, before: int = 0) -> Iterator[str]:
    """A verdict in lines; `before` rows of the file are in the other delivery."""
    counts = f"{verdict.accepted} good, {verdict.quarantined} quarantined"
    yield f"{name}: {verdict.rows_in} rows: {verdict.status}, {counts}"
    for fault in verdict.faults:
        where = f"column {fault.column}, " if fault.column else ""
        yield f"  {where}{fault.code}: {fault.rows} rows; the first is row {before + fault.first_row}: {fault.example}"
    yield from (f"  {finding.code}: {finding.text}" for finding in verdict.findings)
    yield from (f"  warning: {warning}" for warning in verdict.warnings)
