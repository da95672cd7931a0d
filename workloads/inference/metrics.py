"""Counters of a service, shared by its worker processes: Prometheus text and CloudWatch's embedded metric format.

Each worker counts in its own strip of one shared memory map, with no lock and no system call; whoever is asked for
/metrics adds the strips up, so the answer is the same whichever worker gives it.
"""

from __future__ import annotations

import json
import mmap
import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

STATUSES = (200, 400, 404, 405, 406, 408, 409, 413, 415, 422, 429, 431, 500, 503, 507)
BUCKETS_S = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
MOST_VALUES = 100  # of one metric in one line (AWS docs, "EMF", specification)
_SIMPLE = (
    "predictions", "positives", "reloads", "reload_failures", "captured", "capture_dropped", "seconds", "receiving",
    "queued_batches",
)  # fmt: skip
_NAMES = (*_SIMPLE, *(f"status_{status}" for status in STATUSES), *(f"bucket_{i}" for i in range(len(BUCKETS_S) + 1)))
_HELP = {
    "predictions": ("counter", "inference_predictions_total", "Rows scored."),
    "positives": ("counter", "inference_positive_decisions_total", "Rows with a score at or above the threshold."),
    "reloads": ("counter", "inference_model_reloads_total", "Models exchanged while running."),
    "reload_failures": ("counter", "inference_model_reload_failures_total", "Models refused at a reload."),
    "captured": ("counter", "inference_captured_records_total", "Requests and answers that capture wrote to S3."),
    "capture_dropped": (
        "counter",
        "inference_capture_dropped_records_total",
        "Requests and answers that capture could not keep until S3 took them.",
    ),
    "receiving": ("gauge", "inference_requests_receiving", "Requests that have begun to arrive and are not complete."),
    "queued_batches": (
        "gauge",
        "inference_batches_queued",
        "Requests in, or waiting for, a thread beside the event loop.",
    ),
}


@dataclass(frozen=True)
class Totals:
    """The sums over all workers, by name of the cell."""

    values: dict[str, float]

    def status(self, status: int) -> int:
        """How many prediction requests were answered with `status`."""
        return int(self.values[f"status_{status}"])


class Metrics:
    """The counters of one worker, and the sums over all. Make it once, before forking; then take `worker(n)`."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._cells = memoryview(mmap.mmap(-1, 8 * len(_NAMES) * workers)).cast("d")
        self._base = 0
        self.started = time.time()

    def worker(self, number: int) -> Metrics:
        """The same counters, written as worker `number` (from 0)."""
        self._base = number * len(_NAMES)
        return self

    @property
    def speaks(self) -> bool:
        """Whether this worker tells the sums of all: the first one does."""
        return self._base == 0

    def add(self, name: str, amount: float = 1) -> None:
        """Add to one of the simple counters."""
        self._cells[self._base + _INDEX[name]] += amount

    def observe(self, status: int, seconds: float) -> None:
        """Count one answered prediction request."""
        cells, base = self._cells, self._base
        cells[base + _STATUS_AT.get(status, _STATUS_AT[500])] += 1
        cells[base + _SECONDS_AT] += seconds
        cells[base + _BUCKETS_AT + bisect_left(BUCKETS_S, seconds)] += 1

    def predicted(self, rows: int, positives: int) -> None:
        """Count scored rows."""
        cells, base = self._cells, self._base
        cells[base + _PREDICTIONS_AT] += rows
        cells[base + _POSITIVES_AT] += positives

    def reset_gauges(self) -> None:
        """For a worker that takes the strip of one that died."""
        for name in ("receiving", "queued_batches"):
            self._cells[self._base + _INDEX[name]] = 0

    def totals(self) -> Totals:
        """The sums over all workers."""
        width = len(_NAMES)
        sums = {name: sum(self._cells[i + w * width] for w in range(self._workers)) for i, name in enumerate(_NAMES)}
        return Totals(sums)

    def prometheus(self, model: dict[str, str]) -> bytes:
        """The text exposition format, version 0.0.4; `model` are the labels of the loaded model."""
        values = self.totals().values
        lines: list[str] = []
        for cell, (kind, name, text) in _HELP.items():
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {values[cell]:.17g}"]
        name = "inference_requests_total"
        lines += [f"# HELP {name} Prediction requests by status.", f"# TYPE {name} counter"]
        lines += [f'{name}{{status="{status}"}} {values[f"status_{status}"]:.17g}' for status in STATUSES]
        lines += self._histogram(values)
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in model.items())
        lines += ["# HELP inference_model_info The loaded model.", "# TYPE inference_model_info gauge"]
        lines += [f"inference_model_info{{{labels}}} 1", f"process_start_time_seconds {self.started:.3f}"]
        return ("\n".join(lines) + "\n").encode()

    @staticmethod
    def _histogram(values: dict[str, float]) -> list[str]:
        name = "inference_request_seconds"
        lines = [f"# HELP {name} Time from headers to answer.", f"# TYPE {name} histogram"]
        running = 0.0
        for index, edge in enumerate((*map(str, BUCKETS_S), "+Inf")):
            running += values[f"bucket_{index}"]
            lines.append(f'{name}_bucket{{le="{edge}"}} {running:.17g}')
        return [*lines, f"{name}_sum {values['seconds']:.9g}", f"{name}_count {running:.17g}"]


def embedded(namespace: str, before: Totals, after: Totals, dimensions: Mapping[str, str], now_ms: int) -> str:
    """The change between two totals as one line of CloudWatch's embedded metric format (AWS docs, "EMF").

    Requests, errors and latency are called and counted as SageMaker does of its endpoints, where it hosts the service.
    """
    change = {name: after.values[name] - before.values[name] for name in _NAMES}
    counts = {
        "Invocations": sum(change[f"status_{status}"] for status in STATUSES),
        "Invocation4XXErrors": sum(change[f"status_{s}"] for s in STATUSES if 400 <= s < 500),
        "Invocation5XXErrors": sum(change[f"status_{s}"] for s in STATUSES if s >= 500),
        "Predictions": change["predictions"],
        "PositiveDecisions": change["positives"],
    }
    metrics: dict[str, float | list[float]] = {**counts}
    if latencies := _latencies([change[f"bucket_{i}"] for i in range(len(BUCKETS_S) + 1)]):
        metrics["ModelLatency"] = latencies
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": "Count" if name in counts else "Microseconds"} for name in metrics],
    }
    return json.dumps({"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}, **dimensions, **metrics})


def _latencies(buckets: list[float]) -> list[float]:
    """Latencies in microseconds at even steps of a histogram, as many as requests and no more than a metric may have.

    Within a bucket they are taken to be even; what is slower than the last edge counts as that edge.
    """
    count = sum(buckets)
    found: list[float] = []
    points = min(int(count), MOST_VALUES)
    for point in range(points):
        rank, low = count * (point + 0.5) / points, 0.0
        for held, edge in zip(buckets, (*BUCKETS_S, BUCKETS_S[-1]), strict=True):
            if rank <= held:
                found.append(round((low + (edge - low) * rank / held) * 1e6, 1))
                break
            rank, low = rank - held, edge
    return found


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


_INDEX = {name: index for index, name in enumerate(_NAMES)}
_STATUS_AT = {status: _INDEX[f"status_{status}"] for status in STATUSES}
_BUCKETS_AT, _SECONDS_AT = _INDEX["bucket_0"], _INDEX["seconds"]
_PREDICTIONS_AT, _POSITIVES_AT = _INDEX["predictions"], _INDEX["positives"]
