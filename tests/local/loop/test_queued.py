"""An application asks by S3: what counts as served, and what lets a minute pass."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.names import Names
from local.loop import LoopError, queued
from local.loop.queued import Queue

NAMES = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn").of_endpoint("bulk")
PLACE = "asynchronous/churn/churn-staging-bulk/"


class Service:
    """S3 and the runtime: answers each request as `reply` says, once it was woken as often as it wants."""

    def __init__(self, reply: Any, *, naps: int = 0) -> None:
        self.objects: dict[str, bytes] = {}
        self.reply, self.naps, self.woken = reply, naps, 0

    @property
    def exceptions(self) -> Any:
        return SimpleNamespace(NoSuchKey=KeyError)

    def wake(self) -> None:
        self.woken += 1

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        assert Bucket == "123456789012-staging-ai-processed-data"
        self.objects[Key] = Body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        side, _, key = Key.removeprefix(PLACE).partition("/")
        answer = self.reply(json.loads(self.objects[f"{PLACE}requests/{key}"])) if self.woken >= self.naps else None
        if answer is None or answer[0] != side:
            raise KeyError(Key)
        return {"Body": io.BytesIO(json.dumps(answer[1]).encode())}

    def invoke_endpoint_async(self, *, EndpointName: str, InputLocation: str, ContentType: str) -> dict[str, str]:  # noqa: N803
        assert (EndpointName, ContentType) == ("churn-staging-bulk", "application/json")
        return {
            f"{side}Location": InputLocation.replace("/requests/", f"/{place}/")
            for side, place in (("Output", "predictions"), ("Failure", "failures"))
        }


def asked(service: Service, rows: int, *, each: int = 2) -> dict[int, int]:
    queue = Queue(NAMES, s3=service, runtime=service, wake=service.wake)
    return dict(queue.ask([b'{"a": %d}' % row for row in range(rows)], rows=each).statuses)


def test_every_row_of_a_request_is_counted_by_what_became_of_it() -> None:
    service = Service(lambda rows: ("failures", {}) if {"a": 0} in rows else ("predictions", {"predictions": rows}))
    assert asked(service, 5) == {200: 3, 500: 2}
    assert sorted(len(json.loads(body)) for body in service.objects.values()) == [1, 2, 2]


def test_an_answer_of_fewer_rows_than_were_asked_is_an_error() -> None:
    with pytest.raises(LoopError, match="has not one prediction for each of the 2 rows"):
        asked(Service(lambda rows: ("predictions", {"predictions": rows[1:]})), 2)


def test_time_passes_for_a_request_that_waits_for_instances() -> None:
    service = Service(lambda rows: ("predictions", {"predictions": rows}), naps=2)
    assert asked(service, 1) == {200: 1}
    assert service.woken == 2


def test_a_request_that_is_never_answered_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queued, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(LoopError, match=r"nothing was at s3://.*/predictions/.* or s3://.*/failures/"):
        asked(Service(lambda _: None), 1)
