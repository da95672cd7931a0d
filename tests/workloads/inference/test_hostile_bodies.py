"""50,000 damaged bodies: never a failure of the service, never a score for a row that the contract forbids."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import random
import re
from typing import Any

import xgboost as xgb

from contracts import loader
from tests.workloads.inference import serving
from tests.workloads.inference.serving import Running
from workloads.features.row import row_function
from workloads.inference.request import Request
from workloads.inference.service import Service

COUNT = 25_000  # of each kind
CHURN = loader.load(serving.CHURN)
LIMITS = {"user_tenure_months": 600, "transaction_volume": 1_000_000, "support_tickets": 1000}
KNOWN = {*LIMITS, "customer_id", "event_time", "churn_label"}
BLANKS = " \t\r\n\f\v\u00a0\ufeff"
MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "\\n", "?", "-"}
PIECES = [
    *(
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"-1",
        b"1e999",
        b"1e-999",
        b"-0",
        b"0x10",
        b"1.0",
        b"99999999999999999999",
    ),
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\u0000", b"\\", b"\n", b"\r", b"\0", b" ", b"\t", b"\xff", b"\xc3"),
    *(
        b'"support_tickets"',
        b'"instances"',
        b'"customer_id"',
        b'"churn_label"',
        b"601",
        b"1000001",
        b"[[[[",
        b'""',
        b",,",
    ),
    *(b"\xef\xbb\xbf", b"\xe2\x82\xac", b"support_tickets", b"/*x*/", b"'", b"1_0", b"+1", b".5", b"5.", b"\xd9\xa3"),
]


def damaged(chance: random.Random, body: bytes) -> bytes:
    data = bytearray(body)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 if data:
                data[min(at, len(data) - 1)] = chance.randrange(256)
            case 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                del data[at : at + chance.choice([1, 1, 2, 5, 20])]
            case 3:
                data[at:at] = data[max(0, at - chance.randrange(12)) : at]
            case _:
                data[at : at + chance.randrange(6)] = chance.choice(PIECES)
    return bytes(data)


def value(chance: random.Random, name: str) -> Any:
    if chance.random() < 0.2:
        return None
    return round(chance.gammavariate(2, 60), 2) if name == "transaction_volume" else chance.randrange(LIMITS[name] + 1)


def row(chance: random.Random) -> dict[str, Any]:
    found = {name: value(chance, name) for name in LIMITS if chance.random() < 0.9}
    return {"customer_id": "C-é1", **found} if chance.random() < 0.3 else found


def legal(found: Any) -> dict[str, Any]:
    """The contract by hand, without any of the service's code: the row, or an assertion about what is wrong with it."""
    assert isinstance(found, dict)
    assert set(found) & set(LIMITS) or set(found) <= KNOWN
    assert isinstance(found.get("customer_id", ""), str | None)
    values: dict[str, Any] = {}
    for name, limit in LIMITS.items():
        item = found.get(name)
        if isinstance(item, str):
            assert item.strip(BLANKS).lower() in MISSING, found
            item = None
        assert item is None or (isinstance(item, int | float) and not isinstance(item, bool) and 0 <= item <= limit)
        assert item is None or name == "transaction_volume" or item == int(item)
        values[name] = item
    return values


def scores_of(booster: xgb.Booster, rows: list[dict[str, Any]]) -> list[float]:
    import numpy as np

    features = [row_function(CHURN)(item) for item in rows]
    return booster.inplace_predict(np.array(features, dtype=np.float64).astype(np.float32)).tolist()


def test_damaged_json(app: Service, booster: xgb.Booster) -> None:
    chance = random.Random(1)  # noqa: S311 - reproducible damage
    counts: dict[int, int] = {}
    accepted: list[tuple[list[dict[str, Any]], list[float]]] = []
    for _ in range(COUNT):
        rows = [row(chance) for _ in range(chance.choice([1, 1, 2, 5]))]
        form = chance.randrange(3)
        original = json.dumps(rows[0] if form == 0 else rows if form == 1 else {"instances": rows}, ensure_ascii=False)
        body = damaged(chance, original.encode())
        answer = app.answer(Request([(b"content-type", b"application/json")]), body)
        counts[answer.status] = counts.get(answer.status, 0) + 1
        document = json.loads(answer.body)
        if answer.status != 200:
            assert document["error"]["message"], body
            continue
        sent = json.loads(body)
        items = sent if isinstance(sent, list) else sent.get("instances", [sent])
        predictions = document.get("predictions", [document])
        accepted.append(([legal(item) for item in items], [prediction["score"] for prediction in predictions]))
    assert set(counts) == {200, 400, 422}
    assert min(counts.values()) > 500
    expected = scores_of(booster, [item for items, _ in accepted for item in items])
    assert [score for _, scores in accepted for score in scores] == expected


def cell(name: str, text: str) -> Any:
    """One CSV cell by the rules of the documentation, by hand."""
    text = text.strip(BLANKS)
    if text.lower() in MISSING:
        return None
    number = float(text)
    assert text.isascii()
    assert "_" not in text
    assert 0 <= number <= LIMITS[name]
    assert name == "transaction_volume" or number == int(number)
    return number


def headed(text: str) -> tuple[list[str], list[list[str]]]:
    """The names of the cells of a CSV body and its lines."""
    first, rest = (*re.split(r"\r\n|\r|\n", text, maxsplit=1), "")[:2]
    for delimiter in ",;\t|":
        with contextlib.suppress(csv.Error):
            names = [name.strip() for name in next(csv.reader([first], strict=True, delimiter=delimiter))]
            found = KNOWN & set(names)
            if len(found) > 1 or (found and found == set(names)):
                return names, list(csv.reader(io.StringIO(rest, newline=""), strict=True, delimiter=delimiter))
    return list(LIMITS), list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_damaged_csv(app: Service, booster: xgb.Booster) -> None:
    chance = random.Random(2)  # noqa: S311 - reproducible damage
    counts: dict[int, int] = {}
    accepted: list[tuple[list[dict[str, Any]], list[float]]] = []
    for _ in range(COUNT):
        names = list(LIMITS)
        header = chance.random() < 0.4
        if header:
            chance.shuffle(names)
            names = names[: chance.randint(1, 3)]
        lines = [
            ",".join("" if (v := value(chance, name)) is None else str(v) for name in names)
            for _ in range(chance.choice([1, 2, 5]))
        ]
        original = "\n".join([",".join(names), *lines] if header else lines) + chance.choice(["", "\n", "\r\n"])
        body = damaged(chance, original.encode())
        answer = app.answer(Request([(b"content-type", b"text/csv")]), body)
        counts[answer.status] = counts.get(answer.status, 0) + 1
        if answer.status != 200:
            assert json.loads(answer.body)["error"]["message"], body
            continue
        order, table = headed(body.decode("utf-8-sig").rstrip("\r\n"))
        rows = []
        for cells in table:
            if not cells and len(order) > 1:
                continue
            while header and len(cells) > len(order) and not cells[-1]:
                cells.pop()  # a delimiter after a row
            assert len(cells) == len(order), body
            found = {n: cell(n, text) for n, text in zip(order, cells, strict=True) if n in LIMITS}
            rows.append({name: found.get(name) for name in LIMITS})
        accepted.append((rows, [float(line.split(b",")[0]) for line in answer.body.splitlines()]))
    assert set(counts) == {200, 400, 422}
    assert counts[200] > 1000
    assert counts[422] > 1000
    expected = scores_of(booster, [item for items, _ in accepted for item in items])
    assert [score for _, scores in accepted for score in scores] == expected
    assert all(map(math.isfinite, expected))


def test_damaged_headers(app: Service) -> None:
    chance = random.Random(3)  # noqa: S311 - reproducible damage
    values = [b"application/json", b"text/csv; header=present", b"text/csv;charset=utf-8", b"*/*", b"text/*;q=0.1, a/b"]
    names = [b"content-type", b"accept", b"content-encoding", b"x-request-id", b"x-amzn-sagemaker-custom-attributes"]
    counts: dict[int, int] = {}
    for _ in range(5000):
        headers = [(name, damaged(chance, chance.choice(values))) for name in names if chance.random() < 0.6]
        status = app.answer(Request(headers), b'{"support_tickets": 1}').status
        counts[status] = counts.get(status, 0) + 1
    assert set(counts) <= {200, 400, 406, 415, 422}
    assert counts[415] > 100


def test_over_http_too(service: Running) -> None:
    """Some of the same over real connections: each gets one answer, and the service is well afterwards."""
    chance = random.Random(4)  # noqa: S311 - reproducible damage
    for _ in range(500):
        kind = chance.choice(["application/json", "text/csv"])
        body = damaged(chance, json.dumps(row(chance)).encode() if kind == "application/json" else b"1,2.5,3\n,,\n")
        assert service.request("POST", "/invocations", body, content_type=kind).status in (200, 400, 422)
    assert service.request("GET", "/ping").status == 200
    assert "prediction failed" not in service.log.read_text()
