"""Model servers: the platform's own inference service, one process a variant, over a model fetched from emulated S3.

The contract with `python -m workloads.inference`: started with `--model-dir DIR --host 127.0.0.1 --port 0`, its first
line on stdout is `{"port": N}`, `GET /ping` answers 200 once it can serve, `POST /invocations` predicts. One process
serves a variant whatever its instance count is; the count is told, not run.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from local.emulator.context import Context
from workloads.archive import unpack
from workloads.inference import predictor

START_SECONDS = 480.0  # SageMaker developer guide, "How Containers Serve Requests": 8 minutes to answer pings
INVOKE_SECONDS = 60.0  # SageMaker's limit for a model to answer
_DRAIN_SECONDS = 60.0
_STOP_SECONDS = 10.0
_PING_SECONDS = 0.02


class StartError(RuntimeError):
    """A variant cannot be served; the message is the endpoint's FailureReason."""


class ServerGoneError(RuntimeError):
    """The server did not answer: dead, or it broke the connection."""


class ServerSlowError(RuntimeError):
    """The server did not answer within SageMaker's limit."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a variant serves: the image by name, where the model is, and the container's environment.

    With `several` models `model_data` is the prefix of their archives.
    """

    image: str
    model_data: str | None
    environment: dict[str, str]
    several: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered; `seconds` is the model's latency.

    Of several models, `waited` are the seconds until the one that was asked for was loaded, 0 where it was.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    waited: float | None = None

    def header(self, name: str) -> str | None:
        """A header by name, in any case."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


class ModelServer:
    """One server process."""

    def __init__(self, context: Context, region: str, directory: Path, variant: str) -> None:
        self.variant = variant
        self.directory = directory
        self.url = ""
        self._context = context
        self._region = region
        self._process: subprocess.Popen[str] | None = None
        self._pool = urllib3.PoolManager(maxsize=32, retries=False)
        self._in_flight = 0
        self._log_read = 0
        self._scheme = "http"
        self._idle = threading.Condition()

    @property
    def pid(self) -> int | None:
        """The process id, once started."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def address(self) -> str | None:
        """Where requests are answered without SageMaker, once started."""
        return self.url or None

    @property
    def parts(self) -> list[ModelServer]:
        """The containers that make it up."""
        return [self]

    def new_log_lines(self) -> list[str]:
        """The whole lines in the server's log since the last call."""
        if self.pid is None:
            return []
        with (self.directory / "server.log").open("rb") as log:
            log.seek(self._log_read)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._log_read += len(whole)
        return [line for line in whole.decode("utf-8", errors="replace").splitlines() if line]

    def start(self, container: Container) -> None:
        """Fetch the model, start the process and wait until it can serve.

        Raises:
            StartError: the model cannot be fetched, or the server does not become ready.
        """
        model = self.directory / "model"
        model.mkdir(parents=True, exist_ok=True)
        if container.model_data:
            fetch(self._context, self._region, container.model_data, model)
        command = self._context.images.get(container.image)
        if command is None and _is_of_others(model):
            raise StartError(f"CannotStartContainerError: no container engine is here; map image {container.image}")
        self.launch(("--model-dir", str(model)), container.environment, command)

    def launch(
        self, arguments: tuple[str, ...], environment: dict[str, str], command: tuple[str, ...] | None = None
    ) -> None:
        """Start the process, whose model is where `arguments` or `environment` say, and wait until it can serve.

        `command` in place of the platform's: in an environment of its own, which this project's code is no part of.

        Raises:
            StartError: the server does not become ready.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        environment = self._context.environment(self._region) | environment
        if command:
            environment.pop("PYTHONPATH", None)
        log = (self.directory / "server.log").open("a", encoding="utf-8")  # shared with the process
        command = (*(command or self._context.inference_command), *arguments, "--host", "127.0.0.1", "--port", "0")
        self._process = self._context.children.start(command, stdout=subprocess.PIPE, stderr=log, env=environment)
        threading.Thread(target=self._read, args=(self._process, log), daemon=True).start()
        self._await_ready(time.monotonic() + START_SECONDS)

    def _read(self, process: subprocess.Popen[str], log: Any) -> None:
        """Take the port from the first line of the server's output and log the rest."""
        with log:
            for line in process.stdout or ():
                if not self.url:
                    with contextlib.suppress(ValueError, KeyError, TypeError):
                        self.url = f"{self._scheme}://127.0.0.1:{int(json.loads(line)['port'])}"
                        continue
                log.write(line)
                log.flush()

    def _await_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline and self.alive:
            if self.url:
                with contextlib.suppress(urllib3.exceptions.HTTPError):
                    if self._pool.request("GET", f"{self.url}/ping", timeout=5.0).status == 200:
                        return
            time.sleep(_PING_SECONDS)
        state = "is running" if self.alive else f"exited with code {self._process.poll() if self._process else None}"
        tail = (self.directory / "server.log").read_text(encoding="utf-8")[-600:].strip()
        self.kill()
        raise StartError(
            f"The primary container for production variant {self.variant} did not pass the ping health check. "
            f"The server {state}; its log is {self.directory / 'server.log'} and ends with: {tail or '(nothing)'}"
        )

    def invoke(
        self, body: bytes, headers: dict[str, str], *, seconds: float = INVOKE_SECONDS, path: str = "/invocations"
    ) -> Answer:
        """Send one request, which has `seconds` to be answered.

        Raises:
            ServerGoneError: the process does not answer.
            ServerSlowError: it takes longer than SageMaker lets it.
        """
        return self.ask("POST", path, body, headers, seconds=seconds)

    def ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str], *, seconds: float = INVOKE_SECONDS
    ) -> Answer:
        """Send one request of any kind. Raises what `invoke` does."""
        began = time.perf_counter()
        with self._counted():
            try:
                answer = self._pool.request(method, f"{self.url}{path}", body=body, headers=headers, timeout=seconds)
            except urllib3.exceptions.ReadTimeoutError as error:
                raise ServerSlowError(str(error)) from error
            except urllib3.exceptions.HTTPError as error:
                raise ServerGoneError(str(error)) from error
        took = time.perf_counter() - began
        return Answer(status=answer.status, headers=dict(answer.headers), body=answer.data, seconds=took)

    @contextlib.contextmanager
    def _counted(self) -> Generator[None]:
        self.hold()
        try:
            yield
        finally:
            self.release()

    def hold(self) -> None:
        """Count a request that will be sent: until it is released, `drain` waits."""
        with self._idle:
            self._in_flight += 1

    def release(self) -> None:
        """A request that was held has its answer."""
        with self._idle:
            self._in_flight -= 1
            self._idle.notify_all()

    def drain(self) -> None:
        """Wait for the requests under way, then stop the process and forget its model."""
        with self._idle:
            self._idle.wait_for(lambda: self._in_flight == 0, timeout=_DRAIN_SECONDS)
        self.stop()

    def stop(self) -> None:
        """Ask the process to end (SIGTERM, as SageMaker does), and make it end when it does not."""
        self._pool.clear()  # an open connection is waited on for a request that may be on its way
        if self._process is not None and self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
        self.kill()
        for models in ("model", "models"):
            shutil.rmtree(self.directory / models, ignore_errors=True)

    def kill(self) -> None:
        """End the process at once; later requests find nobody."""
        if self._process is not None and self.alive:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)


def _is_of_others(model: Path) -> bool:
    """Whether a package says that its own image alone serves it (`workloads.inference.predictor`)."""
    metadata = model / "metadata.json"
    if not metadata.is_file():
        return False
    return (json.loads(metadata.read_bytes()).get("predictor") or {}).get("kind") == predictor.IMAGE


def fetch(context: Context, region: str, uri: str, target: Path) -> None:
    """Unpack the `model.tar.gz` at an S3 URI.

    Raises:
        StartError: there is no such object, or it is no archive of files.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    archive = target.parent / "model.tar.gz"
    try:
        context.client("s3", region).download_file(bucket, key, str(archive))
    except ClientError as error:
        raise StartError(f"Could not find model data at {uri}: {error.response['Error']['Message']}.") from error
    try:
        unpack(archive, target)
    except tarfile.TarError as error:
        raise StartError(f"Failed to extract model data archive from {uri}: {error}.") from error
    finally:
        archive.unlink()
