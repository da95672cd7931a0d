"""Whatever the service answered with scores, drift reads from what was captured of it: the same rows and scores."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.workloads.drift.live import CHURN, record
from tests.workloads.inference import serving
from tests.workloads.inference.test_hostile_bodies import LIMITS, damaged, row, value
from workloads.drift.capture import read
from workloads.inference import model
from workloads.inference.metrics import Metrics
from workloads.inference.request import Request
from workloads.inference.service import Service
from workloads.inference.settings import Settings

COUNT = 4000


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Service:
    directory: Path = tmp_path_factory.mktemp("answered") / "model"
    serving.make_package(directory)
    return Service(model.load(directory, max_rows=100), Settings(), Metrics())


def part(body: bytes, kind: bytes, *, as_text: bool) -> dict[str, str]:
    encoding = ("CSV" if kind == b"text/csv" else "JSON") if as_text else "BASE64"
    data = body.decode() if as_text else base64.b64encode(body).decode()
    return {"observedContentType": kind.decode(), "mode": "INPUT", "data": data, "encoding": encoding}


def as_json(chance: random.Random) -> bytes:
    rows = [row(chance) for _ in range(chance.choice([1, 2, 5]))]
    return json.dumps(rows[0] if len(rows) == 1 else {"instances": rows}).encode()


def as_csv(chance: random.Random) -> bytes:
    names = [name for name in LIMITS if chance.random() < 0.9] or list(LIMITS)
    rows: list[list[Any]] = [[value(chance, name) for name in names] for _ in range(chance.choice([1, 2, 5]))]
    lines = [",".join("" if v is None else str(v) for v in cells) for cells in rows]
    return chance.choice(["\n", "\r\n", "\r"]).join([",".join(names), *lines]).encode()


@pytest.mark.parametrize(("kind", "make"), [(b"application/json", as_json), (b"text/csv", as_csv)])
def test_what_was_answered_is_read(app: Service, kind: bytes, make: Any) -> None:
    chance = random.Random(5)  # noqa: S311 - reproducible damage
    lines: list[str] = []
    scores: list[float] = []
    for number in range(COUNT):
        body = damaged(chance, make(chance)) if number % 4 else make(chance)
        accept = chance.choice([b"application/json", b"text/csv"])
        answer = app.answer(Request([(b"content-type", kind), (b"accept", accept)]), body)
        if answer.status == 200:
            as_text = chance.random() < 0.5
            asked, answered = (part(b, k, as_text=as_text) for b, k in ((body, kind), (answer.body, answer.kind)))
            lines.append(record(asked, answered))
            document = json.loads(answer.body) if answer.kind == b"application/json" else None
            predictions = (document or {}).get("predictions", [document])
            texts = answer.body.decode().splitlines()
            scores += [p["score"] for p in predictions] if document else [float(t.split(",")[0]) for t in texts]
    captured = read(lines, CHURN)
    assert len(lines) > COUNT / 4
    assert dict(captured.unreadable) == {}
    assert captured.scores.tolist() == scores
