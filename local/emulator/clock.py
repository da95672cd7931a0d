"""The emulator's clock: wall time, except that what a deployment waits passes faster.

A canary that bakes for ten minutes watches alarms whose periods are five minutes long. Shortening the bake alone
would make those alarms blind, so both run on this clock: while a deployment waits, the clock runs `1 / scale` times as
fast as the wall, and everything measured in periods (CloudWatch alarms) keeps its proportions. Timestamps on the API
stay wall time; only the distance between two of them is read on this clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

POLL_SECONDS = 0.01


@dataclass(kw_only=True)
class _Rush:
    """A stretch of wall time in which the clock gained `gained` seconds on the wall, evenly spread."""

    start: float
    end: float
    gained: float

    def gained_at(self, wall: float) -> float:
        """How much of the gain lies before `wall`."""
        if wall >= self.end:
            return self.gained
        if wall <= self.start:
            return 0.0
        return self.gained * (wall - self.start) / (self.end - self.start)


class Clock:
    """Maps wall time to emulated time. `scale` is wall seconds per second waited, in (0, 1]."""

    def __init__(self, scale: float) -> None:
        if not 0 < scale <= 1:
            raise ValueError(
                f"time scale is {scale}, allowed is more than 0 and at most 1 (1/600: ten minutes pass in 1 s)"
            )
        self.scale = scale
        self._rushes: list[_Rush] = []
        self._lock = threading.Lock()

    def emulated(self, wall: float | None = None) -> float:
        """Emulated time, in seconds since the epoch, at a wall time (now when not given)."""
        wall = time.time() if wall is None else wall
        with self._lock:
            return wall + sum(rush.gained_at(wall) for rush in self._rushes)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds} seconds, time does not run backwards; give 0 or more")
        now = time.time()
        with self._lock:
            self._rushes.append(_Rush(start=now, end=now, gained=seconds))

    def wait(self, seconds: float, interrupted: Callable[[], bool] = lambda: False) -> bool:
        """Wait `seconds` of emulated time; True when `interrupted` cut it short."""
        start = time.time()
        length = seconds * self.scale
        rush = _Rush(start=start, end=start + length, gained=seconds - length)
        with self._lock:
            self._rushes.append(rush)
        while True:
            now = time.time()
            if interrupted():
                with self._lock:
                    rush.gained, rush.end = rush.gained_at(now), min(now, rush.end)
                return True
            if now >= start + length:
                return False
            time.sleep(min(POLL_SECONDS, start + length - now))
