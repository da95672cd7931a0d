"""What a shadow would have answered, read from what is captured of both."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from automation.operations.shadows import Comparison, compare
from contracts.schema import Task
from tests.automation.conftest import Platform

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
NOTHING = {"invocations": None, "server_errors": None, "p50_ms": None, "p99_ms": None}


def record(asked: str, answered: str, *, coded: bool = False) -> str:
    def part(text: str) -> dict[str, str]:
        if coded:
            return {"data": base64.b64encode(text.encode()).decode(), "encoding": "BASE64"}
        return {"data": text, "encoding": "CSV"}

    return json.dumps({"captureData": {"endpointInput": part(asked), "endpointOutput": part(answered)}})


def capture(platform: Platform, variant: str, *lines: str, when: datetime = NOW) -> None:
    names, s3 = platform.names, platform.client("s3")
    key = f"{names.layout.data_capture}{names.prefix}/{variant}/{when:%Y/%m/%d/%H}/{when:%M-%S}-{len(lines)}.jsonl"
    s3.put_object(Bucket=names.processed_bucket, Key=key, Body="\n".join(lines).encode())


def compared(platform: Platform, task: Task = Task.BINARY_CLASSIFICATION) -> Comparison:
    return compare(
        platform.names,
        task,
        since=NOW - 2 * HOUR,
        until=NOW + timedelta(seconds=1),
        s3=platform.client("s3"),
        cloudwatch=platform.client("cloudwatch"),
    )


def test_answers_to_the_same_requests_are_compared_row_by_row(platform: Platform) -> None:
    many = '{"predictions":[{"score":0.5,"decision":true},{"score":0.25,"decision":false}],"model_version":"a"}'
    other = '{"predictions":[{"score":0.75,"decision":true},{"score":0.25,"decision":false}],"model_version":"b"}'
    capture(platform, "champion", record("1,2", "0.125,0\n"), record("[1,2]", many), record("3,4", "0.5,1\n"))
    capture(platform, "champion", record("5,6", "0.5,1\n"), when=NOW - HOUR)
    capture(platform, "shadow", record("1,2", "0.875,1\n", coded=True), record("[1,2]", other, coded=True))
    capture(platform, "shadow", record("5,6", '{"score":0.5,"decision":true,"model_version":"b"}'))
    assert compared(platform) == Comparison(
        requests=3,
        rows=4,
        agreement=0.75,
        mean_difference=0.25,
        largest_difference=0.75,
        unmatched=0,
        unreadable=0,
        metrics={"champion": NOTHING, "shadow": NOTHING},
    )


def test_classes_are_compared_by_decision_and_by_the_probability_that_differs_most(platform: Platform) -> None:
    one = '{"prediction":"b","probabilities":{"a":0.25,"b":0.5,"c":0.25},"model_version":"a"}'
    other = '{"prediction":"c","probabilities":{"a":0.25,"b":0.125,"c":0.625},"model_version":"b"}'
    champion = (record("1,2", '"a, or so",0.5,0.25,0.25\n'), record("[3]", one))
    capture(platform, "champion", *champion, record("9", "b,0.5,0.5\n"))
    shadow = (record("1,2", '"a, or so",0.75,0.125,0.125\n'), record("[3]", other))
    capture(platform, "shadow", *shadow, record("9", "b,0.5,0.25,0.25\n"), record("8", "b\n"))
    found = compared(platform, Task.MULTICLASS_CLASSIFICATION)
    assert (found.requests, found.rows, found.unmatched, found.unreadable) == (3, 3, 0, 1)
    assert found.agreement == 2 / 3
    # The model that answered with another number of classes is as far as probabilities can be.
    assert (found.mean_difference, found.largest_difference) == ((0.25 + 0.375 + 1) / 3, 1.0)


@pytest.mark.parametrize("letter", ["\u2028", "\x0b", "\x85", "\x1c"])
def test_a_class_is_read_whatever_letters_it_has(platform: Platform, letter: str) -> None:
    """`str.splitlines` ends a line at each of them, and CSV does not."""
    capture(platform, "champion", record("1,2", f"a{letter}b,0.5,0.5\r\n"), record("3,4", '"a\nb",0.5,0.5\n'))
    capture(platform, "shadow", record("1,2", f"a{letter}b,0.75,0.25\r\n"), record("3,4", '"a\nb",0.5,0.5\n'))
    found = compared(platform, Task.MULTICLASS_CLASSIFICATION)
    assert (found.requests, found.rows, found.unreadable, found.agreement) == (2, 2, 0, 1.0)


def test_an_answer_that_is_no_csv_and_one_that_is_nested_too_deeply_are_counted(platform: Platform) -> None:
    capture(platform, "champion", record("1,2", "0." + "1" * 2_000_001 + ",1"), record("3,4", '{"x":' * 100_000))
    capture(platform, "shadow", record("1,2", "0.5,1\n"), record("3,4", "0.5,1\n"))
    found = compared(platform)
    assert (found.requests, found.unreadable, found.unmatched) == (0, 2, 2)


def test_predicted_numbers_are_compared_by_their_difference_alone(platform: Platform) -> None:
    capture(platform, "champion", record("1,2", "100.5\n-3\n"), record("[3]", '{"predictions":[{"prediction":7}]}'))
    capture(platform, "shadow", record("1,2", "100\n-1\n"), record("[3]", '{"predictions":[{"prediction":7.5}]}'))
    capture(platform, "shadow", record("4", "0.5,1\n"))
    found = compared(platform, Task.REGRESSION)
    assert (found.requests, found.rows, found.unreadable) == (2, 3, 1)
    assert (found.agreement, found.mean_difference, found.largest_difference) == (None, 1.0, 2.0)


def test_answers_of_another_task_are_unreadable(platform: Platform) -> None:
    capture(platform, "champion", record("1,2", "0.5,1\n"))
    capture(platform, "shadow", record("1,2", '{"score":0.5,"decision":true}'))
    found = compared(platform, Task.REGRESSION)
    assert (found.requests, found.unreadable, found.mean_difference) == (0, 2, None)


def test_what_cannot_be_compared_is_counted(platform: Platform) -> None:
    capture(platform, "champion", "no record", record("1,2", "0.5,1\n"), record("old", "0.5,1\n"))
    capture(platform, "champion", record("3,4", "0.5,1\n"), when=NOW - 4 * HOUR)
    capture(platform, "shadow", record("3,4", "0.5,1\n"), record("1,2", "0.5,1\n0.5,1\n"), record("9", "not a score"))
    found = compared(platform)
    assert (found.requests, found.rows, found.agreement) == (0, 0, None)
    assert (found.unmatched, found.unreadable) == (2, 2)


def test_latencies_are_those_of_the_worst_hour_in_milliseconds(platform: Platform) -> None:
    dimensions = [
        {"Name": "EndpointName", "Value": platform.names.prefix},
        {"Name": "VariantName", "Value": "shadow"},
    ]
    for when, latencies in ((NOW, [1000.0, 3000.0, 2000.0]), (NOW - HOUR, [9000.0])):
        data = [
            {"MetricName": "ModelLatency", "Values": latencies, "Unit": "Microseconds"},
            {"MetricName": "Invocations", "Value": float(len(latencies))},
            {"MetricName": "Invocation5XXErrors", "Value": 1.0},
        ]
        platform.client("cloudwatch").put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[{**each, "Dimensions": dimensions, "Timestamp": when} for each in data],
        )
    metrics = compared(platform).metrics
    assert metrics["champion"] == NOTHING
    assert metrics["shadow"] == {"invocations": 4, "server_errors": 2, "p50_ms": 9, "p99_ms": 9}
