"""Tracking servers for tests: the emulator's, MLflow's own, and faults before either."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from werkzeug.serving import make_server

from local.emulator.sagemaker.tracking_servers import TrackingServers
from tests.local.processes import eventually

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"


class Faulty:
    """Passes requests on, after it has answered those of `path` by each of `answers`: a status, or none at all.

    `done_first` says that what fails is done all the same, as when an answer is lost.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.path, self.answers, self.done_first = "", list[int](), False
        self.asked: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/api/2.0/mlflow/")
        self.asked.append(path)
        if self.answers and path == self.path:
            if self.done_first:
                list(self._inner(environ, lambda *_: None))
            start_response(f"{self.answers.pop(0)} told so", [("Content-Length", "0")])
            return [b""]
        return self._inner(environ, start_response)


@contextmanager
def served(application: Any) -> Generator[str]:
    """An application at a URL."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Forwarded:
    """A WSGI application that is another server."""

    def __init__(self, url: str) -> None:
        self._url, self._http = url, urllib3.PoolManager()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        query, length = environ["QUERY_STRING"], int(environ.get("CONTENT_LENGTH") or 0)
        answer = self._http.request(
            environ["REQUEST_METHOD"],
            f"{self._url}{environ['PATH_INFO']}{'?' if query else ''}{query}",
            body=environ["wsgi.input"].read(length) or None,
            headers={"Content-Type": "application/json"},
            retries=False,
        )
        start_response(f"{answer.status} as it said", [("Content-Type", "application/json")])
        return [answer.data]


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server of MLflow, of `mlflow.lock` in an environment of its own."""
    home = tmp_path_factory.mktemp("mlflow")
    environment, own = home / "environment", Path(sys.executable).parent
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    lock = Path(__file__).with_name("mlflow.lock")
    subprocess.run(
        [own / "uv", "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock], check=True
    )
    with make_server("127.0.0.1", 0, lambda *_: []) as free:
        port = free.server_port
    words = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    store = f"sqlite:///{home / 'runs.db'}"
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [python, *words, "--backend-store-uri", store, "--default-artifact-root", str(home / "artifacts")],
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url, http = f"http://127.0.0.1:{port}", urllib3.PoolManager(retries=False, timeout=2)

    def answers() -> bool:
        assert server.poll() is None, (home / "log").read_text()
        try:
            return http.request("GET", f"{url}/health").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        eventually(answers, seconds=300)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # with the workers that it started
        server.wait(30)


@pytest.fixture
def experiment() -> str:
    """A name that nobody has used."""
    return f"churn-{uuid.uuid4().hex[:8]}"


@pytest.fixture(params=["emulated", pytest.param("mlflow", marks=pytest.mark.full)])
def faulty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """A tracking server where the client looks for it."""
    emulated = request.param == "emulated"
    application = Faulty(TrackingServers() if emulated else Forwarded(request.getfixturevalue("mlflow")))
    with served(application) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "EMULATED000000000000")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "emulated")
        yield application
