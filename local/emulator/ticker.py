"""Work the emulator repeats while it lives: write captured data, publish endpoint metrics, evaluate alarms."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_RESOLUTION_SECONDS = 0.02
_logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Job:
    seconds: float
    work: Callable[[], object]
    due: float


class Ticker:
    """One daemon thread for all repeated work; a job that fails is logged and repeated at its next turn."""

    def __init__(self) -> None:
        self._jobs: list[_Job] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def every(self, seconds: float, work: Callable[[], object]) -> None:
        """Call `work` each `seconds` of wall time."""
        self._jobs.append(_Job(seconds=seconds, work=work, due=time.monotonic() + seconds))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the work under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.wait(_RESOLUTION_SECONDS):
            now = time.monotonic()
            for job in [job for job in self._jobs if job.due <= now]:
                job.due = now + job.seconds
                try:
                    job.work()
                except Exception:
                    _logger.exception("repeated work %s failed", getattr(job.work, "__qualname__", job.work))
