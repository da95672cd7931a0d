"""The HTTP interface as a plain ASGI application: routes, back pressure, and the answers to everything else.

A request costs one pass over its headers, one typed decode, one score and one encode; what a framework would add to
that (routing tables, dependency injection, middleware) costs more than the model. One worker process is one event loop:
small requests are scored on it, large ones on one thread beside it. The commonest request of all, a small body that
arrives in one piece, does not even come this way: `protocol` hands it to `answer` directly.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from weakref import WeakSet

import msgspec

from workloads.inference import openapi
from workloads.inference.capture import Capture
from workloads.inference.errors import CLOSE, Refused, busy
from workloads.inference.intake import Intake, Message, Receive, check_size
from workloads.inference.metrics import Metrics
from workloads.inference.model import Model
from workloads.inference.models import Models
from workloads.inference.online_store import OnlineStore
from workloads.inference.preprocess import Preprocessor
from workloads.inference.request import Headers, Request
from workloads.inference.scoring import MustWaitError, Scorer
from workloads.inference.settings import Settings
from workloads.inference.writer import JSON

Send = Callable[[Message], Awaitable[None]]

LOOKUP_THREADS = 8  # requests of one worker that wait for the online store at once
PREDICT_PATHS = ("/invocations", "/v1/predict")
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"
_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """A response: status, media type, body, the version of the model that gave it, and headers of its own."""

    status: int
    kind: bytes
    body: bytes
    version: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Service:
    """The ASGI application of one worker. The model may be exchanged at any time: a request uses one to its end.

    Without a model it is in multi-model mode: /models loads and unloads them, /models/NAME/invoke predicts.
    """

    def __init__(self, model: Model | None, settings: Settings, metrics: Metrics) -> None:
        self.settings, self.metrics = settings, metrics
        self.intake = Intake(settings, metrics)
        self.draining = False
        #: Connections that are accepted and whose TLS handshake is under way.
        self.arriving = WeakSet[Any]()
        self.models = None if model else Models(settings, metrics)
        self.store = OnlineStore.from_settings(settings)
        self.capture = Capture.from_settings(settings, metrics)
        self.scorer = self._scorer(model) if model else None
        self._batches = ThreadPoolExecutor(1, thread_name_prefix="batch")
        self._lookups = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="lookup")
        self._queued: Counter[str] = Counter()
        self._routes: dict[str, Callable[[], Answer]] = {
            "/ping": self._ready,
            "/ready": self._ready,
            "/health": lambda: Answer(200, JSON, b'{"status":"ok"}'),
            "/metrics": lambda: Answer(200, _TEXT, self.metrics.prometheus(self._model_labels())),
            "/v1/status": lambda: Answer(200, JSON, msgspec.json.encode(self._status())),
            "/openapi.json": lambda: Answer(200, JSON, openapi.document(self.scorer.model if self.scorer else None)),
        }

    def set_model(self, model: Model) -> None:
        """Serve `model` from the next request on."""
        self.scorer = self._scorer(model)

    def _scorer(self, model: Model) -> Scorer:
        kind = Preprocessor if self.settings.stage == "preprocess" else Scorer
        return kind(model, self.settings, self.metrics, self.store)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"{scope['type']!r} is found; only 'http' is served")
        request = Request(scope["headers"], scope["query_string"])
        path, method = scope["path"], scope["method"]
        try:
            if path in PREDICT_PATHS:
                answer = await self._predict(request, path, method, receive)
            elif self.models is not None and path.startswith("/models"):
                answer = await self._model_route(self.models, request, path, method, receive)
            else:
                answer = self._plain(path, method)
        except Refused as refusal:
            answer = refused(refusal, request, self.scorer)
        await send({"type": "http.response.start", "status": answer.status, "headers": self.headers(request, answer)})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})

    def headers(self, request: Request, answer: Answer) -> Headers:
        """All headers of a response."""
        headers: Headers = [(b"content-type", answer.kind), (b"content-length", b"%d" % len(answer.body))]
        if answer.version:
            headers.append((b"x-model-version", answer.version.encode()))
        headers += request.echo
        headers += answer.headers
        if self.draining and answer.headers != CLOSE:
            headers += CLOSE
        return headers

    # ---- everything but predictions ----

    def respond(self, request: Request, method: str, path: str, body: bytes) -> Answer:
        """The answer to a whole request of any size and path, at once: for callers that are not a server."""
        try:
            if path not in PREDICT_PATHS:
                return self._plain(path, method)
            _check_method(method, path, "POST")
            check_size(len(body), self.settings.max_body_bytes)
        except Refused as refusal:
            return refused(refusal, request, self.scorer)
        return self.answer(request, body, may_wait=True)

    def _plain(self, path: str, method: str) -> Answer:
        if path not in self._routes:
            more = ("/models",) if self.models is not None else ()
            known = ", ".join((*PREDICT_PATHS, *more, *self._routes))
            raise Refused(404, "no_such_path", f"{path[:100]!r} is found; there are {known}")
        _check_method(method, path, "GET", "HEAD")
        return self._routes[path]()

    def _ready(self) -> Answer:
        if self.draining:
            return Answer(503, JSON, b'{"status":"draining"}', self._version())
        return Answer(200, JSON, b'{"status":"ready"}', self._version())

    def _version(self) -> str:
        return self.scorer.model.version if self.scorer else ""

    def _status(self) -> dict[str, object]:
        totals = self.metrics.totals()
        document: dict[str, object] = {
            "status": "draining" if self.draining else "ready",
            "uptime_seconds": round(time.time() - self.metrics.started, 3),
            "predictions": int(totals.values["predictions"]),
            "workers": self.settings.workers,
            "pid": os.getpid(),
        }
        if self.scorer is not None:
            document["model"] = _facts(self.scorer.model)
        return document

    def _model_labels(self) -> dict[str, str]:
        if self.scorer is None:
            return {"version": "several", "name": "several", "predictor": "several"}
        model = self.scorer.model
        return {"version": model.version, "name": model.contract.name, "predictor": model.predictor.name}

    async def _model_route(self, models: Models, request: Request, path: str, method: str, receive: Receive) -> Answer:
        """SageMaker's multi-model interface (`models`)."""
        name, _, action = path.removeprefix("/models").removeprefix("/").partition("/")
        if action == "invoke":
            _check_method(method, path, "POST")
            return await self._predict(request, path, method, receive, models.used(name))
        if action:
            raise Refused(404, "no_such_path", f"{path[:100]!r} is found; there is /models/NAME/invoke")
        if name:
            _check_method(method, path, "GET", "DELETE")
            found = models.unload(name) if method == "DELETE" else models.get(name)
            return Answer(200, JSON, msgspec.json.encode(found.document()), found.scorer.model.version)
        _check_method(method, path, "GET", "POST")
        if method == "POST":
            found = await models.load(await self.intake.body(request, receive))
            return Answer(200, JSON, msgspec.json.encode(found.document()), found.scorer.model.version)
        query = parse_qs(request.query.decode("latin-1"))
        page = models.page(query.get("next_page_token", [None])[0], query.get("limit", [None])[0])
        return Answer(200, JSON, msgspec.json.encode(page))

    # ---- predictions ----

    def answer(self, request: Request, body: bytes, scorer: Scorer | None = None, *, may_wait: bool = False) -> Answer:
        """The answer to a prediction request, at once; by the service's one model if no `scorer` is given.

        Raises MustWaitError if it needs the online store, or S3, and the caller may not wait for that.
        """
        if self.capture is not None and self.capture.before_answer and not may_wait:
            raise MustWaitError
        scorer = scorer or self.scorer
        try:
            if scorer is None:
                raise _no_model()  # noqa: TRY301 - as the refusals of what is called here
            kind, text = scorer.answer(request, body, may_wait=may_wait)
            answer = Answer(200, kind, text, scorer.model.version)
        except Refused as refusal:
            answer = refused(refusal, request, scorer)
        except MustWaitError:
            raise
        except Exception:  # noqa: BLE001 - one request's failure is logged and answered; the worker goes on
            answer = _failed(request, scorer)
        self.observe(request, answer)
        if self.capture is not None and answer.status == 200:
            self.capture.record(request, body, answer.kind, answer.body)
        return answer

    def observe(self, request: Request, answer: Answer) -> None:
        """Count, and log if asked to, an answered prediction request."""
        seconds = time.perf_counter() - request.started
        self.metrics.observe(answer.status, seconds)
        if self.settings.access_log:
            entry = {"request_id": request.text_id, "status": answer.status, "model_version": answer.version}
            _log.info("prediction", extra={**entry, "milliseconds": round(1000 * seconds, 3)})

    async def _predict(
        self, request: Request, path: str, method: str, receive: Receive, scorer: Scorer | None = None
    ) -> Answer:
        scorer = scorer or self.scorer
        try:
            _check_method(method, path, "POST")
            body = await self.intake.body(request, receive)
            if scorer is None or scorer.is_small(request, body):
                try:
                    return self.answer(request, body, scorer)
                except MustWaitError:
                    pool, waiting = self._lookups, "requests that ask other services"
            else:
                pool, waiting = self._batches, "large requests"
            return await self._elsewhere(pool, waiting, request, body, scorer)
        except Refused as refusal:
            answer = refused(refusal, request, scorer)
        self.observe(request, answer)
        return answer

    async def _elsewhere(
        self, pool: ThreadPoolExecutor, waiting: str, request: Request, body: bytes, scorer: Scorer | None
    ) -> Answer:
        """The answer from a thread of `pool`. Raises Refused 429 if too many wait for it."""
        allowed = self.settings.max_queued_batches * (LOOKUP_THREADS if pool is self._lookups else 1)
        if self._queued[waiting] >= allowed:
            raise busy(f"{self._queued[waiting]} {waiting} are waiting, which is the most allowed")
        self._queued[waiting] += 1
        self.metrics.add("queued_batches")
        try:
            answer = functools.partial(self.answer, request, body, scorer, may_wait=True)
            return await asyncio.get_running_loop().run_in_executor(pool, answer)
        finally:
            self._queued[waiting] -= 1
            self.metrics.add("queued_batches", -1)


def refused(refusal: Refused, request: Request, scorer: Scorer | None) -> Answer:
    """The response for a refusal."""
    version = scorer.model.version if scorer else ""
    return Answer(refusal.status, JSON, refusal.body(request.text_id), version, refusal.headers)


def _failed(request: Request, scorer: Scorer | None) -> Answer:
    """For the exception being handled."""
    _log.exception("prediction failed", extra={"request_id": request.text_id})
    message = "the service failed on this request; its log has the request id"
    return refused(Refused(500, "internal_error", message), request, scorer)


def _facts(model: Model) -> dict[str, object]:
    return {
        "version": model.version,
        "name": model.contract.name,
        "predictor": model.predictor.name,
        "threshold": model.threshold,
        "features": model.contract.feature_names,
        "dataset_version": model.metadata.get("dataset_version"),
        "xgboost_version": model.metadata.get("xgboost_version"),
    }


def _no_model() -> Refused:
    return Refused(404, "no_such_model", "several models are served here; POST to /models/NAME/invoke")


def _check_method(method: str, path: str, *allowed: str) -> None:
    if method not in allowed:
        names = ", ".join(allowed)
        message = f"{method} is found; {path} allows {names}"
        raise Refused(405, "method_not_allowed", message, headers=((b"allow", names.encode()),))
