"""Capture by the service itself, where SageMaker captures nothing: what was asked and answered, in S3.

The records and their places are those of SageMaker's data capture (developer guide, "Capture data from a real-time
endpoint"): JSON lines at `<uri>/yyyy/mm/dd/hh/<mm-ss-mmm-uuid>.jsonl`, `<uri>` ending in `<endpoint>/<variant>`; so
whoever reads the one reads the other. Of several models each has its own place, as a variant would: `<uri>` ends in
`<endpoint>` there. Requests that were refused are not captured.

Records wait in a bounded queue. A thread writes them every few seconds; or, for a container that is frozen once it has
answered, they are written before the answer is. What S3 does not take goes on waiting; what finds the queue full is
dropped, counted and logged.
"""

from __future__ import annotations

import base64
import logging
import os
import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote, urlsplit

import msgspec

from contracts import partitions
from workloads.inference.aws import UNANSWERED, Client
from workloads.inference.metrics import Metrics
from workloads.inference.request import ATTRIBUTES, INFERENCE_ID, Headers, Request
from workloads.inference.settings import Settings
from workloads.inference.writer import CSV, JSON

MAX_WAITING_BYTES = 16 * 1024 * 1024
RECORD_BYTES = 500  # what a record takes beside the two bodies
TIMEOUT_S = 2.0
RETRY_S = 10.0  # after a failure, so that answers which wait for S3 do not all wait for it while it is away
_TEXTS = {CSV: "CSV", JSON: "JSON"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, when it was answered, by which of several models ("" for the only one), and what of
    the headers is captured.
    """

    moment: datetime
    model: str
    headers: Headers
    asked_type: bytes
    asked: bytes
    answered_type: bytes
    answered: bytes

    @property
    def place(self) -> str:
        """Where it belongs below the prefix: the hour, behind the model."""
        return f"{self.model}/{self.moment:%Y/%m/%d/%H}".lstrip("/")

    @property
    def size(self) -> int:
        """What it takes of the queue, in bytes."""
        return RECORD_BYTES + len(self.asked) + len(self.answered)

    def line(self) -> bytes:
        """The captured record."""
        metadata: dict[str, object] = {"eventId": str(uuid.uuid4())}
        for name, value in self.headers:
            if name == ATTRIBUTES:
                metadata["customAttributes"] = [value.decode("latin-1")]
            elif name == INFERENCE_ID:
                metadata["inferenceId"] = value.decode("latin-1")
        metadata["inferenceTime"] = self.moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        data = {
            "endpointInput": _captured(self.asked_type, "INPUT", self.asked),
            "endpointOutput": _captured(self.answered_type, "OUTPUT", self.answered),
        }
        return msgspec.json.encode({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})


def _captured(kind: bytes, mode: str, body: bytes) -> dict[str, str]:
    encoding = _TEXTS.get(kind.partition(b";")[0].strip().lower(), "BASE64")
    try:
        text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
    except UnicodeDecodeError:  # a CSV in another encoding: what was asked is to be read again
        encoding, text = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": kind.decode("latin-1"), "mode": mode, "data": text, "encoding": encoding}


class Capture:
    """The capture of one worker. Give it exchanges from any thread, and `close` it before the process ends.

    `before_answer` says that `record` writes before it returns, so that it must not be called on the event loop.
    """

    @classmethod
    def from_settings(cls, settings: Settings, metrics: Metrics) -> Self | None:
        """The capture that the settings name, or None."""
        return cls(settings, metrics) if settings.capture_uri and settings.capture_percent else None

    def __init__(self, settings: Settings, metrics: Metrics, environment: Mapping[str, str] = os.environ) -> None:
        self.before_answer = not settings.capture_seconds
        self._settings, self._metrics = settings, metrics
        place = urlsplit(settings.capture_uri)
        self._prefix = f"{place.path.strip('/')}/"
        host = f"https://{place.netloc}.s3.{settings.region}.{partitions.of(settings.region).dns_suffix}"
        if settings.s3_endpoint:
            host, self._prefix = settings.s3_endpoint, f"{place.netloc}/{self._prefix}"
        self._client = Client("s3", host, region=settings.region, timeout_s=TIMEOUT_S, environment=environment)
        self._waiting: list[Exchange] = []
        self._bytes = self._lost = 0
        self._not_before = 0.0
        self._changed = threading.Condition()  # guards the queue and the counters
        self._writing = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None

    def record(self, request: Request, body: bytes, kind: bytes, answer: bytes) -> None:
        """Take an answered request, if the sample does: put it in the queue, or drop and count it."""
        percent = self._settings.capture_percent
        if percent < 100 and random.random() * 100 >= percent:  # noqa: S311 - a sample, not a secret
            return
        asked_type = request.content_type or b"application/octet-stream"
        model = request.model if self._settings.multi_model else ""
        exchange = Exchange(datetime.now(UTC), model, request.echo, asked_type, body, kind, answer)
        with self._changed:
            self._keep(exchange)
            if not self.before_answer:
                self._start()
                if self._bytes > MAX_WAITING_BYTES // 2:
                    self._changed.notify()
        if self.before_answer:
            self.flush()

    def flush(self, *, last: bool = False) -> None:
        """Write what waits. After a failure nothing is tried for a while, unless it is the `last` time."""
        with self._writing:
            with self._changed:
                if not last and time.monotonic() < self._not_before:
                    return
                exchanges, self._waiting = self._waiting, []
            places: dict[str, list[Exchange]] = defaultdict(list)
            for exchange in exchanges:
                places[exchange.place].append(exchange)
            for place, mine in places.items():
                self._write(place, mine)
            self._tell_lost()

    def close(self) -> None:
        """Write what waits, and count what cannot be written as dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self.flush(last=True)
        with self._changed:
            self._drop(len(self._waiting))
            self._waiting, self._bytes = [], 0
        self._tell_lost()

    # ---- the queue, whose lock the caller holds ----

    def _keep(self, exchange: Exchange) -> None:
        """What is being written counts until it is: it may come back."""
        if self._bytes + exchange.size > MAX_WAITING_BYTES:
            self._drop(1)
        else:
            self._waiting.append(exchange)
            self._bytes += exchange.size

    def _drop(self, count: int) -> None:
        self._lost += count
        self._metrics.add("capture_dropped", count)

    def _tell_lost(self) -> None:
        with self._changed:
            lost, self._lost = self._lost, 0
        if lost:
            _log.error("captured records dropped", extra={"records": lost, "uri": self._settings.capture_uri})

    # ---- writing ----

    def _start(self) -> None:
        """The thread, at the first record: one that was there before a fork would not be there after it."""
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            with self._changed:
                self._changed.wait_for(self._is_due, self._settings.capture_seconds)
            self.flush()

    def _is_due(self) -> bool:
        """Whether not to wait any longer: the process ends, or the queue fills."""
        return self._closed or (self._bytes > MAX_WAITING_BYTES // 2 and time.monotonic() >= self._not_before)

    def _write(self, place: str, exchanges: list[Exchange]) -> None:
        """One file of one model and hour. What S3 does not take goes back into the queue."""
        now = datetime.now(UTC)
        key = f"{self._prefix}{place}/{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        headers = {"content-type": "application/x-ndjson"}
        if self._settings.capture_kms_key:
            headers["x-amz-server-side-encryption"] = "aws:kms"
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = self._settings.capture_kms_key
        body = b"".join(exchange.line() + b"\n" for exchange in exchanges)
        try:
            status, text = self._client.call("PUT", f"/{quote(key)}", body=body, headers=headers)
            reason = "" if status == 200 else f"S3 answered {status}: {text[:200].decode(errors='replace')}"
        except UNANSWERED as error:
            reason = f"S3 cannot be reached ({error or type(error).__name__})"
        except ValueError as error:  # a key or credentials that no header can hold
            reason = f"S3 cannot be asked ({error})"
        with self._changed:
            if not reason:
                self._metrics.add("captured", len(exchanges))
                self._bytes -= sum(exchange.size for exchange in exchanges)
                return
            self._not_before = time.monotonic() + RETRY_S
            self._waiting = [*exchanges, *self._waiting]
        extra = {"records": len(exchanges), "uri": self._settings.capture_uri, "reason": reason}
        _log.warning("captured records wait, for they cannot be written", extra=extra)
