"""What a shadow would have answered: its answers beside the champion's to the same requests, from captured traffic.

A captured record of the shadow is compared with one of the champion of the same request, found by what was asked: the
answer of a model depends on nothing else. Answers are read as the contract's task has them: a score and a decision, a
class and the probabilities of all, or a number from which nothing follows.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contracts import delimited
from contracts.names import EndpointNames
from contracts.release import CHAMPION, SHADOW
from contracts.schema import Task

_HOUR_SECONDS: Final = 3600


def _worst_ms(microseconds: Sequence[float]) -> float:
    return max(microseconds) / 1000


#: What it is called here: the metric, its statistic by the hour, and how the hours add up. Percentiles do not: the
#: worst hour counts. AWS counts ModelLatency in microseconds.
_METRICS: Final[Mapping[str, tuple[str, str, Callable[[Sequence[float]], float]]]] = {
    "invocations": ("Invocations", "Sum", sum),
    "server_errors": ("Invocation5XXErrors", "Sum", sum),
    "p50_ms": ("ModelLatency", "p50", _worst_ms),
    "p99_ms": ("ModelLatency", "p99", _worst_ms),
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """To one row: what was decided, None where a task decides nothing, and the numbers it was decided by."""

    decision: str | None
    numbers: Sequence[float]


Answers = list[Answer]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Champion and shadow over the same requests.

    `requests` were answered by both, with `rows`; `agreement` is the share of the rows with the same decision (None for
    a regression, which decides nothing), the differences are those of scores, of predicted numbers, or of the
    probability that differs most (None without rows). `unmatched` are requests that only the shadow's capture has,
    `unreadable` records that hold no answers of the task. `metrics`: variant -> invocations, server_errors, p50_ms,
    p99_ms (of the worst hour), None without data.
    """

    requests: int
    rows: int
    agreement: float | None
    mean_difference: float | None
    largest_difference: float | None
    unmatched: int
    unreadable: int
    metrics: Mapping[str, Mapping[str, float | None]]


def compare(
    names: EndpointNames, task: Task, *, since: datetime, until: datetime, s3: Any, cloudwatch: Any
) -> Comparison:
    """Compare what both answered from `since` to `until`, by the hours that these touch."""
    answered: dict[str, Answers] = {}
    unreadable = 0
    for asked, answers in _records(names, task, CHAMPION, since, until, s3):
        if answers is None:
            unreadable += 1
        else:
            answered[asked] = answers
    requests = unmatched = same = 0
    differences: list[float] = []
    for asked, answers in _records(names, task, SHADOW, since, until, s3):
        if answers is None:
            unreadable += 1
        elif len(answered.get(asked, ())) != len(answers):
            unmatched += 1
        else:
            requests += 1
            for one, other in zip(answered[asked], answers, strict=True):
                differences.append(_difference(one, other))
                same += one.decision == other.decision
    rows = len(differences)
    return Comparison(
        requests=requests,
        rows=rows,
        agreement=same / rows if rows and task is not Task.REGRESSION else None,
        mean_difference=sum(differences) / rows if rows else None,
        largest_difference=max(differences) if rows else None,
        unmatched=unmatched,
        unreadable=unreadable,
        metrics={variant: _metrics(names, variant, since, until, cloudwatch) for variant in (CHAMPION, SHADOW)},
    )


def _difference(one: Answer, other: Answer) -> float:
    """Of the numbers that differ most; models of other classes have no number of some."""
    if len(one.numbers) != len(other.numbers):
        return 1.0
    return max(abs(a - b) for a, b in zip(one.numbers, other.numbers, strict=True))


def _records(
    names: EndpointNames, task: Task, variant: str, since: datetime, until: datetime, s3: Any
) -> Iterator[tuple[str, Answers | None]]:
    """What was asked, as a hash, and what was answered (None: it cannot be read), of one variant."""
    bucket, hour = names.processed_bucket, since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < until:
        prefix = f"{names.layout.data_capture}{names.prefix}/{variant}/{hour:%Y/%m/%d/%H}/"
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                for line in s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].iter_lines():
                    yield _record(line, task)
        hour += timedelta(hours=1)


def _record(line: bytes, task: Task) -> tuple[str, Answers | None]:
    try:
        data = json.loads(line)["captureData"]
        asked = _body(data["endpointInput"])
        return hashlib.sha256(asked).hexdigest(), _answers(_body(data["endpointOutput"]), task)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error):
        return "", None


def _body(part: Mapping[str, str]) -> bytes:
    return base64.b64decode(part["data"], validate=True) if part["encoding"] == "BASE64" else part["data"].encode()


def _answers(body: bytes, task: Task) -> Answers:
    """Of each row: lines of CSV, or JSON as the inference service writes it."""
    if not body.lstrip().startswith(b"{"):
        return [_of_line(line, task) for line in delimited.of_text(body.decode()) if line]
    document = json.loads(body)
    return [_of_document(each, task) for each in document.get("predictions", [document])]


def _of_line(cells: Sequence[str], task: Task) -> Answer:
    """ValueError for a line that is none of the task."""
    match task:
        case Task.BINARY_CLASSIFICATION:
            score, decision = cells
            return Answer(decision=str(decision.strip() == "1"), numbers=(float(score),))
        case Task.MULTICLASS_CLASSIFICATION:
            decision, first, *others = cells
            return Answer(decision=decision, numbers=tuple(map(float, (first, *others))))
        case Task.REGRESSION:
            (number,) = cells
            return Answer(decision=None, numbers=(float(number),))


def _of_document(row: Mapping[str, Any], task: Task) -> Answer:
    match task:
        case Task.BINARY_CLASSIFICATION:
            return Answer(decision=str(bool(row["decision"])), numbers=(float(row["score"]),))
        case Task.MULTICLASS_CLASSIFICATION:
            probabilities = row["probabilities"]
            return Answer(decision=str(row["prediction"]), numbers=tuple(map(float, probabilities.values())))
        case Task.REGRESSION:
            return Answer(decision=None, numbers=(float(row["prediction"]),))


def _metrics(
    names: EndpointNames, variant: str, since: datetime, until: datetime, cloudwatch: Any
) -> dict[str, float | None]:
    dimensions = [{"Name": "EndpointName", "Value": names.prefix}, {"Name": "VariantName", "Value": variant}]
    queries = [
        {
            "Id": called,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions},
                "Period": _HOUR_SECONDS,
                "Stat": statistic,
            },
        }
        for called, (metric, statistic, _) in _METRICS.items()
    ]
    start = since.replace(minute=0, second=0, microsecond=0)
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=until
    )
    values: dict[str, list[float]] = {called: [] for called in _METRICS}
    for page in pages:
        for result in page["MetricDataResults"]:
            values[result["Id"]] += result["Values"]
    return {called: _METRICS[called][2](found) if found else None for called, found in values.items()}
