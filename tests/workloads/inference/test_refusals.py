"""The service over real HTTP: what it refuses, with every fault and its place."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.workloads.inference.serving import Running

ROW = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}


RANGES = {
    "user_tenure_months": "an integer from 0 to 600, or null",
    "transaction_volume": "a number from 0 to 1000000, or null",
    "support_tickets": "an integer from 0 to 1000, or null",
}


@pytest.mark.parametrize(
    ("row", "faults"),
    [
        ({"support_tickets": -1}, [("support_tickets", "-1", RANGES["support_tickets"])]),
        ({"support_tickets": 1001}, [("support_tickets", "1001", RANGES["support_tickets"])]),
        ({"support_tickets": 1.5}, [("support_tickets", "1.5", RANGES["support_tickets"])]),
        ({"support_tickets": 1e19}, [("support_tickets", "1e19", RANGES["support_tickets"])]),
        ({"support_tickets": True}, [("support_tickets", "true", RANGES["support_tickets"])]),
        ({"support_tickets": "1"}, [("support_tickets", '"1"', RANGES["support_tickets"])]),
        ({"support_tickets": [1]}, [("support_tickets", "[1]", RANGES["support_tickets"])]),
        ({"transaction_volume": 1e7}, [("transaction_volume", "10000000.0", RANGES["transaction_volume"])]),
        ({"transaction_volume": {}}, [("transaction_volume", "{}", RANGES["transaction_volume"])]),
        ({"customer_id": 7}, [("customer_id", "7", "a text, or null")]),
        (
            {"user_tenure_month": 1, "transaction_volume": -1},
            [
                ("user_tenure_month", "an unknown field", "'user_tenure_months', which is not there"),
                ("transaction_volume", "-1", RANGES["transaction_volume"]),
            ],
        ),
        ({"zip": 1, "churn_label": 1}, [("zip", "an unknown field", ", ".join([*ROW, "customer_id"]))]),
    ],
)
def test_a_row_against_the_contract(service: Running, row: dict[str, Any], faults: list[tuple[str, str, str]]) -> None:
    one = service.predict(row)
    assert one.status == 422
    assert one.error["code"] == "invalid_rows"
    assert one.error["faults"] == [{"field": f, "found": found, "allowed": a} for f, found, a in faults]
    field, found, allowed = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    assert one.error["message"] == f"field {field!r}: {found} is found, allowed is {allowed}{more}"
    assert one.error["request_id"] == one.headers["x-request-id"]
    many = service.predict([{}, row])
    assert many.status == 422
    assert [(fault["row"], fault["field"]) for fault in many.error["faults"]] == [(1, field) for field, _, _ in faults]
    assert many.error["message"].startswith("row 1, field ")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("", 400, "the body is empty; send a row"),
        ("{", 400, "the body is not JSON: Input data was truncated"),
        ('{"support_tickets": NaN}', 400, "the body is not JSON: JSON is malformed: invalid character (byte 20)"),
        (b'{"customer_id": "\xff"}', 400, "the body is not JSON: "),
        ("[" * 50_000, 400, "the body is not JSON: "),
        ("7", 422, 'body: 7 is found, allowed is a row as an object, a list of rows, or {"instances": [...]}'),
        ("[]", 422, "body: no row is found, allowed is at least one"),
        ('{"instances": []}', 422, "body: no row is found, allowed is at least one"),
        (
            '{"instances": {}}',
            422,
            'body: {} is found, allowed is a row as an object, a list of rows, or {"instances": [...]}',
        ),
        ("[1]", 422, "row 0: 1 is found, allowed is a row as an object"),
        (
            '{"instances": [{}], "x": 1}',
            422,
            "field 'x': an unknown field is found, allowed is 'instances' alone",
        ),
        ('{"support_tickets": 1e400}', 400, "the body is not JSON: Number out of range"),
        ('{"transaction_volume": 1e400}', 400, "the body is not JSON: Number out of range"),
    ],
)
def test_a_json_body(service: Running, body: str | bytes, status: int, message: str) -> None:
    answer = service.request("POST", "/invocations", body, content_type="application/json")
    assert answer.status == status
    assert answer.error["message"].startswith(message)


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("", 400, "the body is empty; send a line for each row"),
        ("\n\n", 400, "the body is empty; send a line for each row"),
        ("1,2", 422, f"line 1: 2 cells is found, allowed is 3: {', '.join(ROW)}"),
        ("1,2,3\n1,2,3,4\n", 422, f"line 2: 4 cells is found, allowed is 3: {', '.join(ROW)}"),
        ("1,2,3\n\n1,2\n", 422, f"line 3: 2 cells is found, allowed is 3: {', '.join(ROW)}"),
        ("1,2,3\r\r1,2\r", 422, f"line 3: 2 cells is found, allowed is 3: {', '.join(ROW)}"),
        (
            "1,2,3\n1,x,3\n",
            422,
            f"line 2, field 'transaction_volume': \"x\" is found, allowed is {RANGES['transaction_volume']}",
        ),
        (
            "1.5,2,3",
            422,
            f"line 1, field 'user_tenure_months': \"1.5\" is found, allowed is {RANGES['user_tenure_months']}",
        ),
        (
            "1,inf,3",
            422,
            f"line 1, field 'transaction_volume': \"inf\" is found, allowed is {RANGES['transaction_volume']}",
        ),
        (
            "1_0,2,3",
            422,
            f"line 1, field 'user_tenure_months': \"1_0\" is found, allowed is {RANGES['user_tenure_months']}",
        ),
        (
            "٣,2,3",
            422,
            f"line 1, field 'user_tenure_months': \"٣\" is found, allowed is {RANGES['user_tenure_months']}",
        ),
        (
            "1,2,true",
            422,
            f"line 1, field 'support_tickets': \"true\" is found, allowed is {RANGES['support_tickets']}",
        ),
        ('1,2,"3', 400, "line 1: not CSV: unexpected end of data"),
        (
            "1][2,2,3",
            422,
            f"line 1, field 'user_tenure_months': \"1][2\" is found, allowed is {RANGES['user_tenure_months']}",
        ),
        ("support_tickets\n", 422, "body: no row is found, allowed is at least one"),
        (
            "support_tickets,support_tickets\n1,2\n",
            422,
            "line 1, field 'support_tickets': a column named twice is found, allowed is each column once",
        ),
    ],
)
def test_a_csv_body(service: Running, text: str, status: int, message: str) -> None:
    answer = service.csv(text)
    assert answer.status == status
    assert answer.error["message"] == message


def test_csv_that_says_it_has_a_header(service: Running) -> None:
    answer = service.csv("tickets,customer_id\n1,a\n", content_type="text/csv; header=present")
    assert answer.status == 422
    assert answer.error["message"] == (
        f"line 1, field 'tickets': an unknown field is found, allowed is {', '.join([*ROW, 'customer_id'])}"
    )
    answer = service.csv("support_tickets\n1\n", content_type="text/csv; header=absent")
    assert answer.error["message"] == (f"line 1: 1 cells is found, allowed is 3: {', '.join(ROW)} (and 1 more)")


def test_all_faults_are_told_up_to_a_limit(service: Running) -> None:
    answer = service.csv("x,2,3\n" * 1000)
    assert answer.status == 422
    assert [fault["line"] for fault in answer.error["faults"]] == list(range(1, 21))


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "content-type nothing is found; "),
        ({"content_type": "application/xml"}, "content-type 'application/xml' is found; "),
        ({"content_type": "text/csv; charset=latin-1"}, "charset 'latin-1' is found; "),
        ({"content_type": "text/csv", "content_encoding": "gzip"}, "content-encoding 'gzip' is found; "),
    ],
)
def test_media_types(service: Running, headers: dict[str, str], message: str) -> None:
    answer = service.request("POST", "/invocations", "1,2,3", **headers)
    assert answer.status == 415
    advice = "use application/json or text/csv, in UTF-8, without content-encoding"
    assert answer.error["message"] == message + advice


def test_what_is_accepted_must_be_available(service: Running) -> None:
    answer = service.predict(ROW, accept="image/png, text/html;q=0.5")
    assert answer.status == 406
    assert answer.error["message"] == (
        "accept 'image/png, text/html;q=0.5' is found; application/json and text/csv can be had; ask for one of them"
    )


def test_paths_and_methods(service: Running) -> None:
    missing = service.request("GET", "/nothing")
    assert missing.status == 404
    assert missing.error["message"] == (
        "'/nothing' is found; there are "
        "/invocations, /v1/predict, /ping, /ready, /health, /metrics, /v1/status, /openapi.json"
    )
    get = service.request("GET", "/invocations")
    assert (get.status, get.headers["allow"]) == (405, "POST")
    post = service.request("POST", "/ping")
    assert (post.status, post.headers["allow"]) == (405, "GET, HEAD")
    head = service.request("HEAD", "/ping")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "18")


def test_too_many_bytes(service: Running) -> None:
    announced = service.request("POST", "/invocations", b" " * 200_001, content_type="application/json")
    assert (announced.status, announced.error["code"]) == (413, "body_too_large")
    assert announced.error["message"] == (
        "a body of 200001 bytes or more is found, at most 200000 are allowed; split the request"
    )
    with contextlib.closing(service.connect()) as connection:
        chunks = (b" " * 50_000 for _ in range(5))
        connection.request("POST", "/invocations", chunks, {"content-type": "application/json"}, encode_chunked=True)
        assert connection.getresponse().status == 413


def test_too_many_rows(service: Running) -> None:
    csv = service.csv("1,2,3\n" * 3001)
    assert (csv.status, csv.error["code"]) == (413, "too_many_rows")
    many = service.predict([{}] * 3001)
    assert many.status == 413
    assert many.error["message"] == "3001 rows are found, at most 3000 are allowed; split the request"
    assert service.csv("1,2,3\n" * 3000).status == 200
