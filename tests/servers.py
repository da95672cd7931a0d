"""Servers that a test plays in its own process, and that leave nothing behind."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

S = TypeVar("S", bound="Server")


class Server(ThreadingHTTPServer):
    """An HTTP server on a free port of this machine.

    A client that hung up before its answer is no fault; what else goes wrong in a handler is raised where the server
    ends, instead of being printed into what another test reads.
    """

    daemon_threads = False  # its end waits for them

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._open: set[socket.socket] = set()
        self._faults: list[BaseException] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error and not isinstance(error, ConnectionError):
            self._faults.append(error)

    def server_close(self) -> None:
        for connection in self._open.copy():  # a client may keep one open; its handler would wait for more
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()
        if self._faults:
            raise self._faults[0]


@contextmanager
def playing(server: S) -> Generator[S]:
    """It answers; when this ends, no thread of it is left."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
