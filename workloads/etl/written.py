"""What the rows of a part are, in one pass over them as they lie: their hash, how many, of which classes and entities.

Rows come sorted by entity and event time, so that neighbours tell what a look through all of them would be needed for:
where the next entity begins, and whether a row repeats another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.schema import Contract
from workloads import tasks
from workloads.etl.manifest import Part
from workloads.etl.version import rows_digest
from workloads.job import UserError
from workloads.quantiles import Quantiles

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RepeatedError(UserError):
    """An entity and event time are there more than once: in one file, for of several files the last one counts."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(
            f"--input: not accepted data of this contract; validate it first\n  the same {contract.entity} and "
            f"{contract.event_time} occur more than once in a file"
        )


@dataclass(frozen=True, kw_only=True)
class Written:
    """Of a part: the hash of its rows, what was counted, and its first and last event."""

    digest: str
    part: Part
    first: datetime
    last: datetime


def read_back(batches: Iterable[pa.RecordBatch], contract: Contract) -> Written | None:
    """Of the rows in `batches`: `raw_columns`, sorted by entity and event time. None where there is no row.

    RepeatedError where two rows have the same entity and event time.
    """
    census = _Census(contract)
    digest = rows_digest(census.over(batches))
    return census.written(digest) if census.rows else None


def event_times(parts: Collection[Written]) -> tuple[str, str]:
    """The first and the last event of all parts (ISO 8601, UTC, whole seconds)."""
    ends = min(part.first for part in parts), max(part.last for part in parts)
    first, last = (f"{end.replace(tzinfo=None).isoformat(timespec='seconds')}Z" for end in ends)
    return first, last


class _Census:
    """Counts of the batches seen so far, and the last row: an entity may go on in the next batch."""

    def __init__(self, contract: Contract) -> None:
        self.contract, self.key = contract, [contract.entity, contract.event_time]
        self.classes = tasks.of(contract).classes
        self.rows = self.entities = 0
        self.rows_of, self.entities_of = [0] * len(self.classes), [0] * len(self.classes)
        self.last_of = [0] * len(self.classes)  # the number of the last entity with a row of the class, from 1
        self.labels = self.times = (np.inf, -np.inf)
        self.quantiles = Quantiles()
        self.last_row: pa.RecordBatch | None = None

    def over(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches as they come, each counted."""
        for batch in batches:
            if batch.num_rows:
                self._count(batch)
            yield batch

    def written(self, digest: str) -> Written:
        """What was found, once all batches were seen."""
        part = Part(
            rows=self.rows,
            entities=self.entities,
            labels_differ=self.labels[0] < self.labels[1],
            entities_of=self.entities_of,
            rows_of=self.rows_of,
            quantiles=self.quantiles.told(),
        )
        first, last = (_EPOCH + timedelta(microseconds=int(end)) for end in self.times)
        return Written(digest=digest, part=part, first=first, last=last)

    def _count(self, batch: pa.RecordBatch) -> None:
        entity = self.entities + np.cumsum(self._begins(batch.select(self.key)))
        label = batch.column(self.contract.label).to_numpy(zero_copy_only=False)
        for index, value in enumerate(self.classes):
            of_class = entity[label == value]
            if len(of_class):
                self.rows_of[index] += len(of_class)
                self.entities_of[index] += int(np.count_nonzero(np.diff(of_class, prepend=self.last_of[index])))
                self.last_of[index] = int(of_class[-1])
        self.rows += batch.num_rows
        self.entities = int(entity[-1])
        self.labels = _ends(self.labels, label)
        if not self.classes:
            self.quantiles.add(label)
        self.times = _ends(self.times, batch.column(self.contract.event_time).cast(pa.int64()).to_numpy())

    def _begins(self, keys: pa.RecordBatch) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which rows are the first of an entity."""
        before = self.last_row
        self.last_row = keys.slice(keys.num_rows - 1)
        entities, times = (pa.concat_batches([before, keys]) if before else keys).columns
        same = [pc.equal(column[1:], column[:-1]) for column in (entities, times)]  # pyright: ignore[reportAttributeAccessIssue]
        of_entity, of_time = (each.to_numpy(zero_copy_only=False) for each in same)
        if np.any(of_entity & of_time):
            raise RepeatedError(self.contract)
        return ~of_entity if before else np.append(True, ~of_entity)


def _ends(ends: tuple[float, float], values: np.ndarray[Any, Any]) -> tuple[float, float]:
    return min(ends[0], values.min()), max(ends[1], values.max())
