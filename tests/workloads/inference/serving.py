"""A model package made on the spot, and the service as a real process that is spoken to over real HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from contracts import loader, schema
from contracts.schema import Contract
from workloads.features import frame, model_matrix
from workloads.inference import packaging

ROOT = Path(__file__).parents[3]
CHURN = ROOT / "contracts" / "churn.yaml"


def customers(rows: int, seed: int = 7) -> tuple[pa.Table, np.ndarray[Any, Any]]:
    """Churn inputs with a tenth of each column missing, and labels that depend on them."""
    rng = np.random.default_rng(seed)
    tenure = rng.integers(0, 73, rows)
    volume = np.round(rng.gamma(2.0, 60.0, rows), 2)
    tickets = rng.poisson(1.6, rows)
    logit = -1.2 - 0.05 * tenure + 0.45 * tickets + 0.004 * volume
    columns = {"user_tenure_months": tenure, "transaction_volume": volume, "support_tickets": tickets}
    table = pa.table({name: pa.array(values, mask=rng.random(rows) < 0.1) for name, values in columns.items()})
    return table, (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int8)


def make_package(
    directory: Path, *, rounds: int = 20, seed: int = 7, contract: Contract | None = None, proved: bool = True
) -> xgb.Booster:
    """Train on `customers` and write a package as the training job does; returns the booster.

    Without `proved` the package is one that names no predictor, which XGBoost itself serves.
    """
    contract = contract or loader.load(CHURN)
    table, labels = customers(4000, seed)
    matrix = model_matrix.matrix(frame.with_features(table, contract), contract)
    parameters = {"objective": "binary:logistic", "eta": 0.3, "max_depth": 5, "nthread": 1, "seed": seed}
    booster = xgb.train(parameters, xgb.DMatrix(matrix, labels), rounds)
    directory.mkdir(parents=True, exist_ok=True)
    booster.save_model(directory / "model.ubj")
    (directory / "contract.json").write_text(schema.to_json(contract))
    metadata = {"features": list(contract.feature_names), "dataset_version": "d1", "xgboost_version": xgb.__version__}
    (directory / "metadata.json").write_text(json.dumps(metadata))
    if proved:
        packaging.finish(directory, matrix)
    return booster


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]


@dataclass
class Running:
    """A service process and its port."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def connect(self, timeout: float = 600) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; header names are written with _ for -."""
        with contextlib.closing(self.connect()) as connection:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body.encode() if isinstance(body, str) else body, names)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def predict(self, rows: Any, **headers: str) -> Answer:
        headers.setdefault("content_type", "application/json")
        return self.request("POST", "/invocations", json.dumps(rows), **headers)

    def csv(self, text: str, **headers: str) -> Answer:
        headers.setdefault("content_type", "text/csv")
        return self.request("POST", "/invocations", text, **headers)

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self, timeout: float = 600) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)


@contextlib.contextmanager
def serving(model_dir: Path, *options: str, **environment: str) -> Generator[Running]:
    """`python -m workloads.inference` on a free port; killed at the end if it still runs."""
    log = model_dir.parent / f"log-{time.monotonic_ns()}"
    argv = [
        sys.executable,
        "-m",
        "workloads.inference",
        "--model-dir",
        str(model_dir),
        "--host",
        "127.0.0.1",
        "--port",
        "0",
    ]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*argv, *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, f"the service did not start:\n{log.read_text()}"
        yield Running(process, json.loads(first)["port"], log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def eventually(check: Callable[[], object], *, seconds: float = 600) -> None:
    """Until `check` holds; fails the test where it does not in time."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def wait_for(service: Running, name: str, value: int) -> None:
    """Until the metric `name` has `value`."""
    eventually(lambda: f"\n{name} {value}\n" in service.request("GET", "/metrics").body.decode())
