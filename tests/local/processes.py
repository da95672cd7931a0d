"""What tests ask of processes that they did not start: whether one has ended, and waiting for that and the like."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def eventually(check: Callable[[], Any], *, seconds: float = 600) -> Any:
    """The first truthy answer of `check`; the last one, when none comes in time, fails the test."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"nothing within {seconds} s, last answer {answer!r}"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
