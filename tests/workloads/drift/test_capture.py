"""Captured requests and answers in every form SageMaker and our inference service give them."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
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
    ("csv with a byte order mark", part("\ufeff" + TWO_AS_CSV, "CSV", CSV), [ROW, OTHER]),
    ("csv of an old machine", part(TWO_AS_CSV.replace("\n", "\r"), "CSV", CSV), [ROW, OTHER]),
    ("csv with blank lines", part(TWO_AS_CSV.replace("\n", "\r\n\r\n"), "CSV", CSV), [ROW, OTHER]),
    ("csv with marks", part("24,100.5,N/A\n3, ? ,2\n", "CSV", CSV), [ROW, OTHER]),
    ("integers as floats", part('{"user_tenure_months": 24.0, "transaction_volume": 100.5}', "JSON", JSON), [ROW]),
    (
        "marks",
        part('{"user_tenure_months": 24, "transaction_volume": 100.5, "support_tickets": "-"}', "JSON", JSON),
        [ROW],
    ),
    ("no inputs along", part(json.dumps({**ROW, "churn_label": 1, "zip": "x"}), "JSON", JSON), [ROW]),
    ("a content type in capitals", part(json.dumps(ROW), "BASE64", "Application/JSON"), [ROW]),
    (
        "semicolons, and columns that are no inputs",
        part("event_time;support_tickets;zip;user_tenure_months\n2026;2;x;3\n", "CSV", CSV),
        [OTHER],
    ),
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


FORM = "the request has rows of another form than "
VALUE = "the request has a value of {} that is not {}"
OK = part('{"score": 0.5}', "JSON", JSON)
UNREADABLE: list[tuple[str, str]] = [
    ("{", "not a data-capture record with an input"),
    ("[]", "not a data-capture record with an input"),
    ("{}", "not a data-capture record with an input"),
    (json.dumps({"captureData": {}, "eventMetadata": {}}), "not a data-capture record with an input"),
    (record(part("{", "JSON", JSON), OK), "the request is refused: malformed body"),
    (record(part('1,"2', "CSV", CSV), OK), "the request is refused: malformed body"),
    (record(part("5", "JSON", JSON), OK), FORM + 'a row as an object, a list of rows, or {"instances": [...]}'),
    (record(part("[[1, 2, 3]]", "JSON", JSON), OK), f"{FORM}a row as an object"),
    (record(part("1,2\n", "CSV", CSV), OK), f"{FORM}3: {', '.join(ROW)}"),
    (
        record(part("1.5,2,3\n", "CSV", CSV), OK),
        VALUE.format("user_tenure_months", "an integer from 0 to 600, or null"),
    ),
    (
        json_record({"transaction_volume": "much"}),
        VALUE.format("transaction_volume", "a number from 0 to 1000000, or null"),
    ),
    (json_record({"support_tickets": [1]}), VALUE.format("support_tickets", "an integer from 0 to 1000, or null")),
    (
        record({"data": "%%", "encoding": "BASE64", "observedContentType": JSON}, OK),
        "data is not the text or base64 it is said to be",
    ),
    (record(part(TWO_AS_CSV, "CSV", CSV), OK), "the answer has another number of rows than the request"),
    (json_record(ROW, score="high"), "the answer has no scores"),
    (record(part(json.dumps(ROW), "JSON", JSON), part("{}", "JSON", JSON)), "the answer has no scores"),
    (record(part("1,2,3", "BASE64", "text/html"), OK), "the request is refused: unsupported media type"),
    (
        json_record({"mistake": "a secret", "support_tickets": 1, "user_tenure_month": 2}),
        VALUE.format("an unknown column", "'user_tenure_months', which is not there"),
    ),
    # what a single caller could send to stop the job for everybody
    (json_record({"support_tickets": 2**63}), VALUE.format("support_tickets", "an integer from 0 to 1000, or null")),
    (json_record({"support_tickets": 1e300}), VALUE.format("support_tickets", "an integer from 0 to 1000, or null")),
    (record(part("[" * 100_000, "JSON", JSON), OK), "the request is refused: malformed body"),
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


def test_parquet_is_read_as_it_was_answered() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([ROW, OTHER]), sink)
    kind = "application/vnd.apache.parquet"
    asked = {"data": base64.b64encode(sink.getvalue()).decode(), "encoding": "BASE64", "observedContentType": kind}
    assert_read(record(asked, part("0.25,0\n0.75,1\n", "CSV", CSV)), [ROW, OTHER], [0.25, 0.75])


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
        json_record({"region": " north ", "vip": True, "joined": "2020-01-01T00:00:00Z"}),
        record(part("1,2,3,south,0,2020-01-01\n1,2,3,north,true,\n", "CSV", CSV), None),
        json_record({"region": "north", "vip": "maybe"}),
        json_record({"region": "?", "vip": True}),
        json_record({"region": "half a pair \ud800", "vip": True}),
    ]
    captured = read(lines, contract)
    assert {name: values.tolist() for name, values in captured.features.items()} == {
        "north": [1.0, 0.0, 1.0],
        "vip": [1.0, 0.0, 1.0],
        "new": [0.0, 0.0, 1.0],
    }
    assert dict(captured.unreadable) == {
        VALUE.format("vip", "true or false"): 1,
        VALUE.format("region", "a text"): 1,
        "the request is refused: malformed body": 1,
    }
