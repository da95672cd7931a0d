"""The HTTP interface as a plain ASGI application: routes, limits, back pressure, and the answers to everything else.

A request costs one pass over its headers, one typed decode, one score and one encode; what a framework would add to
that (routing tables, dependency injection, middleware) costs more than the model. One worker process is one event loop:
small requests are scored on it, large ones on one thread beside it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from workloads.inference.errors import Refused
from workloads.inference.metrics import Metrics
from workloads.inference.model import Model
from workloads.inference.reader import Rows
from workloads.inference.request import Headers, Request
from workloads.inference.settings import Settings
from workloads.inference.writer import CSV, JSON, Writer, negotiate

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ExtraHeaders = tuple[tuple[bytes, bytes], ...]

PREDICT_PATHS = ("/invocations", "/v1/predict")
CHUNK_ROWS = 4096  # a batch looks at the clock between chunks of this size
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"
_CLOSE = ((b"connection", b"close"),)
_RETRY = ((b"retry-after", b"1"),)
_log = logging.getLogger(__name__)
_encode = msgspec.json.encode


class Kinds(NamedTuple):
    """The media types of a request's body and of its answer, and whether a CSV says it has a header."""

    read: bytes
    write: bytes
    header: bool | None


class Service:
    """The ASGI application of one worker. The model may be exchanged at any time: a request uses one to its end."""

    def __init__(self, model: Model, settings: Settings, metrics: Metrics) -> None:
        self.settings, self.metrics = settings, metrics
        self.draining = False
        self.set_model(model)
        self._batches = ThreadPoolExecutor(1, thread_name_prefix="batch")
        self._queued = 0
        self._receiving: dict[asyncio.Task[Any], float] = {}
        prefix, count = os.urandom(6).hex(), itertools.count(1)
        self._new_id = lambda: f"{prefix}-{next(count):x}".encode()
        self._routes: dict[str, Callable[[], tuple[int, bytes, bytes]]] = {
            "/ping": self._ready,
            "/ready": self._ready,
            "/health": lambda: (200, JSON, b'{"status":"ok"}'),
            "/metrics": lambda: (200, _TEXT, self.metrics.prometheus(self._model_labels())),
            "/v1/status": self._status,
        }

    def set_model(self, model: Model) -> None:
        """Serve `model` from the next request on."""
        self.model, self._writer = model, Writer(model)
        self._version_header = (b"x-model-version", model.version.encode())

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"{scope['type']!r} is found; only 'http' is served")
        request = Request(scope["headers"], self._new_id, self.settings.request_seconds)
        path, method = scope["path"], scope["method"]
        if path in PREDICT_PATHS:
            await self._predict(request, method, receive, send)
            return
        extra: ExtraHeaders = ()
        try:
            status, kind, body = self._plain(path, method)
        except Refused as refusal:
            status, kind, body, extra = refusal.status, JSON, refusal.body(request.text_id), refusal.headers
        await self._send(send, request, status, kind, body, extra, head=method == "HEAD")

    # ---- everything but predictions ----

    def _plain(self, path: str, method: str) -> tuple[int, bytes, bytes]:
        route = self._routes.get(path)
        if route is None:
            known = ", ".join((*PREDICT_PATHS, *self._routes))
            raise Refused(404, "no_such_path", f"{path[:100]!r} is found; there are {known}")
        _check_method(method, path, "GET", "HEAD")
        return route()

    def _ready(self) -> tuple[int, bytes, bytes]:
        if self.draining:
            return 503, JSON, b'{"status":"draining"}'
        return 200, JSON, b'{"status":"ready"}'

    def _status(self) -> tuple[int, bytes, bytes]:
        model, totals = self.model, self.metrics.totals()
        document = {
            "status": "draining" if self.draining else "ready",
            "model": {
                "version": model.version,
                "name": model.contract.name,
                "predictor": model.predictor.name,
                "threshold": model.threshold,
                "features": model.contract.feature_names,
                "dataset_version": model.metadata.get("dataset_version"),
                "xgboost_version": model.metadata.get("xgboost_version"),
            },
            "uptime_seconds": round(time.time() - self.metrics.started, 3),
            "predictions": int(totals.values["predictions"]),
            "workers": self.settings.workers,
            "pid": os.getpid(),
        }
        return 200, JSON, _encode(document)

    def _model_labels(self) -> dict[str, str]:
        model = self.model
        return {"version": model.version, "name": model.contract.name, "predictor": model.predictor.name}

    # ---- predictions ----

    async def _predict(self, request: Request, method: str, receive: Receive, send: Send) -> None:
        extra: ExtraHeaders = ()
        self.metrics.add("in_flight")
        try:
            _check_method(method, PREDICT_PATHS[0], "POST")
            read, header = request.media_type()
            kinds = Kinds(read, negotiate(request.accept, read), header)
            answer = await self._answer(request, kinds, await self._body(request, receive))
            status, kind = 200, kinds.write
        except Refused as refusal:
            status, kind, answer, extra = refusal.status, JSON, refusal.body(request.text_id), refusal.headers
        except Exception:  # noqa: BLE001 - one request's failure is logged and answered; the worker goes on
            _log.exception("prediction failed", extra={"request_id": request.text_id})
            refusal = Refused(500, "internal_error", "the service failed on this request; its log has the request id")
            status, kind, answer = 500, JSON, refusal.body(request.text_id)
        finally:
            self.metrics.add("in_flight", -1)
        self.metrics.observe(status, time.perf_counter() - request.started)
        if self.settings.access_log:
            self._log_request(request, status)
        await self._send(send, request, status, kind, answer, extra)

    async def _body(self, request: Request, receive: Receive) -> bytes:
        """The whole body, within the limits of size (413), time (408) and requests at once (429)."""
        limit = self.settings.max_body_bytes
        if request.content_length is not None and int(request.content_length) > limit:
            raise _too_large(int(request.content_length), limit)
        if len(self._receiving) >= self.settings.max_in_flight:
            raise _busy(f"{len(self._receiving)} requests are being received, which is the most allowed")
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - an ASGI server runs each request in a task
        self._receiving[task] = request.deadline
        try:
            return await _receive(receive, limit)
        except asyncio.CancelledError:
            if time.perf_counter() < request.deadline:  # the server is stopping; it was not `give_up_late`
                raise
            task.uncancel()
            message = f"the body did not arrive within {self.settings.request_seconds:g} s"
            raise Refused(408, "request_timeout", message, headers=_CLOSE) from None
        finally:
            del self._receiving[task]

    async def give_up_late(self) -> None:
        """Runs for the life of the worker: ends the wait for bodies that are overdue."""
        pause = min(1.0, self.settings.request_seconds / 4)
        while True:
            await asyncio.sleep(pause)
            now = time.perf_counter()
            for task, deadline in self._receiving.items():
                if now >= deadline:
                    task.cancel()

    async def _answer(self, request: Request, kinds: Kinds, body: bytes) -> bytes:
        if self._is_small(kinds.read, body):
            return self._compute(request, kinds, body)
        if self._queued >= self.settings.max_queued_batches:
            raise _busy(f"{self._queued} large requests are waiting, which is the most allowed")
        self._queued += 1
        self.metrics.add("queued_batches")
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._batches, self._compute, request, kinds, body)
        finally:
            self._queued -= 1
            self.metrics.add("queued_batches", -1)

    def _is_small(self, kind: bytes, body: bytes) -> bool:
        """Whether a body holds few enough rows to be scored on the event loop; an upper bound without parsing."""
        limit = self.settings.max_rows_inline
        return len(body) < 2 * limit or body.count(b"\n" if kind == CSV else b"{") <= limit + 1

    def _compute(self, request: Request, kinds: Kinds, body: bytes) -> bytes:
        model, writer = self.model, self._writer
        self._check_time(request)
        rows = model.reader.json(body) if kinds.read == JSON else model.reader.csv(body, header=kinds.header)
        if rows.single and kinds.write == JSON:
            score = model.predictor.one(rows.features[0])
            self.metrics.predicted(1, score >= writer.threshold)
            return writer.one(rows.entities[0], score)
        scores = self._scores(request, model, rows)
        self.metrics.predicted(len(scores), sum(score >= writer.threshold for score in scores))
        return writer.json(rows, scores) if kinds.write == JSON else writer.csv(scores)

    def _scores(self, request: Request, model: Model, rows: Rows) -> Sequence[float]:
        features = rows.features
        if len(features) <= CHUNK_ROWS:
            return model.predictor.many(features)
        scores: list[float] = []
        for start in range(0, len(features), CHUNK_ROWS):
            self._check_time(request)
            scores.extend(model.predictor.many(features[start : start + CHUNK_ROWS]))
        return scores

    def _check_time(self, request: Request) -> None:
        if time.perf_counter() > request.deadline:
            message = f"not answered within {self.settings.request_seconds:g} s; send fewer rows"
            raise Refused(503, "time_limit", message, headers=_RETRY)

    # ---- responses ----

    async def _send(
        self,
        send: Send,
        request: Request,
        status: int,
        kind: bytes,
        body: bytes,
        extra: ExtraHeaders = (),
        *,
        head: bool = False,
    ) -> None:
        headers: Headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            self._version_header,
            *request.echo,
            *extra,
        ]
        if self.draining and extra != _CLOSE:
            headers += _CLOSE
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})

    def _log_request(self, request: Request, status: int) -> None:
        entry = {
            "request_id": request.text_id,
            "status": status,
            "milliseconds": round(1000 * (time.perf_counter() - request.started), 3),
            "model_version": self.model.version,
        }
        _log.info("prediction", extra=entry)


async def _receive(receive: Receive, limit: int) -> bytes:
    """The parts of a body joined; stops at `limit` bytes."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body") and size <= limit:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise Refused(400, "disconnected", "the client went away before the body was complete")
    if len(body) > limit:
        raise _too_large(len(body), limit)
    return body


def _check_method(method: str, path: str, *allowed: str) -> None:
    if method not in allowed:
        names = ", ".join(allowed)
        message = f"{method} is found; {path} allows {names}"
        raise Refused(405, "method_not_allowed", message, headers=((b"allow", names.encode()),))


def _too_large(size: int, limit: int) -> Refused:
    message = f"a body of {size} bytes or more is found, at most {limit} are allowed; split the request"
    return Refused(413, "body_too_large", message, headers=_CLOSE)


def _busy(why: str) -> Refused:
    return Refused(429, "too_many_requests", f"{why}; try again", headers=_RETRY)
