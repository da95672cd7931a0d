"""Requests for the endpoint: rows of real data, as they are and shifted, and how fast they are answered."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import urllib3
from numpy.typing import NDArray

from contracts.kinds.kind import Host
from contracts.release.lambda_ import ALIAS
from contracts.schema import Contract
from local.loop import LoopError
from workloads import parquet
from workloads.features import categories
from workloads.features.frame import with_features
from workloads.features.model_matrix import matrix

#: Share of the shifted traffic that comes from one end of the shifted feature.
SHIFT_SHARE = 0.7
CONNECTIONS = 4
#: What requests go through, by the service of AWS that runs the endpoint.
WAYS: Mapping[Host, str] = {
    "sagemaker": "InvokeEndpoint",
    "component": "InvokeEndpoint",
    "ecs": "the load balancer",
    "lambda": "Invoke",
}
#: Status, latency in milliseconds and variant of a row.
Answered = tuple[int, float, str]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What came back for a number of requests. Latencies in milliseconds, sorted; counts per status and variant."""

    latencies_ms: tuple[float, ...]
    statuses: Mapping[int, int]
    variants: Mapping[str, int]
    seconds: float

    @property
    def served(self) -> int:
        """Requests answered with a prediction."""
        return self.statuses.get(200, 0)

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which `share` (0 to 1) of the requests lie."""
        return float(np.quantile(self.latencies_ms, share))


def sample(directory: Path, contract: Contract, count: int, seed: int) -> list[bytes]:
    """`count` request bodies (JSON, raw columns only) drawn from accepted data."""
    rows = _read(directory, contract)
    index = np.random.default_rng(seed).integers(0, rows.num_rows, count)
    return _bodies(rows.take(pa.array(index)))


def shifted(directory: Path, contract: Contract, count: int, seed: int) -> tuple[list[bytes], str]:
    """Like `sample`, but most rows come from one end of one feature: other customers than before.

    Real rows in another mixture: every request stays legal, only the distribution moves. Returns in words which end,
    as "high log_volume". The feature is the one with most values. LoopError when every feature has one value only.
    """
    rows, random = _read(directory, contract), np.random.default_rng(seed)
    texts = {
        name: tuple(sorted(rows.column(column.name).unique().drop_null().to_pylist()))
        for name, column in categories.columns(contract).items()
    }
    features = matrix(with_features(rows, contract), contract, texts)
    column = max(range(features.shape[1]), key=lambda index: np.unique(features[:, index]).size)
    end, tail = _tail(features[:, column])
    if tail.size == 0:
        raise LoopError(f"every feature of contract {contract.name!r} has one value only: there is nothing to shift")
    anywhere = random.integers(0, rows.num_rows, count)
    index = np.where(random.random(count) < SHIFT_SHARE, random.choice(tail, count), anywhere)
    return _bodies(rows.take(pa.array(index))), f"{end} {contract.feature_names[column]}"


def _tail(values: NDArray[np.float32]) -> tuple[str, NDArray[np.intp]]:
    """The rows at an end of `values` (n,), as near to a fifth of all as there is: of a flag, those with one value."""
    present = values[~np.isnan(values)]
    ends = (
        {}
        if present.size == 0
        else {
            "high": (values >= np.quantile(present, 0.8), values == present.max()),
            "low": (values <= np.quantile(present, 0.2), values == present.min()),
        }
    )
    found = [(end, np.flatnonzero(rows)) for end, choices in ends.items() for rows in choices]
    fit = [(end, rows) for end, rows in found if rows.size < present.size]
    return min(fit, key=lambda choice: abs(choice[1].size / values.size - 0.2), default=("", np.empty(0, np.intp)))


def measure(url: str, bodies: Sequence[bytes], connections: int = CONNECTIONS, path: str = "/invocations") -> Answers:
    """Send `bodies` to a path over kept-alive connections, each connection one request at a time."""
    # The certificate of a load balancer is made on this machine, by nobody whom a client trusts.
    pool = urllib3.PoolManager(maxsize=connections, retries=False, cert_reqs="CERT_NONE", assert_hostname=False)
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(body: bytes) -> list[Answered]:
        start = time.perf_counter()
        answer = pool.request("POST", f"{url}{path}", body=body, headers={"Content-Type": "application/json"})
        return [(answer.status, (time.perf_counter() - start) * 1e3, "")]

    return answers(send, bodies, connections)


def invoke(
    runtime: Any,
    endpoint: str,
    bodies: Sequence[bytes],
    connections: int = CONNECTIONS,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Answers:
    """Send `bodies` through InvokeEndpoint, as an application on AWS would: routed by weight, captured, counted.

    `more` are further parameters of each request.
    """

    def send(body: bytes) -> list[Answered]:
        start = time.perf_counter()
        try:
            answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body, **more)
            status, variant = answer["ResponseMetadata"]["HTTPStatusCode"], answer["InvokedProductionVariant"]
        except runtime.exceptions.ModelError as error:
            status, variant = int(error.response.get("OriginalStatusCode", 500)), ""
        return [(status, (time.perf_counter() - start) * 1e3, variant)]

    return answers(send, bodies, connections)


def call(functions: Any, function: str, bodies: Sequence[bytes], connections: int = CONNECTIONS) -> Answers:
    """Send `bodies` through Invoke to the alias of a function, as whoever IAM lets does."""

    def send(body: bytes) -> list[Answered]:
        start = time.perf_counter()
        answer = functions.invoke(FunctionName=function, Qualifier=ALIAS, Payload=body)
        found = json.loads(answer["Payload"].read())
        status = 500 if "FunctionError" in answer else 422 if "error" in found else 200
        return [(status, (time.perf_counter() - start) * 1e3, answer.get("ExecutedVersion", ""))]

    return answers(send, bodies, connections)


def answers(send: Callable[[T], list[Answered]], requests: Sequence[T], connections: int) -> Answers:
    """What came back for each row of the requests, so many of them under way at once."""
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        results = [answered for found in threads.map(send, requests) for answered in found]
    return Answers(
        latencies_ms=tuple(sorted(latency for _, latency, _ in results)),
        statuses=Counter(status for status, _, _ in results),
        variants=Counter(variant for _, _, variant in results if variant),
        seconds=time.perf_counter() - start,
    )


def _read(directory: Path, contract: Contract) -> pa.Table:
    return parquet.read(directory, [column.name for column in contract.inputs])


def _bodies(rows: pa.Table) -> list[bytes]:
    return [json.dumps(row, default=str).encode() for row in rows.to_pylist()]
