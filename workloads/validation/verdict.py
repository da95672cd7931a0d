"""What validation says about one delivered object."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workloads.validation.summary import Summary


class Status(StrEnum):
    """What becomes of the object: its good rows are used, none is, or a person decides. `duplicate`: judged before."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    HELD = "held"
    DUPLICATE = "duplicate"


class RowFault(StrEnum):
    """Why a row is quarantined."""

    NULL = "null"
    WRONG_TYPE = "wrong_type"
    BAD_TIMESTAMP = "bad_timestamp"
    NOT_FINITE = "not_finite"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    NOT_ALLOWED = "not_allowed"
    LATE_EVENT = "late_event"
    FUTURE_EVENT = "future_event"
    DUPLICATE_ROW = "duplicate_row"
    CONFLICTING_ROWS = "conflicting_rows"


class FileFault(StrEnum):
    """Why a whole file is refused (all but the last two) or held for a person (the last two)."""

    EMPTY_FILE = "empty_file"
    NO_ROWS = "no_rows"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    DUPLICATE_COLUMN = "duplicate_column"
    MISSING_COLUMN = "missing_column"
    WRONG_TYPE = "wrong_type"
    TOO_MANY_BAD_ROWS = "too_many_bad_rows"
    LABEL_RATE_JUMP = "label_rate_jump"
    MEAN_JUMP = "mean_jump"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault of a file as a whole: `text` says what was found, what is allowed and what to do."""

    code: FileFault
    text: str


@dataclass(frozen=True, kw_only=True)
class ColumnFault:
    """The rows with one fault in one column: how many, and of the first its number in the file and what is wrong.

    `example` repeats the value, except in a column that identifies a person. `column` is None of repeated rows.
    """

    column: str | None
    code: RowFault
    rows: int
    first_row: int
    example: str


class RefusedError(Exception):
    """The file cannot be used at all; carries every finding. Turned into a verdict by `validate`."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(finding.text for finding in findings))
        self.findings = findings


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement of one object.

    `rows_in == accepted + quarantined` always holds; both are 0 when a file is too broken to count its rows. With
    status `held`, `accepted` counts the good rows that wait for a person. `reasons` counts rows a row-fault code; a
    row with two faults counts under both; `faults` has them by column, most rows first. `duplicate_of` is the status
    of the first delivery when this one is a duplicate.
    """

    status: Status
    object_sha256: str
    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    faults: tuple[ColumnFault, ...] = ()
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    summary: Summary | None = None
    duplicate_of: Status | None = None

    def __post_init__(self) -> None:
        if self.rows_in != self.accepted + self.quarantined:
            raise ValueError(
                f"{self.rows_in} rows came in, but {self.accepted} accepted and {self.quarantined} quarantined rows "
                "do not add up to that"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))


def from_dict(value: Mapping[str, Any]) -> Verdict:
    """The inverse of `Verdict.to_dict`; keys that a verdict does not have are ignored."""
    known = {f.name: value[f.name] for f in dataclasses.fields(Verdict) if f.name in value}
    known["status"] = Status(known["status"])
    known["findings"] = tuple(Finding(code=FileFault(f["code"]), text=f["text"]) for f in known.get("findings", ()))
    known["faults"] = tuple(ColumnFault(**f | {"code": RowFault(f["code"])}) for f in known.get("faults", ()))
    known["warnings"] = tuple(known.get("warnings", ()))
    if known.get("summary") is not None:
        known["summary"] = Summary.from_dict(known["summary"])
    if known.get("duplicate_of") is not None:
        known["duplicate_of"] = Status(known["duplicate_of"])
    return Verdict(**known)
