"""Clients that ask an endpoint over HTTP, one request after another, while something is done to it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

CLIENTS: Final = 4
SECONDS: Final = 60.0
#: Between an answer and the next request of a client: the load is constant, and leaves the machine to the endpoint.
PAUSE_SECONDS: Final = 0.02


@dataclass
class Counted:
    """What became of the requests: how many were sent, what answered how many, and why some had no answer."""

    sent: int = 0
    answers: Counter[str] = field(default_factory=Counter[str])
    lost: list[str] = field(default_factory=list[str])


@contextmanager
def load(connect: Callable[[], Callable[[], str]], seconds: float = SECONDS) -> Generator[Counted]:
    """Clients that ask for `seconds` at least, and until the body of the `with` is over; counted when they have ended.

    `connect` gives each its own way to ask once, which says what answered and raises where nothing did.
    """
    counted, lock, over = Counted(), threading.Lock(), threading.Event()

    def ask() -> None:
        once = connect()
        while not over.is_set():
            answer, why = "", ""
            try:
                answer = once()
            except Exception as error:  # noqa: BLE001 - whatever it was, the request is lost
                why = f"{type(error).__name__}: {error}"
            with lock:
                counted.sent += 1
                if why:
                    counted.lost.append(why)
                else:
                    counted.answers[answer] += 1
            over.wait(PAUSE_SECONDS)

    began = time.monotonic()
    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield counted
        over.wait(max(0.0, began + seconds - time.monotonic()))
    finally:
        over.set()
        for client in clients:
            client.join()
