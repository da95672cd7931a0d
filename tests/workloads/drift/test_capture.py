"""Captured requests and answers in every form SageMaker and our inference service give them."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from contracts.schema import Column, ColumnType, Feature
from tests.workloads.drift.live import CHURN, START, customers, json_record, part, record, records
from workloads.drift.capture import Window, read
from workloads.features.row import row_function

JSON, CSV = "application/json", "text/csv"
ROW = {"user_tenure_months": 24, "transaction_volume": 100.5, "support_tickets": None}
OTHER = {"user_tenure_months": 3, "transaction_volume": None, "support_tickets": 2}
TWO_AS_CSV = "24,100.5,\n3,,2\n"
ANSWERED = {"predictions": [{"score": 0.25, "decision": False}, {"score": 0.75, "decision": True}]}


def features(*rows: dict[str, Any]) -> dict[str, list[float]]:
    compute = row_function(CHURN)
    return {name: [compute(row)[i] for row in rows] for i, name in enumerate(CHURN.feature_names)}


def assert_read(line: str, rows: list[dict[str, Any]], scores: list[float]) -> None:
    captured = read([line], CHURN)
    assert dict(captured.unreadable) == {}
    assert (captured.records, captured.rows) == (1, len(rows))
    for name, expected in features(*rows).items():
        np.testing.assert_allclose(captured.features[name], expected, rtol=1e-14, err_msg=name)
    np.testing.assert_array_equal(captured.scores, scores)


REQUESTS: list[tuple[str, dict[str, str], list[dict[str, Any]]]] = [
    ("object", part(json.dumps(ROW), "JSON", JSON), [ROW]),
    ("entity along", part(json.dumps({"customer_id": "C1", **ROW}), "JSON", JSON), [ROW]),
    ("absent is null", part('{"user_tenure_months": 24, "transaction_volume": 100.5}', "JSON", JSON), [ROW]),
    ("list", part(json.dumps([ROW, OTHER]), "JSON", JSON), [ROW, OTHER]),
    ("instances", part(json.dumps({"instances": [ROW, OTHER]}), "JSON", f"{JSON}; charset=utf-8"), [ROW, OTHER]),
    ("base64 json", part(json.dumps([ROW, OTHER]), "BASE64", JSON), [ROW, OTHER]),
    ("csv", part(TWO_AS_CSV, "CSV", CSV), [ROW, OTHER]),
    ("csv, integer as float", part("24.0,100.5,\n3,nan,2.0\n", "CSV", CSV), [ROW, OTHER]),
    ("base64 csv", part(TWO_AS_CSV, "BASE64", f"{CSV}; header=absent"), [ROW, OTHER]),
    (
        "csv with header",
        part("support_tickets,customer_id,user_tenure_months\n2,C1,3\n", "CSV", CSV),
        [OTHER],
    ),
]


@pytest.mark.parametrize(("asked", "rows"), [item[1:] for item in REQUESTS], ids=[item[0] for item in REQUESTS])
def test_requests(asked: dict[str, str], rows: list[dict[str, Any]]) -> None:
    answer = {"predictions": [{"score": 0.5}] * len(rows)}
    assert_read(record(asked, part(json.dumps(answer), "JSON", JSON)), rows, [0.5] * len(rows))


@pytest.mark.parametrize(
    ("answered", "scores"),
    [
        (part(json.dumps(ANSWERED), "JSON", JSON), [0.25, 0.75]),
        (part(json.dumps(ANSWERED), "BASE64", JSON), [0.25, 0.75]),
        (part("0.25,0\n0.75,1\n", "CSV", CSV), [0.25, 0.75]),
        (part("0.25,0\n0.75,1\n", "BASE64", CSV), [0.25, 0.75]),
        (None, [math.nan, math.nan]),
    ],
)
def test_answers(answered: dict[str, str] | None, scores: list[float]) -> None:
    assert_read(record(part(TWO_AS_CSV, "CSV", CSV), answered), [ROW, OTHER], scores)


OK = part('{"score": 0.5}', "JSON", JSON)
UNREADABLE: list[tuple[str, str]] = [
    ("{", "not a data-capture record with an input"),
    ("[]", "not a data-capture record with an input"),
    ("{}", "not a data-capture record with an input"),
    (json.dumps({"captureData": {}, "eventMetadata": {}}), "not a data-capture record with an input"),
    (record(part("{", "JSON", JSON), OK), "the request is not the JSON or CSV it is said to be"),
    (record(part('1,"2', "CSV", CSV), OK), "the request is not the JSON or CSV it is said to be"),
    (record(part("5", "JSON", JSON), OK), "the request has no rows as objects"),
    (record(part("[[1, 2, 3]]", "JSON", JSON), OK), "the request has no rows as objects"),
    (record(part("1,2\n", "CSV", CSV), OK), "a CSV row has another number of fields than there are columns"),
    (record(part("1.5,2,3\n", "CSV", CSV), OK), "a value of user_tenure_months is no integer"),
    (json_record({"transaction_volume": "much"}), "a value of transaction_volume is no number"),
    (json_record({"support_tickets": [1]}), "a value of support_tickets is no integer"),
    (
        record({"data": "%%", "encoding": "BASE64", "observedContentType": JSON}, OK),
        "data is not text in base64",
    ),
    (record(part(TWO_AS_CSV, "CSV", CSV), OK), "the answer has another number of rows than the request"),
    (json_record(ROW, score="high"), "the answer has no scores"),
    (record(part(json.dumps(ROW), "JSON", JSON), part("{}", "JSON", JSON)), "the answer has no scores"),
    # what a single caller could send to stop the job for everybody
    (json_record({"support_tickets": 2**63}), "a value of support_tickets is no integer"),
    (json_record({"support_tickets": 1e300}), "a value of support_tickets is no integer"),
    (record(part("[" * 100_000, "JSON", JSON), OK), "the request is not the JSON or CSV it is said to be"),
    (record(part(json.dumps(ROW), "JSON", JSON), part("[]", "JSON", JSON)), "the answer has no scores"),
    (record(part(json.dumps(ROW), "JSON", JSON), part("[" * 100_000, "JSON", JSON)), "the answer has no scores"),
    (
        json.dumps(json.loads(json_record(ROW)) | {"captureData": {"endpointInput": {"data": 5, "encoding": "JSON"}}}),
        "not a data-capture record with an input",
    ),
]


@pytest.mark.parametrize(("line", "reason"), UNREADABLE)
def test_what_cannot_be_read_is_counted_and_the_rest_is_kept(line: str, reason: str) -> None:
    captured = read([json_record(ROW), line, "", json_record(OTHER)], CHURN)
    assert dict(captured.unreadable) == {reason: 1}
    assert (captured.records, captured.rows) == (3, 2)


def test_nothing_captured() -> None:
    captured = read([], CHURN)
    assert (captured.records, captured.rows, captured.first, captured.last) == (0, 0, None, None)
    assert set(captured.features) == set(CHURN.feature_names)


@pytest.mark.parametrize(
    ("since", "until", "kept"),
    [(None, None, (0, 9)), (3, None, (3, 9)), (None, 3, (0, 2)), (2, 8, (2, 7))],
)
def test_the_window(since: int | None, until: int | None, kept: tuple[int, int]) -> None:
    def moment(second: int | None) -> Any:
        return None if second is None else START + timedelta(seconds=second)

    captured = read(records(customers(10)), CHURN, Window(since=moment(since), until=moment(until)))
    assert captured.rows == kept[1] - kept[0] + 1
    assert captured.outside_window == 10 - captured.rows
    assert (captured.first, captured.last) == (moment(kept[0]), moment(kept[1]))


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z", ["2026/11/21/09"]),
        ("2026-11-21T08:45:00Z", "2026-11-21T10:00:00Z", ["2026/11/21/08", "2026/11/21/09"]),
        ("2026-11-21T09:59:59Z", "2026-11-21T10:00:01Z", ["2026/11/21/09", "2026/11/21/10"]),
        ("2026-12-31T23:30:00Z", "2027-01-01T00:30:00Z", ["2026/12/31/23", "2027/01/01/00"]),
        ("2026-11-21T01:30:00+02:00", "2026-11-21T02:00:00+02:00", ["2026/11/20/23"]),
        ("2026-11-21T05:00:00+05:30", "2026-11-21T06:00:00+05:30", ["2026/11/20/23", "2026/11/21/00"]),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", []),
    ],
)
def test_the_hours_of_a_window_are_those_of_data_capture(since: str, until: str, hours: list[str]) -> None:
    window = Window(since=datetime.fromisoformat(since), until=datetime.fromisoformat(until))
    assert window.hours() == hours


def test_an_open_window_has_no_hours() -> None:
    with pytest.raises(ValueError) as caught:
        Window(since=START).hours()
    assert str(caught.value) == "window: found 2026-11-21 10:00:00+00:00 to None; allowed: a beginning and an end"


def test_many_batches_are_one_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = customers(25)
    whole = read(records(rows), CHURN)
    monkeypatch.setattr("workloads.drift.capture.BATCH_ROWS", 4)
    pieces = read(records(rows), CHURN)
    for name in CHURN.feature_names:
        np.testing.assert_array_equal(whole.features[name], pieces.features[name])
    np.testing.assert_array_equal(whole.scores, pieces.scores)


def test_texts_booleans_and_timestamps() -> None:
    extra = (
        Column(name="region", type=ColumnType.STRING),
        Column(name="vip", type=ColumnType.BOOLEAN),
        Column(name="joined", type=ColumnType.TIMESTAMP, nullable=True),
    )
    expressions = {"north": 'equals(region, "north")', "vip": "vip", "new": "missing(joined)"}
    contract = dataclasses.replace(
        CHURN,
        columns=(*CHURN.columns, *extra),
        features=tuple(Feature(name=name, expression=text) for name, text in expressions.items()),
    )
    lines = [
        json_record({"region": "north", "vip": True, "joined": "2020-01-01T00:00:00Z"}),
        record(part("1,2,3,south,0,2020-01-01\n1,2,3,north,true,\n", "CSV", CSV), None),
        json_record({"region": "north", "vip": "maybe"}),
        json_record({"region": "north", "vip": True, "joined": "soon"}),
        json_record({"region": "half a pair \ud800", "vip": True}),
    ]
    captured = read(lines, contract)
    assert {name: values.tolist() for name, values in captured.features.items()} == {
        "north": [1.0, 0.0, 1.0],
        "vip": [1.0, 0.0, 1.0],
        "new": [0.0, 0.0, 1.0],
    }
    reasons = ("a value of vip is no boolean", "a value of joined is no timestamp", "a value of region is no string")
    assert dict(captured.unreadable) == dict.fromkeys(reasons, 1)
