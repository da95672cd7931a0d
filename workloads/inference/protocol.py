"""uvicorn's HTTP protocol with a short way for the commonest request, and limits on what comes before a body.

A prediction request with a small body, while nothing else is under way on its connection, is answered in the same call
that received its last byte: no task, no ASGI messages, one write. Everything else goes uvicorn's way. That halves the
cost of a request. Headers that are too large (431) or too slow (408) end the connection, where uvicorn by itself would
wait for them for ever, and so does silence.
"""

from __future__ import annotations

import time
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from workloads.inference.errors import Refused
from workloads.inference.request import Request
from workloads.inference.scoring import MustWaitError
from workloads.inference.service import PREDICT_PATHS, Answer, Service, refused

MAX_SHORT_BODY = 32 * 1024
MAX_HEADERS = 64 * 1024
_PATHS = tuple(path.encode() for path in PREDICT_PATHS)
_CLOSE = (b"connection", b"close")
_KEPT = (b"keep-alive", "1.1")  # what a client may say and mean no more than if it had said nothing


class Protocol(HttpToolsProtocol):
    """One connection. The service is the ASGI application of uvicorn's configuration."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        service = cast("Service", self.config.app)
        self.service = service
        self._in_headers = False  # between the first byte of a request and the end of its headers
        self._short: Request | None = None  # the request being received, if it goes the short way
        self._short_limit = min(MAX_SHORT_BODY, service.settings.max_body_bytes)
        self._body = b""
        self._incomplete_since: float | None = None
        self._incomplete_bytes = 0
        self._quiet_since = time.perf_counter()
        service.arriving.add(self)

    # ---- what comes in ----

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        super().data_received(data)
        if self._in_headers or self._short is not None:
            self._wait_for_more(len(data))
        elif self._incomplete_since is not None:
            self._arrived()

    def connection_made(self, transport: Any) -> None:
        """The client can ask now."""
        self.service.arriving.discard(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client, or this side, has closed."""
        self._arrived()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first byte of a request. uvicorn's own preparation for ASGI is put off until it is needed."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._in_headers, self._short = True, None

    def on_headers_complete(self) -> None:
        """All headers are there, the body is not."""
        self._in_headers = False
        if self.url in _PATHS and self._is_idle():
            request = Request(self.headers)
            if self._is_short(request):
                self._short, self._body = request, b""
                return
        self._go_the_long_way()

    def _go_the_long_way(self) -> None:
        """Tell uvicorn of the request's beginning and headers, which it has not seen together yet."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._short is not None:
            self._body = self._body + body if self._body else body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        request, parser, scorer = self._short, cast("Any", self.parser), self.service.scorer
        if request is None:
            super().on_message_complete()
            return
        self._short = None
        if scorer is None or scorer.is_small(request, self._body):
            try:
                answer = self.service.answer(request, self._body)
            except MustWaitError:
                pass
            else:
                self._respond(request, answer, close=not parser.should_keep_alive())
                return
        self._go_the_long_way()
        super().on_body(self._body)
        super().on_message_complete()

    def _is_idle(self) -> bool:
        """Whether no request of uvicorn's way is under way."""
        cycle: Any = self.cycle  # None before the first
        return cycle is None or cycle.response_complete

    def _is_short(self, request: Request) -> bool:
        """Whether a body is announced as small and comes unasked, on a connection of the usual kind."""
        length, parser = request.content_length, cast("Any", self.parser)
        if length is None or int(length) > self._short_limit or self.expect_100_continue or self.flow.write_paused:
            return False
        usual = request.connection is None or (request.connection.lower(), parser.get_http_version()) == _KEPT
        return usual and parser.get_method() == b"POST"

    # ---- what does not come in ----

    def _wait_for_more(self, size: int) -> None:
        """A request is incomplete: bound its size, its time and how many there are of its kind."""
        self._incomplete_bytes += size
        if self._in_headers and self._incomplete_bytes > MAX_HEADERS:
            message = f"headers of more than {MAX_HEADERS} bytes are found; send fewer"
            self._end(Refused(431, "headers_too_large", message))
        elif self._incomplete_since is None:
            try:
                self.service.intake.admit()
            except Refused as refusal:
                self._end(refusal)
                return
            self._incomplete_since = time.perf_counter()

    def _arrived(self) -> None:
        """The request is complete, or will never be."""
        self._incomplete_bytes = 0
        if self._incomplete_since is not None:
            self._incomplete_since = None
            self.service.intake.release()

    def sweep(self, now: float) -> None:
        """Called every now and then: end a request that is overdue, and a connection that has been silent too long."""
        settings = self.service.settings
        if self._incomplete_since is not None and now - self._incomplete_since > settings.request_seconds:
            message = f"the request did not arrive within {settings.request_seconds:g} s"
            self._end(Refused(408, "request_timeout", message))
        watched = self._incomplete_since is not None or self.timeout_keep_alive_task is not None
        if not watched and self._is_idle() and now - self._quiet_since > settings.keep_alive_seconds:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Bytes that are not HTTP."""
        self._in_headers, self._short = False, None
        self._end(Refused(400, "malformed_request", msg))

    def _end(self, refusal: Refused) -> None:
        self._arrived()
        if not self.transport.is_closing():
            request = Request(self.headers or [])
            answer = refused(refusal, request, self.service.scorer)
            self.service.observe(request, answer)
            self._respond(request, answer, close=True)

    # ---- what goes out ----

    def _respond(self, request: Request, answer: Answer, *, close: bool) -> None:
        headers = self.service.headers(request, answer)
        if close and _CLOSE not in headers:
            headers.append(_CLOSE)
        lines = [*map(b": ".join, headers), b"", answer.body]
        self.transport.write(STATUS_LINE[answer.status] + b"\r\n".join(lines))
        self._quiet_since = request.started
        self.server_state.total_requests += 1
        if headers[-1] == _CLOSE:
            self.transport.close()
