"""Data capture: what an endpoint was asked and answered, as SageMaker writes it to S3.

JSON lines of `{captureData, eventMetadata, eventVersion}` at
`<DestinationS3Uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/<mm-ss-mmm-uuid>.jsonl`, several records a file, by the hour of
the inference. A body is captured as text where `CaptureContentTypeHeader` names its content type as CSV or JSON, else
in base64 (API reference, DataCaptureConfig: "If no headers are specified SageMaker will by default base64 encode").
"""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local.emulator.context import Context

FLUSH_SECONDS = 1.0
RECORDS_PER_FILE = 1000
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer. `inference_id` and `custom_attributes` are the caller's, when given."""

    moment: datetime
    request_type: str
    request: bytes
    response_type: str
    response: bytes
    inference_id: str | None
    custom_attributes: str | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a record goes: records of one place and hour share files."""

    region: str
    prefix: str
    kms_key: str | None


def line(exchange: Exchange, config: dict[str, Any]) -> str:
    """The captured record, as far as the capture modes demand it."""
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    data: dict[str, Any] = {}
    if modes & {"Input", "InputAndOutput"}:
        data["endpointInput"] = _captured(exchange.request_type, "INPUT", exchange.request, config)
    if modes & {"Output", "InputAndOutput"}:
        data["endpointOutput"] = _captured(exchange.response_type, "OUTPUT", exchange.response, config)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if exchange.custom_attributes:
        metadata["customAttributes"] = [exchange.custom_attributes]
    if exchange.inference_id:
        metadata["inferenceId"] = exchange.inference_id
    metadata["inferenceTime"] = exchange.moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})


def _captured(content_type: str, mode: str, body: bytes, config: dict[str, Any]) -> dict[str, str]:
    encoding = encoding_of(content_type, config.get("CaptureContentTypeHeader") or {})
    text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", errors="replace")
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}


def encoding_of(content_type: str, header: dict[str, list[str]]) -> str:
    """`CSV`, `JSON` or `BASE64`; parameters of the content type (charset) do not matter."""
    media = content_type.partition(";")[0].strip().lower()
    if media in (kind.lower() for kind in header.get("CsvContentTypes", [])):
        return "CSV"
    if media in (kind.lower() for kind in header.get("JsonContentTypes", [])):
        return "JSON"
    return "BASE64"


class Capture:
    """Collects records of all endpoints and writes them to S3."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[Place, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._flushing = threading.Lock()

    def record(
        self, region: str, endpoint: str, variant: str, config: dict[str, Any] | None, exchange: Exchange
    ) -> None:
        """Take an exchange for the next flush, when the configuration wants it and the sample takes it."""
        if not config or not config.get("EnableCapture", True):
            return
        if random.random() * 100 >= config["InitialSamplingPercentage"]:  # noqa: S311  a sample, not a secret
            return
        hour = exchange.moment.strftime("%Y/%m/%d/%H")
        place = Place(
            region=region,
            prefix=f"{config['DestinationS3Uri'].rstrip('/')}/{endpoint}/{variant}/{hour}",
            kms_key=config.get("KmsKeyId"),
        )
        with self._lock:
            self._waiting[place].append(line(exchange, config))

    def flush(self) -> int:
        """Write what waits; the number of files written. When it returns, what another flush took is written too.

        What cannot be written goes on waiting, except where the bucket is gone: SageMaker drops that too.
        """
        with self._flushing:
            return self._flush()

    def _flush(self) -> int:
        with self._lock:
            waiting, self._waiting = self._waiting, defaultdict(list)
        files = [(place, lines) for place, all_lines in waiting.items() for lines in _chunks(all_lines)]
        written = 0
        try:
            for place, lines in files:
                try:
                    self._write(place, lines)
                except ClientError as error:
                    if error.response["Error"]["Code"] != "NoSuchBucket":
                        raise
                    _logger.warning("%d captured records dropped: there is no bucket for %s", len(lines), place.prefix)
                written += 1
        finally:
            with self._lock:
                for place, lines in files[written:]:
                    self._waiting[place][:0] = lines
        return written

    def _write(self, place: Place, lines: list[str]) -> None:
        bucket, _, prefix = place.prefix.removeprefix("s3://").partition("/")
        now = datetime.now(UTC)
        name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": place.kms_key} if place.kms_key else {}
        body = ("\n".join(lines) + "\n").encode()
        self._context.client("s3", place.region).put_object(
            Bucket=bucket, Key=f"{prefix}/{name}", Body=body, **encryption
        )


def _chunks(lines: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(lines), RECORDS_PER_FILE):
        yield lines[start : start + RECORDS_PER_FILE]


def install(context: Context) -> Capture:
    """Flush as long as the emulator lives."""
    capture = Capture(context)
    context.ticker.every(FLUSH_SECONDS, capture.flush)
    return capture
