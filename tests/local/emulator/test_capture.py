from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.emulator.sagemaker.capture import Exchange, encoding_of, line

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
