"""What an endpoint was asked and answered, from SageMaker's data capture: JSON lines, each one request and its answer.

A record is {"captureData": {"endpointInput": {"data", "encoding", ...}, "endpointOutput": {...}}, "eventMetadata":
{"inferenceTime", ...}}, its data being text (encoding JSON or CSV) or base64 (SageMaker developer guide, "Capture
data from a real-time endpoint"). Requests and answers have the forms of our inference service. What cannot be read is
counted with its reason, never silently left out.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contracts.schema import Column, ColumnType, Contract
from workloads.features.frame import with_features

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.STRING: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.TIMESTAMP: pa.timestamp("us", "UTC"),
}
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
    """Features (float64, NaN missing) and scores of the rows that were read, and what was not.

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


def read(lines: Iterable[str | bytes], contract: Contract, window: Window | None = None) -> Captured:
    """Everything in `lines`, the lines of one or more capture files, blank ones ignored."""
    window = window or Window()
    captured = Captured(features={}, scores=np.empty(0))
    batches: list[dict[str, NDArray[np.float64]]] = []
    scores: list[float] = []
    rows: list[dict[str, Any]] = []
    for line in lines:
        if not line.strip():
            continue
        captured.records += 1
        try:
            moment, found, answered = _record(line, contract)
        except _RecordError as error:
            captured.unreadable[str(error)] += 1
            continue
        if not window.holds(moment):
            captured.outside_window += 1
            continue
        captured.first = min(captured.first or moment, moment)
        captured.last = max(captured.last or moment, moment)
        rows += found
        scores += answered
        if len(rows) >= BATCH_ROWS:
            batches.append(_features(rows, contract))
            rows = []
    batches.append(_features(rows, contract))
    captured.features = {name: np.concatenate([batch[name] for batch in batches]) for name in contract.feature_names}
    captured.scores = np.asarray(scores, dtype=np.float64)
    return captured


def _features(rows: list[dict[str, Any]], contract: Contract) -> dict[str, NDArray[np.float64]]:
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in contract.inputs])
    table = with_features(pa.Table.from_pylist(rows, schema), contract)
    return {name: table.column(name).to_numpy().astype(np.float64) for name in contract.feature_names}


def _record(line: str | bytes, contract: Contract) -> tuple[datetime, list[dict[str, Any]], list[float]]:
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
    rows = _rows(*asked, contract)
    scores = _scores(*answered) if answered else []
    if scores and len(scores) != len(rows):
        raise _RecordError("the answer has another number of rows than the request")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), rows, scores or [math.nan] * len(rows)


def _body(part: Mapping[str, Any]) -> tuple[str, str]:
    """The text of a request or an answer, and CSV or JSON."""
    text, encoding = part["data"], part["encoding"]
    if not isinstance(text, str):
        raise TypeError(text)
    if encoding == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise _RecordError("data is not text in base64") from error
        encoding = "CSV" if "csv" in part.get("observedContentType", "").lower() else "JSON"
    return text, encoding


def _rows(text: str, encoding: str, contract: Contract) -> list[dict[str, Any]]:
    try:
        raw = _csv_rows(text, contract) if encoding == "CSV" else _json_rows(json.loads(text))
    except (json.JSONDecodeError, RecursionError, csv.Error) as error:
        raise _RecordError("the request is not the JSON or CSV it is said to be") from error
    rows: list[dict[str, Any]] = []
    for row in raw:
        rows.append({column.name: _value(column, row.get(column.name)) for column in contract.inputs})
    return rows


def _json_rows(document: Any) -> list[Mapping[str, Any]]:
    """The rows of one object, a list of objects or {"instances": [...]}."""
    if isinstance(document, dict):
        document = document.get("instances", [document])
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise _RecordError("the request has no rows as objects")
    return document


def _csv_rows(text: str, contract: Contract) -> list[Mapping[str, Any]]:
    """The rows of a CSV body: the inputs in contract order, or in the order of a first line of their names."""
    lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
    names = [column.name for column in contract.inputs]
    if lines and all(cell.strip() in {*names, contract.entity} for cell in lines[0]):
        names = [cell.strip() for cell in lines.pop(0)]
    if any(len(line) != len(names) for line in lines):
        raise _RecordError("a CSV row has another number of fields than there are columns")
    return [dict(zip(names, line, strict=True)) for line in lines]


def _value(column: Column, value: Any) -> Any:
    """A value of JSON or CSV in the contract's type, None where missing."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "null", "nan")):
        return None
    try:
        return _CONVERTERS[column.type](value)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise _RecordError(f"a value of {column.name} is no {column.type.value}") from error


def _text(value: Any) -> str:
    text = str(value)
    text.encode()  # JSON can carry half a surrogate pair, which is no text: a UnicodeEncodeError, which is a ValueError
    return text


def _integer(value: Any) -> int:
    number = int(value) if isinstance(value, int | str) and str(value).lstrip("+-").isdigit() else float(value)
    if number != int(number) or not -(2**63) <= number < 2**63:
        raise ValueError(value)
    return int(number)


def _timestamp(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_CONVERTERS: dict[ColumnType, Callable[[Any], Any]] = {
    ColumnType.STRING: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: float,
    ColumnType.BOOLEAN: lambda value: _BOOLEANS[str(value).strip().lower()],
    ColumnType.TIMESTAMP: _timestamp,
}


def _scores(text: str, encoding: str) -> list[float]:
    """The scores of an answer: the first field of each CSV line, or `score` of each JSON prediction."""
    try:
        if encoding == "CSV":
            return [float(line[0]) for line in csv.reader(io.StringIO(text)) if line]
        document = json.loads(text)
        return [float(item["score"]) for item in _predictions(document)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as error:
        raise _RecordError("the answer has no scores") from error


def _predictions(document: Any) -> Iterator[Mapping[str, Any]]:
    yield from document.get("predictions", [document])
