"""The listener of a load balancer: HTTPS on a port of this machine, passed on to the tasks of a service.

A load balancer that a service stands behind answers at the address that DescribeLoadBalancers tells. Paths that no rule
names get what the listener answers by default; where no task is there the answer is 503, where one breaks off 502
(Elastic Load Balancing, "Troubleshoot your Application Load Balancers").
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from moto.elbv2.models import FakeLoadBalancer

from local.emulator.ecs.tasks import Task
from local.emulator.sagemaker.model_servers import Answer, ServerGoneError, ServerSlowError
from workloads.inference import tls

_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


class Listener(ThreadingHTTPServer):
    """Listens until closed. `choose` gives the task for a request, held until it is answered; `count` is told each
    status of the listener's own.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, balancer: FakeLoadBalancer, home: Path, choose: Callable[[], Task | None], count: Callable[[int], None]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.balancer, self.choose, self.count = balancer, choose, count
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls.make(home))
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.address = f"127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self.shutdown()
        self._thread.join(timeout=5)
        self.server_close()

    def leads(self, path: str) -> bool:
        """Whether a rule passes the path on."""
        rules = [rule for listener in self.balancer.listeners.values() for rule in listener.rules.values()]
        patterns = [
            pattern
            for rule in rules
            for condition in rule.conditions
            for pattern in condition.get("PathPatternConfig", {}).get("Values", [])
        ]
        return any(fnmatchcase(path, pattern) for pattern in patterns)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's fault."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Any  # a Listener

    def do_GET(self) -> None:
        self._pass_on("GET")

    def do_POST(self) -> None:
        self._pass_on("POST")

    def _pass_on(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.server.leads(self.path.partition("?")[0]):
            self._answer(HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}, b"no rule leads there")
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        task = self.server.choose()
        if task is None:
            self._own(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            found = task.ask(method, self.path, body, headers)
        except ServerSlowError:
            self._own(HTTPStatus.GATEWAY_TIMEOUT)
        except ServerGoneError:
            self._own(HTTPStatus.BAD_GATEWAY)
        else:
            self._told(found)
        finally:
            task.release()

    def _told(self, found: Answer) -> None:
        self._answer(found.status, {k: v for k, v in found.headers.items() if k.lower() not in _HOP}, found.body)

    def _own(self, status: HTTPStatus) -> None:
        self.server.count(status)
        self._answer(status, {"Content-Type": "text/html"}, f"<h1>{status} {status.phrase}</h1>".encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Quiet."""
