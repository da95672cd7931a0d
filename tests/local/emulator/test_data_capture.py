from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator import Emulator


@pytest.fixture
def captured(
    emulator: Emulator, serving: Any, runtime: Any, s3: Any, bucket: str, name: str
) -> Callable[..., list[tuple[str, dict[str, Any]]]]:
    """Sends requests to an endpoint with this capture configuration; (key, record) of what was captured."""

    def send(requests: int = 1, **changes: Any) -> list[tuple[str, dict[str, Any]]]:
        values = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{bucket}/data-capture/",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        }
        config = serving.config(name, {"champion": (serving.model(name), 1)}, DataCaptureConfig=values | changes)
        serving.endpoint(name, config)
        for n in range(requests):
            runtime.invoke_endpoint(EndpointName=name, Body=b"1,2", ContentType="text/csv", InferenceId=f"id-{n}")
        emulator.flush()
        found: list[tuple[str, dict[str, Any]]] = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"data-capture/{name}/"):
            for item in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
                found += [(item["Key"], json.loads(line)) for line in body.splitlines()]
        return found

    return send


def test_records_are_where_sagemaker_puts_them(captured: Any, name: str) -> None:
    found = captured(20)
    assert {record["eventMetadata"]["inferenceId"] for _, record in found} == {f"id-{n}" for n in range(20)}
    layout = rf"data-capture/{name}/champion/\d{{4}}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl"
    keys = {key for key, _ in found}
    assert all(re.fullmatch(layout, key) for key in keys)
    assert len(keys) < 20  # several records share a file
    data = found[0][1]["captureData"]
    assert (data["endpointInput"]["data"], data["endpointInput"]["encoding"]) == ("1,2", "CSV")
    assert data["endpointOutput"]["encoding"] == "JSON"
    assert json.loads(data["endpointOutput"]["data"])["model"] == name


def test_a_sample_of_half(captured: Any) -> None:
    assert 20 < len(captured(100, InitialSamplingPercentage=50)) < 80


@pytest.mark.parametrize("changes", [{"EnableCapture": False}, {"InitialSamplingPercentage": 0}])
def test_nothing_is_captured_when_nothing_is_wanted(captured: Any, changes: dict[str, Any]) -> None:
    assert captured(3, **changes) == []


def test_the_endpoint_tells_its_capture(sagemaker: Any, captured: Any, name: str, bucket: str) -> None:
    captured(0)
    assert sagemaker.describe_endpoint(EndpointName=name)["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/data-capture/",
        "KmsKeyId": "",
    }


def test_captured_data_are_encrypted_with_the_key(emulator: Emulator, captured: Any, s3: Any, bucket: str) -> None:
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    found = captured(1, KmsKeyId=key)
    head = s3.head_object(Bucket=bucket, Key=found[0][0])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
