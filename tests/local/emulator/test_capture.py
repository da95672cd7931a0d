from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local.emulator.context import Context
from local.emulator.sagemaker import invocation_metrics, offline_store
from local.emulator.sagemaker.capture import Capture, Exchange, encoding_of, line
from local.emulator.sagemaker.invocation_metrics import Invocation, InvocationMetrics, Served

HEADER = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]


def exchange(**more: Any) -> Exchange:
    values: dict[str, Any] = {
        "moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "request_type": "text/csv",
        "request": b"1,2,3",
        "response_type": "application/json; charset=utf-8",
        "response": b'{"score": 0.5}',
        "inference_id": None,
        "custom_attributes": None,
    }
    return Exchange(**(values | more))


def record(exchanged: Exchange, **config: Any) -> dict[str, Any]:
    values = {"CaptureOptions": BOTH, "CaptureContentTypeHeader": HEADER}
    return json.loads(line(exchanged, values | config))


def test_a_record_has_the_documented_layout() -> None:
    found = record(exchange())
    assert found.pop("eventMetadata").keys() == {"eventId", "inferenceTime"}
    assert found == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "1,2,3",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "application/json; charset=utf-8",
                "mode": "OUTPUT",
                "data": '{"score": 0.5}',
                "encoding": "JSON",
            },
        },
        "eventVersion": "0",
    }


def test_what_the_caller_gave_is_in_the_metadata() -> None:
    metadata = record(exchange(inference_id="order-1", custom_attributes="c=1"))["eventMetadata"]
    assert metadata["inferenceId"] == "order-1"
    assert metadata["customAttributes"] == ["c=1"]
    assert metadata["inferenceTime"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
)
def test_capture_modes(modes: list[str], expected: set[str]) -> None:
    options = [{"CaptureMode": mode} for mode in modes]
    assert record(exchange(), CaptureOptions=options)["captureData"].keys() == expected


def test_without_a_header_configuration_everything_is_base64() -> None:
    data = record(exchange(request=b"\xff\x00"), CaptureContentTypeHeader=None)["captureData"]["endpointInput"]
    assert data["encoding"] == "BASE64"
    assert base64.b64decode(data["data"]) == b"\xff\x00"


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [("text/csv", "CSV"), ("Text/CSV; header=present", "CSV"), ("application/json", "JSON"), ("image/png", "BASE64")],
)
def test_encoding_follows_the_content_type(content_type: str, encoding: str) -> None:
    assert encoding_of(content_type, HEADER) == encoding


class Slow:
    """A write that takes until `released`; `written` counts those that are done."""

    def __init__(self) -> None:
        self.begun, self.released, self.written = threading.Event(), threading.Event(), 0

    def __call__(self, *_: object, **__: object) -> None:
        self.begun.set()
        assert self.released.wait(60)
        self.written += 1

    def seen_by_another(self, flush: Callable[[], object]) -> int:
        """How many writes are done when a flush returns that began while another one was writing."""
        first = threading.Thread(target=flush)
        first.start()
        assert self.begun.wait(60)
        seen: list[int] = []
        asked = threading.Event()
        second = threading.Thread(target=lambda: (asked.set(), flush(), seen.append(self.written)))
        second.start()
        assert asked.wait(60)
        second.join(0.2)  # long enough to return, if it would not wait
        self.released.set()
        first.join()
        second.join()
        return seen[0]


def test_a_flush_waits_for_what_another_one_is_writing() -> None:
    slow = Slow()
    capture = Capture(cast("Context", SimpleNamespace(client=lambda *_: SimpleNamespace(put_object=slow))))
    config = {"DestinationS3Uri": "s3://b/p", "InitialSamplingPercentage": 100, "CaptureOptions": BOTH}
    capture.record("eu-west-1", "churn", "champion", config, exchange())
    assert slow.seen_by_another(capture.flush) == 1


def test_a_publication_of_metrics_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, metrics = Slow(), InvocationMetrics()
    backends = {"1": {"eu-west-1": SimpleNamespace(put_metric_data=slow)}}
    monkeypatch.setattr(invocation_metrics, "cloudwatch_backends", backends)
    served = Served(account="1", region="eu-west-1", endpoint="churn", variant="champion", config="c")
    metrics.add(served, Invocation(status=200, instances=1, model_seconds=0.1, overhead_seconds=0.1))
    assert slow.seen_by_another(metrics.publish) == 1


def test_a_flush_of_offline_records_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, backend = Slow(), SimpleNamespace(region_name="eu-west-1")
    monkeypatch.setattr(offline_store, "sagemaker_backends", {"1": {"eu-west-1": backend}})
    monkeypatch.setattr(offline_store, "_write", slow)
    group: Any = SimpleNamespace(arn="arn:1", is_iceberg=False)
    offline_store.append(cast("Any", backend), group, {}, 0.0, deleted=False)
    assert slow.seen_by_another(lambda: offline_store.flush(cast("Context", None))) == 1
