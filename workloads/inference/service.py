"""The HTTP interface as a plain ASGI application: routes, limits, back pressure, and the answers to everything else.

A request costs one pass over its headers, one typed decode, one score and one encode; what a framework would add to
that (routing tables, dependency injection, middleware) costs more than the model. One worker process is one event loop:
small requests are scored on it, large ones on one thread beside it. The commonest request of all, a small body that
arrives in one piece, does not even come this way: `protocol` hands it to `answer` directly.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec

from workloads.inference.errors import Refused
from workloads.inference.metrics import Metrics
from workloads.inference.model import Model
from workloads.inference.request import Headers, Request
from workloads.inference.scoring import Scorer
from workloads.inference.settings import Settings
from workloads.inference.writer import JSON

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PREDICT_PATHS = ("/invocations", "/v1/predict")
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"
_CLOSE = ((b"connection", b"close"),)
_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """A response: status, media type, body and headers of its own."""

    status: int
    kind: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Service:
    """The ASGI application of one worker. The model may be exchanged at any time: a request uses one to its end."""

    def __init__(self, model: Model, settings: Settings, metrics: Metrics) -> None:
        self.settings, self.metrics = settings, metrics
        self.draining = False
        self.set_model(model)
        self._batches = ThreadPoolExecutor(1, thread_name_prefix="batch")
        self._queued = 0
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._incomplete = 0
        self._routes: dict[str, Callable[[], Answer]] = {
            "/ping": self._ready,
            "/ready": self._ready,
            "/health": lambda: Answer(200, JSON, b'{"status":"ok"}'),
            "/metrics": lambda: Answer(200, _TEXT, self.metrics.prometheus(self._model_labels())),
            "/v1/status": self._status,
        }

    def set_model(self, model: Model) -> None:
        """Serve `model` from the next request on."""
        self.model, self.scorer = model, Scorer(model, self.settings, self.metrics)
        self._version_header = (b"x-model-version", model.version.encode())

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"{scope['type']!r} is found; only 'http' is served")
        request = Request(scope["headers"], scope["query_string"])
        path, method = scope["path"], scope["method"]
        if path in PREDICT_PATHS:
            answer = await self._predict(request, path, method, receive)
        else:
            answer = self._plain(request, path, method)
        headers = self.headers(request, answer)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})

    def headers(self, request: Request, answer: Answer) -> Headers:
        """All headers of a response."""
        headers: Headers = [
            (b"content-type", answer.kind),
            (b"content-length", b"%d" % len(answer.body)),
            self._version_header,
            *request.echo,
            *answer.headers,
        ]
        if self.draining and answer.headers != _CLOSE:
            headers += _CLOSE
        return headers

    # ---- everything but predictions ----

    def respond(self, request: Request, method: str, path: str, body: bytes) -> Answer:
        """The answer to a whole request of any size and path, at once: for callers that are not a server."""
        if path not in PREDICT_PATHS:
            return self._plain(request, path, method)
        try:
            _check_method(method, path, "POST")
            _check_size(len(body), self.settings.max_body_bytes)
        except Refused as refusal:
            return refused(refusal, request)
        return self.answer(request, body)

    def _plain(self, request: Request, path: str, method: str) -> Answer:
        try:
            route = self._route(path)
            _check_method(method, path, "GET", "HEAD")
            return route()
        except Refused as refusal:
            return refused(refusal, request)

    def _route(self, path: str) -> Callable[[], Answer]:
        if path not in self._routes:
            known = ", ".join((*PREDICT_PATHS, *self._routes))
            raise Refused(404, "no_such_path", f"{path[:100]!r} is found; there are {known}")
        return self._routes[path]

    def _ready(self) -> Answer:
        if self.draining:
            return Answer(503, JSON, b'{"status":"draining"}')
        return Answer(200, JSON, b'{"status":"ready"}')

    def _status(self) -> Answer:
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
        return Answer(200, JSON, msgspec.json.encode(document))

    def _model_labels(self) -> dict[str, str]:
        model = self.model
        return {"version": model.version, "name": model.contract.name, "predictor": model.predictor.name}

    # ---- predictions ----

    def answer(self, request: Request, body: bytes) -> Answer:
        """The answer to a small prediction request, at once."""
        try:
            kind, text = self.scorer.answer(request, body)
            answer = Answer(200, kind, text)
        except Refused as refusal:
            answer = refused(refusal, request)
        except Exception:  # noqa: BLE001 - one request's failure is logged and answered; the worker goes on
            answer = _failed(request)
        self.observe(request, answer.status)
        return answer

    def observe(self, request: Request, status: int) -> None:
        """Count, and log if asked to, an answered prediction request."""
        seconds = time.perf_counter() - request.started
        self.metrics.observe(status, seconds)
        if self.settings.access_log:
            entry = {"request_id": request.text_id, "status": status, "milliseconds": round(1000 * seconds, 3)}
            _log.info("prediction", extra={**entry, "model_version": self.model.version})

    async def _predict(self, request: Request, path: str, method: str, receive: Receive) -> Answer:
        try:
            _check_method(method, path, "POST")
            body = await self._body(request, receive)
            if self.scorer.is_small(request, body):
                return self.answer(request, body)
            kind, text = await self._batch(request, body)
            answer = Answer(200, kind, text)
        except Refused as refusal:
            answer = refused(refusal, request)
        except Exception:  # noqa: BLE001 - as in `answer`
            answer = _failed(request)
        self.observe(request, answer.status)
        return answer

    async def _batch(self, request: Request, body: bytes) -> tuple[bytes, bytes]:
        """The answer to a large request, from the batch thread; 429 if too many wait for it."""
        if self._queued >= self.settings.max_queued_batches:
            raise _busy(f"{self._queued} large requests are waiting, which is the most allowed")
        self._queued += 1
        self.metrics.add("queued_batches")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._batches, self.scorer.answer, request, body)
        finally:
            self._queued -= 1
            self.metrics.add("queued_batches", -1)

    def admit(self) -> None:
        """Count a request that is not complete yet. Raises Refused 429 if there are too many."""
        if self._incomplete >= self.settings.max_in_flight:
            raise _busy(f"{self._incomplete} requests are being received, which is the most allowed")
        self._incomplete += 1
        self.metrics.add("receiving")

    def release(self) -> None:
        """The request that `admit` counted is complete, or has ended."""
        self._incomplete -= 1
        self.metrics.add("receiving", -1)

    async def _body(self, request: Request, receive: Receive) -> bytes:
        """The whole body, within the limits of size (413), time (408) and requests at once (429)."""
        limit = self.settings.max_body_bytes
        _check_size(int(request.content_length or 0), limit)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - an ASGI server runs each request in a task
        self.admit()
        self._deadlines[task] = deadline = request.started + self.settings.request_seconds
        try:
            return await _receive(receive, limit)
        except asyncio.CancelledError:
            if time.perf_counter() < deadline:  # the server is stopping; it was not `give_up_late`
                raise
            task.uncancel()
            message = f"the body did not arrive within {self.settings.request_seconds:g} s"
            raise Refused(408, "request_timeout", message, headers=_CLOSE) from None
        finally:
            del self._deadlines[task]
            self.release()

    def give_up_late(self, now: float) -> None:
        """End the wait for bodies that are overdue."""
        for task, deadline in self._deadlines.items():
            if now >= deadline:
                task.cancel()


def refused(refusal: Refused, request: Request) -> Answer:
    """The response for a refusal."""
    return Answer(refusal.status, JSON, refusal.body(request.text_id), refusal.headers)


def _failed(request: Request) -> Answer:
    """For the exception being handled."""
    _log.exception("prediction failed", extra={"request_id": request.text_id})
    message = "the service failed on this request; its log has the request id"
    return refused(Refused(500, "internal_error", message), request)


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
    _check_size(len(body), limit)
    return body


def _check_method(method: str, path: str, *allowed: str) -> None:
    if method not in allowed:
        names = ", ".join(allowed)
        message = f"{method} is found; {path} allows {names}"
        raise Refused(405, "method_not_allowed", message, headers=((b"allow", names.encode()),))


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        message = f"a body of {size} bytes or more is found, at most {limit} are allowed; split the request"
        raise Refused(413, "body_too_large", message, headers=_CLOSE)


def _busy(why: str) -> Refused:
    return Refused(429, "too_many_requests", f"{why}; try again", headers=((b"retry-after", b"1"),))
