"""Bodies of requests that have to be waited for: how large, how long, how many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from workloads.inference.errors import CLOSE, Refused, busy
from workloads.inference.metrics import Metrics
from workloads.inference.request import Request
from workloads.inference.settings import Settings

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Intake:
    """The requests of one worker that are not complete yet; `incomplete` is how many there are."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings, self.metrics = settings, metrics
        self.incomplete = 0
        self._deadlines: dict[asyncio.Task[Any], float] = {}

    def admit(self) -> None:
        """Count a request that is not complete yet. Raises Refused 429 if there are too many."""
        if self.incomplete >= self.settings.max_in_flight:
            raise busy(f"{self.incomplete} requests are being received, which is the most allowed")
        self.incomplete += 1
        self.metrics.add("receiving")

    def release(self) -> None:
        """The request that `admit` counted is complete, or has ended."""
        self.incomplete -= 1
        self.metrics.add("receiving", -1)

    async def body(self, request: Request, receive: Receive) -> bytes:
        """The whole body, within the limits of size (413), time (408) and requests at once (429)."""
        limit = self.settings.max_body_bytes
        check_size(int(request.content_length or 0), limit)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - an ASGI server runs each request in a task
        self.admit()
        self._deadlines[task] = deadline = request.started + self.settings.request_seconds
        try:
            return await _parts(receive, limit)
        except asyncio.CancelledError:
            if time.perf_counter() < deadline:  # the server is stopping; it was not `give_up_late`
                raise
            task.uncancel()
            message = f"the body did not arrive within {self.settings.request_seconds:g} s"
            raise Refused(408, "request_timeout", message, headers=CLOSE) from None
        finally:
            del self._deadlines[task]
            self.release()

    def give_up_late(self, now: float) -> None:
        """End the wait for bodies that are overdue."""
        for task, deadline in self._deadlines.items():
            if now >= deadline:
                task.cancel()


def check_size(size: int, limit: int) -> None:
    """Raises Refused 413 for a body above the limit."""
    if size > limit:
        message = f"a body of {size} bytes or more is found, at most {limit} are allowed; split the request"
        raise Refused(413, "body_too_large", message, headers=CLOSE)


async def _parts(receive: Receive, limit: int) -> bytes:
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
    check_size(len(body), limit)
    return body
