"""From a request's body to the body of its answer, within its time."""

from __future__ import annotations

import dataclasses
import time
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from workloads.inference import bodies
from workloads.inference.errors import Fault, Refused, invalid
from workloads.inference.metrics import Metrics
from workloads.inference.model import Model
from workloads.inference.online_store import OnlineStore
from workloads.inference.predictor import Features, UnscoredError
from workloads.inference.request import Request
from workloads.inference.rows import Entity, Raw, Rows
from workloads.inference.settings import Settings
from workloads.inference.writer import CSV, JSON, Writer
from workloads.tasks.strategy import Output

CHUNK_ROWS = 4096  # a batch looks at the clock between chunks of this size
EXPLAINED_ROWS = 8  # contributions cost a hundred times a score; more rows of them do not run on the event loop
INLINE_BYTES = 256 * 1024  # nor does a larger body, whatever is in it: to find out takes time
MAX_CONTRIBUTIONS = 500_000  # values of one answer, which make 20 MB of JSON


class MustWaitError(Exception):
    """The answer needs another service (the online store, S3), which the event loop must not wait for."""


class Scorer:
    """One model as a function from bodies to bodies. Safe to use from the event loop and other threads at once."""

    def __init__(self, model: Model, settings: Settings, metrics: Metrics, store: OnlineStore | None = None) -> None:
        self.model, self.metrics, self.store = model, metrics, store
        self.settings = settings
        self._width = (len(model.contract.features) + 1) * model.task.outputs
        self._writer, self._decide = Writer(model), model.task.decider()
        self._one = model.predictor.one if model.task.outputs == 1 else self._several

    def is_small(self, request: Request, body: bytes) -> bool:
        """Whether a body surely has few enough rows to be scored on the event loop, seen without parsing it."""
        limit = EXPLAINED_ROWS if request.explain else self.settings.max_rows_inline
        if len(body) > INLINE_BYTES:
            return False
        kind = request.content_type or JSON
        if kind.startswith(JSON):
            return len(body) < 2 * limit or body.count(b"{") <= limit + 1
        return kind.startswith(CSV) and (len(body) < limit or body.count(b"\n") + body.count(b"\r") <= limit)

    def answer(self, request: Request, body: bytes, *, may_wait: bool = False) -> tuple[bytes, bytes]:
        """Media type and body of the answer. Raises Refused; MustWaitError if it needs to wait and may not."""
        try:
            return self._answer(request, body, may_wait=may_wait)
        except UnscoredError as error:
            raise _unscored(error) from error

    def _answer(self, request: Request, body: bytes, *, may_wait: bool) -> tuple[bytes, bytes]:
        model = self.model
        if self.store is None and request.is_plain():
            found = model.reader.one(body)
            if found is not None:
                output = self._one(found[0])
                decision = self._decide(output)
                self.metrics.predicted(1, decision is True)
                return JSON, self._writer.one(found[1], output, decision)
        read, write, header, is_utf_8 = request.media_types()
        if request.explain and not model.predictor.explains:
            message = f"contributions are asked for; a model of kind {model.predictor.name} has none"
            raise Refused(406, "not_acceptable", message)
        rows = self._rows(read, header, body, is_utf_8=is_utf_8, may_wait=may_wait)
        outputs = self._outputs(request, rows)
        decisions = list(map(self._decide, outputs))
        explained = self._contributions(request, rows) if request.explain else None
        self.metrics.predicted(rows.count, decisions.count(True) if model.task.has_threshold else 0)
        if write == CSV:
            return CSV, self._writer.csv(outputs, decisions)
        if rows.single and rows.entities is not None:
            return JSON, self._writer.one(
                rows.entities[0], outputs[0], decisions[0], explained[0] if explained else None
            )
        return JSON, self._writer.json(rows, outputs, decisions, explained)

    def _rows(self, read: bytes, header: bool | None, body: bytes, *, is_utf_8: bool, may_wait: bool) -> Rows:
        """The rows of a body with their features."""
        reader = self.model.reader
        raw = bodies.read(reader, read, header, body, is_utf_8=is_utf_8)
        if self.store is not None and raw.entities is not None:
            raw = self._looked_up(self.store, raw, raw.entities, may_wait=may_wait)
        return reader.rows(raw)

    def _looked_up(self, store: OnlineStore, raw: Raw, entities: list[Entity], *, may_wait: bool) -> Raw:
        """`raw` with the store's columns in the rows that have an entity and no value.

        Raises MustWaitError, Refused.
        """
        wanted = {
            index: entity
            for index, (row, entity) in enumerate(zip(raw.values, entities, strict=True))
            if entity is not None and all(value is None for value in row)
        }
        if not wanted:
            return raw
        if not may_wait:
            raise MustWaitError
        reader, values = self.model.reader, list(raw.values)
        found = store.many(list(wanted.values()), reader.checks, reader.entity.name)
        for index, columns in zip(wanted, found, strict=True):
            values[index] = [columns[check.name] for check in reader.checks]
        return dataclasses.replace(raw, values=values)

    def _several(self, features: Features) -> Output:
        """The outputs of one row."""
        return self.model.predict(array("d", features))[0]

    def _outputs(self, request: Request, rows: Rows) -> Sequence[Output]:
        self.check_time(request)
        if rows.count <= CHUNK_ROWS:
            return self.model.predict(rows.values)
        found: list[Output] = []
        for chunk in self._chunks(request, rows, CHUNK_ROWS):
            try:
                found.extend(self.model.predict(chunk))
            except UnscoredError as error:
                raise UnscoredError(len(found) + error.row) from error
        return found

    def _contributions(self, request: Request, rows: Rows) -> list[Any]:
        """Costly, so the clock is looked at more often. Raises Refused 413 for more than an answer can hold."""
        most = MAX_CONTRIBUTIONS // self._width
        if rows.count > most:
            message = f"contributions of {rows.count} rows are asked for, at most {most} are allowed; split the request"
            raise Refused(413, "too_many_rows", message)
        found: list[Any] = []
        for chunk in self._chunks(request, rows, CHUNK_ROWS // 64):
            found += self.model.contributions(chunk)
        return found

    def _chunks(self, request: Request, rows: Rows, size: int) -> Iterator[array[float]]:
        step = size * len(self.model.contract.features)
        for start in range(0, len(rows.values), step):
            self.check_time(request)
            yield rows.values[start : start + step]

    def check_time(self, request: Request) -> None:
        """Raises Refused 503 for a request whose time is over."""
        if time.perf_counter() - request.started > self.settings.request_seconds:
            message = f"not answered within {self.settings.request_seconds:g} s; send fewer rows"
            raise Refused(503, "time_limit", message, headers=((b"retry-after", b"1"),))


def _unscored(error: UnscoredError) -> Refused:
    """422: the row is as the contract says, and the model, one that others made, does not know it."""
    found = "values for which the model has no finite number (missing ones, or very large ones)"
    return invalid([Fault(found=found, allowed="what the model was made for", row=error.row)])
