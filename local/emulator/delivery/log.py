"""The log of what the emulator delivered from one service to another, and why.

Alarm to topic, topic to function, rule to pipeline: on AWS these hops leave few traces. Here each is one entry that
names its cause, so that `alarm -> topic -> function -> result` can be read back as a chain.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import json
import logging
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Status(StrEnum):
    """What became of a delivery."""

    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD_LETTERED = "dead-lettered"
    NOT_EMULATED = "not emulated"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One hop. `source` and `target` are ARNs; `cause` is the `number` of the delivery that led to this one."""

    number: int
    time: str
    source: str
    target: str
    status: Status
    cause: int | None
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


_logger = logging.getLogger(__name__)
_cause: contextvars.ContextVar[int | None] = contextvars.ContextVar("cause", default=None)


class DeliveryLog:
    """Thread-safe, in memory and as JSON lines in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: list[Delivery] = []
        self._lock = threading.Lock()

    def add(self, source: str, target: str, status: Status, **detail: Any) -> Delivery:
        """Record a delivery caused by the one that `causing` named last in this context."""
        with self._lock:
            entry = Delivery(
                number=len(self._entries) + 1,
                time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                source=source,
                target=target,
                status=status,
                cause=_cause.get(),
                detail=detail,
            )
            self._entries.append(entry)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(dataclasses.asdict(entry), default=str) + "\n")
        return entry

    @contextlib.contextmanager
    def causing(self, delivery: Delivery) -> Generator[None]:
        """What is delivered inside, background work included, has `delivery` as its cause."""
        token = _cause.set(delivery.number)
        try:
            yield
        finally:
            _cause.reset(token)

    def entries(self) -> list[Delivery]:
        """All deliveries, oldest first."""
        with self._lock:
            return list(self._entries)


class Background:
    """Asynchronous deliveries: a pool of threads whose work keeps the cause it was submitted under."""

    def __init__(self, threads: int = 8) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="delivery")

    def submit(self, work: Callable[..., object], *arguments: Any) -> None:
        """Run `work(*arguments)` soon. Work records its own outcome; a fault in it goes to the emulator's log."""
        self._pool.submit(contextvars.copy_context().run, _logged, work, *arguments)

    def detach(self, work: Callable[..., object], *arguments: Any) -> None:
        """Run long work in a thread of its own, so that it takes no place of a delivery."""
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(_logged, work, *arguments), daemon=True).start()

    def close(self) -> None:
        """Refuse new work, forget what has not begun, and wait for the rest."""
        self._pool.shutdown(cancel_futures=True)


def _logged(work: Callable[..., object], *arguments: Any) -> None:
    try:
        work(*arguments)
    except Exception:
        _logger.exception("background work %s failed", getattr(work, "__qualname__", work))
