"""From a request's body to the body of its answer, within its time."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Sequence

from workloads.inference.errors import Refused
from workloads.inference.metrics import Metrics
from workloads.inference.model import Model
from workloads.inference.request import Request
from workloads.inference.rows import Rows
from workloads.inference.settings import Settings
from workloads.inference.writer import CSV, JSON, Writer

CHUNK_ROWS = 4096  # a batch looks at the clock between chunks of this size


class Scorer:
    """One model as a function from bodies to bodies. Safe to use from the event loop and the batch thread at once."""

    def __init__(self, model: Model, settings: Settings, metrics: Metrics) -> None:
        self.model, self.metrics = model, metrics
        self.seconds = settings.request_seconds
        self.max_rows_inline = settings.max_rows_inline
        self._width = len(model.contract.features)
        self._writer = Writer(model)

    def is_small(self, request: Request, body: bytes) -> bool:
        """Whether a body surely has few enough rows to be scored on the event loop, seen without parsing it."""
        limit = self.max_rows_inline
        if len(body) < 2 * limit:
            return True
        mark = b"\n" if request.content_type is not None and request.content_type.startswith(CSV) else b"{"
        return body.count(mark) <= limit + 1

    def answer(self, request: Request, body: bytes) -> tuple[bytes, bytes]:
        """Media type and body of the answer. Raises Refused."""
        read, write, header = request.media_types()
        model = self.model
        if read == JSON and write == JSON and not request.explain:
            found = model.reader.one(body)
            if found is not None:
                score = model.predictor.one(found[0])
                self.metrics.predicted(1, score >= model.threshold)
                return JSON, self._writer.one(found[1], score)
        rows = model.reader.json(body) if read == JSON else model.reader.csv(body, header=header)
        scores = self._scores(request, rows)
        decisions = list(map(model.threshold.__le__, scores))
        explained = self._contributions(request, rows) if request.explain else None
        self.metrics.predicted(rows.count, sum(decisions))
        if write == CSV:
            return CSV, self._writer.csv(scores, decisions)
        if rows.single and rows.entities is not None:
            return JSON, self._writer.one(rows.entities[0], scores[0], explained[0] if explained else None)
        return JSON, self._writer.json(rows, scores, decisions, explained)

    def _scores(self, request: Request, rows: Rows) -> Sequence[float]:
        self.check_time(request)
        if rows.count <= CHUNK_ROWS:
            return self.model.predictor.many(rows.values)
        scores = array("f")
        for chunk in self._chunks(request, rows, CHUNK_ROWS):
            scores.extend(self.model.predictor.many(chunk))
        return scores

    def _contributions(self, request: Request, rows: Rows) -> list[list[float]]:
        """About a hundred times the cost of a score, so the clock is looked at more often."""
        found: list[list[float]] = []
        for chunk in self._chunks(request, rows, CHUNK_ROWS // 64):
            found += self.model.predictor.contributions(chunk)
        return found

    def _chunks(self, request: Request, rows: Rows, size: int) -> Iterator[array[float]]:
        step = size * self._width
        for start in range(0, len(rows.values), step):
            self.check_time(request)
            yield rows.values[start : start + step]

    def check_time(self, request: Request) -> None:
        """Raises Refused 503 for a request whose time is over."""
        if time.perf_counter() - request.started > self.seconds:
            message = f"not answered within {self.seconds:g} s; send fewer rows"
            raise Refused(503, "time_limit", message, headers=((b"retry-after", b"1"),))
