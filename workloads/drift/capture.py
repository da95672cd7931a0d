"""What an endpoint was asked and answered, from SageMaker's data capture: JSON lines, each one request and its answer.

A record is {"captureData": {"endpointInput": {"data", "encoding", ...}, "endpointOutput": {...}}, "eventMetadata":
{"inferenceTime", ...}}, its data being text (encoding JSON or CSV) or base64 (SageMaker developer guide, "Capture
data from a real-time endpoint"). Requests are read by the reader of the inference service, so that what it answered can
be read here. What cannot be is counted with its reason, never silently left out.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts import delimited
from contracts.schema import Contract
from workloads import tasks
from workloads.drift.histogram import OTHER
from workloads.features.categories import Lists
from workloads.inference import bodies
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.inference.rows import Raw, Values
from workloads.inference.writer import CSV
from workloads.tasks import Strategy

MAX_ROWS = 10**9  # of one request; the service had its own limit
BATCH_ROWS = 50_000


@dataclass(frozen=True, kw_only=True)
class Window:
    """The inferences to look at: from `since` (inclusive) to `until` (exclusive), either open."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` (with time zone) is in it."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def hours(self) -> list[str]:
        """The hours it touches, in order, as data capture names their directories: yyyy/mm/dd/hh in UTC.

        An endpoint writes to `<DestinationS3Uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/` (SageMaker developer guide,
        "Capture data from a real-time endpoint"). ValueError for a window that is open at an end.
        """
        if self.since is None or self.until is None:
            raise ValueError(f"window: found {self.since} to {self.until}; allowed: a beginning and an end")
        hour = self.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        found: list[str] = []
        while hour < self.until:
            found.append(hour.strftime("%Y/%m/%d/%H"))
            hour += timedelta(hours=1)
        return found


@dataclass(kw_only=True)
class Captured:
    """Features (float64, NaN missing) and scores (of any task: its watched number) of the rows read, and what was not.

    `scores` is NaN where the answer was not captured or has none. `unreadable` counts records a reason.
    """

    features: dict[str, NDArray[np.float64]]
    scores: NDArray[np.float64]
    records: int = 0
    outside_window: int = 0
    unreadable: Counter[str] = field(default_factory=Counter[str])
    first: datetime | None = None
    last: datetime | None = None

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return self.scores.size


class _RecordError(ValueError):
    """A record that cannot be read; the message is a short reason that many records share."""


def read(
    lines: Iterable[str | bytes], contract: Contract, window: Window | None = None, lists: Lists | None = None
) -> Captured:
    """Everything in `lines`, the lines of one or more capture files, blank ones ignored.

    Categories are positions in `lists`, a text that is in none of them is `OTHER`.
    """
    window = window or Window()
    reader, task = Reader(contract, max_rows=MAX_ROWS, lists=lists, unknown=OTHER), tasks.of(contract)
    captured = Captured(features={}, scores=np.empty(0))
    batches: list[NDArray[np.float64]] = []
    scores: list[float] = []
    rows: list[Values] = []
    for line in lines:
        if not line.strip():
            continue
        captured.records += 1
        try:
            moment, found, answered = _record(line, reader, task)
        except _RecordError as error:
            captured.unreadable[str(error)] += 1
            continue
        if not window.holds(moment):
            captured.outside_window += 1
            continue
        captured.first = min(captured.first or moment, moment)
        captured.last = max(captured.last or moment, moment)
        rows += found.values
        scores += answered
        if len(rows) >= BATCH_ROWS:
            batches.append(_features(rows, reader, contract))
            rows = []
    batches.append(_features(rows, reader, contract))
    captured.features = dict(zip(contract.feature_names, np.concatenate(batches).T, strict=True))
    captured.scores = np.asarray(scores, dtype=np.float64)
    return captured


def _features(rows: list[Values], reader: Reader, contract: Contract) -> NDArray[np.float64]:
    """The features (rows, features) as the service computes them."""
    return np.array(reader.rows(Raw(rows, None)).values).reshape(-1, len(contract.features))


def _record(line: str | bytes, reader: Reader, task: Strategy) -> tuple[datetime, Raw, list[float]]:
    """When, the rows asked, and as many scores (NaN where there is none)."""
    try:
        record = json.loads(line)
        data = record["captureData"]
        moment = datetime.fromisoformat(record["eventMetadata"]["inferenceTime"])
        asked = _body(data["endpointInput"])
        answered = _body(data["endpointOutput"]) if data.get("endpointOutput") else None
    except _RecordError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _RecordError("not a data-capture record with an input") from error
    rows = _rows(*asked, reader)
    scores = _scores(*answered, task) if answered else []
    if scores and len(scores) != len(rows.values):
        raise _RecordError("the answer has another number of rows than the request")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), rows, scores or [math.nan] * len(rows.values)


def _body(part: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The bytes of a request or an answer, and their content type: of a text that was captured as such, UTF-8."""
    text, encoding = part["data"], part["encoding"]
    if not isinstance(text, str):
        raise TypeError(text)
    try:
        body = base64.b64decode(text, validate=True) if encoding == "BASE64" else text.encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _RecordError("data is not the text or base64 it is said to be") from error
    observed = part.get("observedContentType") or {"CSV": "text/csv"}.get(encoding, "application/json")
    decoded = "" if encoding == "BASE64" or "charset" in observed.lower() else "; charset=utf-8"
    return body, f"{observed}{decoded}".encode()


def _rows(body: bytes, content_type: bytes, reader: Reader) -> Raw:
    """The rows of a request. What is told of a fault is the rule and not the value, which may be anybody's."""
    try:
        kind, header, is_utf_8 = bodies.media_type(content_type)
        return bodies.read(reader, kind, header, body, is_utf_8=is_utf_8)
    except Refused as refusal:
        fault = refusal.faults[0] if refusal.faults else None
        if fault is None:
            raise _RecordError(f"the request is refused: {refusal.code.replace('_', ' ')}") from refusal
        if fault.field is None:
            raise _RecordError(f"the request has rows of another form than {fault.allowed}") from refusal
        field = fault.field if fault.field in reader.columns.known else "an unknown column"
        raise _RecordError(f"the request has a value of {field} that is not {fault.allowed}") from refusal


def _scores(body: bytes, content_type: bytes, task: Strategy) -> list[float]:
    """The watched number of each answer: of a CSV line, or of a JSON prediction."""
    try:
        if bodies.media_type(content_type)[0] == CSV:
            return [task.watched_line(cells) for cells in delimited.of_text(body.decode()) if cells]
        document = json.loads(body)
        return [task.watched(item) for item in document.get("predictions", [document])]
    except (Refused, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, csv.Error) as error:
        raise _RecordError("the answer has no scores") from error
