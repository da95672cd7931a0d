"""Bare connections to the service: opened, half of a request sent, one answer read."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from tests.workloads.inference.serving import Running

SLOW = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 5\r\n\r\n1,"


@contextlib.contextmanager
def opened(service: Running) -> Any:
    with socket.create_connection(("127.0.0.1", service.port), timeout=600) as connection:
        yield connection


def receive(connection: socket.socket) -> str:
    """One whole answer."""
    text, size = b"", None
    while size is None or len(text) < size:
        more = connection.recv(65536)
        assert more, f"closed after {text!r}"
        text += more
        head, end, _ = text.partition(b"\r\n\r\n")
        if end:
            size = len(head + end) + int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return text.decode()
