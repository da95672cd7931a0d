"""The load itself: a lost request is seen to be lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.load.clients import CLIENTS, load


def test_each_request_is_counted_once_with_what_answered_it_or_why_nothing_did() -> None:
    broken = threading.Semaphore(0)

    def connect() -> Callable[[], str]:
        answers = iter(["old", "new"])

        def once() -> str:
            if answer := next(answers, None):
                return answer
            broken.release()
            raise ConnectionResetError("broken off")

        return once

    with load(connect, seconds=0) as counted:
        for _ in range(CLIENTS):
            broken.acquire()
    assert counted.answers == {"old": CLIENTS, "new": CLIENTS}
    assert set(counted.lost) == {"ConnectionResetError: broken off"}
    assert len(counted.lost) >= CLIENTS
    assert counted.sent == 2 * CLIENTS + len(counted.lost)
