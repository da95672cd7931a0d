"""Functions that are images: processes that wait for events, as Lambda's execution environments do.

An environment speaks Lambda's Runtime API (Lambda developer guide, "Using the Lambda runtime API"): the image's own
runtime client asks for the next event and says what came of it. An environment has one request at a time and stays for
the next; where all are busy another one starts, up to the function's reserved concurrency. One that ends is not asked
again. Of a version that no alias leads to none stays.
"""

from __future__ import annotations

import queue
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage, lambda_backends
from moto.awslambda.responses import LambdaResponse

from local.emulator.context import Context
from local.emulator.extension import store, wrap

_API = "/2018-06-01/runtime"
#: The one place that a function may write to.
_SCRATCH = "/tmp"  # noqa: S108 - its name in a container
_POLL_SECONDS = 0.05
#: Of an environment: what Lambda gives one that is kept warm is longer, of another one shorter.
START_SECONDS = 300.0


class ThrottledError(LambdaClientError):
    """More requests at once than the function may have."""

    code = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class EndedError(RuntimeError):
    """The process ended in the middle of a request, or took too long; the message is Lambda's, `kind` its name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Environment(ThreadingHTTPServer):
    """One process of a version of a function, and the API that it asks."""

    daemon_threads = True

    def __init__(self, context: Context, function: LambdaFunction, settings: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.function, self.arn = function, function.function_arn
        self.events: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.results: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.directory = context.directory(
            "functions", function.function_name, f"v{function.version}-{uuid.uuid4().hex}"
        )
        self.log = self.directory / "output.log"
        self._read = 0
        self.taken: float | None = None
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        image = function.image_config
        command = [*image.entry_point, *image.cmd]
        command = [sys.executable if word == "python" else word for word in command]
        own = {name: value.replace(f"{_SCRATCH}/", f"{self.directory}/") for name, value in settings.items()}
        with self.log.open("w", encoding="utf-8") as output:
            self.process: subprocess.Popen[str] = context.children.start(
                tuple(command),
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**own, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server_port}"},
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def invoke(self, request_id: str, event: str) -> tuple[str, str]:
        """`result` or `error`, and its JSON. Raises EndedError."""
        self.taken = None
        self.events.put((request_id, event.encode()))
        started = time.monotonic()
        while True:
            try:
                kind, body = self.results.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if not self.alive:
                    message = f"RequestId: {request_id} Error: Runtime exited with error: exit status "
                    raise EndedError("Runtime.ExitError", f"{message}{self.process.returncode}") from None
                # The start of an environment is not among the seconds that a request may take.
                if time.monotonic() > (self.taken or started + START_SECONDS) + float(self.function.timeout):
                    message = f"{request_id} Task timed out after {float(self.function.timeout):.2f} seconds"
                    raise EndedError("Sandbox.Timedout", message) from None
            else:
                return kind, body.decode()

    def kill(self) -> None:
        """End the process at once; another one takes the next request."""
        self.process.kill()
        self.process.wait()

    def output(self) -> str:
        """What the process printed since the last time."""
        with self.log.open("rb") as stream:
            stream.seek(self._read)
            found = stream.read()
        self._read += len(found)
        return found.decode(errors="replace")

    def close(self) -> None:
        """End the process and the API."""
        self.kill()
        self.events.put(None)
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that was ended while it waited is nobody's fault."""


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are written apart
    server: Any  # an Environment

    def do_GET(self) -> None:
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        request_id, body = event
        self.server.taken = time.monotonic()
        seconds = time.time() + float(self.server.function.timeout)
        self._answer(
            HTTPStatus.OK,
            body,
            {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(seconds * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": self.server.arn,
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self._answer(HTTPStatus.ACCEPTED, b"{}", {})
        self.server.results.put(("result" if self.path.endswith("/response") else "error", body))

    def _answer(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Quiet."""


class Environments:
    """Those of one version of a function."""

    def __init__(self) -> None:
        self.found: list[Environment] = []
        self._idle: list[Environment] = []
        self._lock = threading.Lock()
        self._busy = 0

    @contextmanager
    def one(
        self, context: Context, function: LambdaFunction, settings: Mapping[str, str], most: int | None
    ) -> Generator[Environment]:
        """An environment for one request. Raises ThrottledError."""
        with self._lock:
            if most is not None and self._busy >= most:
                raise ThrottledError
            self._busy += 1
            self._forget()
            environment = self._idle.pop() if self._idle else None
        try:
            if environment is None:
                environment = Environment(context, function, settings)
                with self._lock:
                    self.found.append(environment)
            yield environment
        finally:
            with self._lock:
                self._busy -= 1
                if environment is not None:
                    self._idle.append(environment)

    def _forget(self) -> None:
        """Those that ended; the caller holds the lock."""
        for environment in [each for each in self._idle if not each.alive]:
            self._idle.remove(environment)
            self.found.remove(environment)
            environment.close()

    def retire(self) -> None:
        """End those that have no request."""
        with self._lock:
            idle, self._idle = self._idle, []
            self.found = [each for each in self.found if each not in idle]
        for environment in idle:
            environment.close()


def _of(function: LambdaFunction) -> Environments:
    backend = lambda_backends[function.account_id][function.region]
    found = store(backend, "environments")
    return found.setdefault((function.function_name, str(function.version)), Environments())


def run(
    context: Context, function: LambdaFunction, settings: Mapping[str, str], request_id: str, event: str
) -> tuple[str, str, str]:
    """`result` or `error`, its JSON, and what was printed. Raises ThrottledError and EndedError."""
    latest = lambda_backends[function.account_id][function.region].get_function(function.function_name)
    reserved = latest.reserved_concurrency
    most = None if reserved is None else int(reserved)
    environments = _of(function)
    try:
        with environments.one(context, function, settings, most) as environment:
            try:
                kind, text = environment.invoke(request_id, event)
            except EndedError:
                environment.kill()
                raise
            return kind, text, environment.output()
    finally:
        if _is_left(function):  # it may have been while the request was under way
            environments.retire()


def running() -> list[Environment]:
    """Every environment of every account and region."""
    backends = [backend for account in list(lambda_backends.values()) for backend in list(account.values())]
    return [
        environment
        for backend in backends
        for environments in list(store(backend, "environments").values())
        for environment in list(environments.found)
    ]


# ---- versions behind an alias ----


def aliases(function: LambdaFunction) -> Iterable[str]:
    """Names of the aliases that lead to a version."""
    backend = lambda_backends[function.account_id][function.region]
    for alias in backend.list_aliases(function.function_name):
        if str(function.version) in _weights(alias):
            yield alias.name


def _is_left(function: LambdaFunction) -> bool:
    """Whether the function has aliases, and none that leads to this version."""
    backend = lambda_backends[function.account_id][function.region]
    return bool(backend.list_aliases(function.function_name)) and not list(aliases(function))


def _weights(alias: Any) -> dict[str, float]:
    """Version -> its share of the requests."""
    others = {str(k): float(v) for k, v in ((alias.routing_config or {}).get("AdditionalVersionWeights") or {}).items()}
    return {str(alias.function_version): 1.0 - sum(others.values()), **others}


def _qualified(original: Any, self: LambdaResponse) -> Any:
    """moto looks for the parameter under a name that no SDK sends it by."""
    if "Qualifier" in self.querystring:
        self.querystring["qualifier"] = self.querystring["Qualifier"]
    return original(self)


def _invoke(original: Any, self: LambdaBackend, function_name: str, qualifier: str | None, *rest: Any) -> Any:
    """A version by its weight, where an alias is asked."""
    if ":" in function_name and not function_name.startswith("arn:"):
        function_name, _, qualifier = function_name.partition(":")
    found = {alias.name: alias for alias in self.list_aliases(function_name)} if qualifier else {}
    if qualifier in found:
        weights = _weights(found[qualifier])
        qualifier = random.choices(list(weights), list(weights.values()))[0]  # noqa: S311 - spreads load
    return original(self, function_name, qualifier, *rest)


def _update_alias(original: Any, self: LambdaBackend, *, function_name: str, **named: Any) -> Any:
    updated = original(self, function_name=function_name, **named)
    leading = {version for alias in self.list_aliases(function_name) for version in _weights(alias)}
    for (function, version), environments in list(store(self, "environments").items()):
        if function == function_name and version not in leading:
            environments.retire()
    return updated


def _delete_function(original: Any, self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
    original(self, function_name, qualifier)
    for (function, _), environments in list(store(self, "environments").items()):
        if function == function_name and qualifier is None:
            environments.retire()


def _publish(original: Any, self: LambdaStorage, *given: Any, **named: Any) -> Any:
    """A version whose code does not change with the function's, as it does in moto."""
    published = original(self, *given, **named)
    if published is not None:
        published.code = dict(published.code)
    return published


def install() -> None:
    """Versions with environments of their own."""
    wrap(LambdaResponse, "invoke", _qualified)
    wrap(LambdaBackend, "invoke", _invoke)
    wrap(LambdaBackend, "update_alias", _update_alias)
    wrap(LambdaBackend, "delete_function", _delete_function)
    wrap(LambdaStorage, "publish_version", _publish)
