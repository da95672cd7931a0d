"""The first container of a SageMaker inference pipeline: raw rows in, features out; the second is the service again.

`--stage preprocess` needs the contract, and of the metadata the texts of categories that were learned. It answers CSV
lines of features in contract order, or, in JSON, the rows as objects of features, with the entity where it was given;
missing is an empty cell or null. `--stage predict` takes exactly that: its rows are the features themselves, as
numbers that may be missing.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator

import msgspec

from workloads.inference.errors import Refused
from workloads.inference.request import Request
from workloads.inference.rows import Rows
from workloads.inference.scoring import Scorer
from workloads.inference.writer import CSV, JSON

_LARGEST = 3.4028234663852886e38  # of float32, within which the model matrix holds every value


class Preprocessor(Scorer):
    """Answers with features where a Scorer answers with scores."""

    def answer(self, request: Request, body: bytes, *, may_wait: bool = False) -> tuple[bytes, bytes]:
        """Media type and body of the answer. Raises Refused; MustWaitError if it needs to wait and may not."""
        read, write, header, is_utf_8 = request.media_types()
        if request.explain:
            raise Refused(406, "not_acceptable", "contributions are asked for; this stage has no model")
        rows = self._rows(read, header, body, is_utf_8=is_utf_8, may_wait=may_wait)
        self.check_time(request)
        if write == CSV:
            return CSV, "".join(map(_line, self._features(rows))).encode()
        names = self.model.contract.feature_names
        entities = [None] * rows.count if rows.entities is None else rows.entities
        items = [
            ({} if entity is None else {self.model.contract.entity: entity})
            | {name: None if math.isnan(value) else value for name, value in zip(names, row, strict=True)}
            for entity, row in zip(entities, self._features(rows), strict=True)
        ]
        return JSON, msgspec.json.encode(items[0] if rows.single else items)

    def _features(self, rows: Rows) -> Iterator[array[float]]:
        """The features of each row, within float32: JSON has no infinities."""
        width = len(self.model.contract.features)
        held = array("d", [min(max(value, -_LARGEST), _LARGEST) for value in rows.values])
        for start in range(0, len(held), width):
            yield held[start : start + width]


def _line(row: array[float]) -> str:
    return ",".join("" if math.isnan(value) else repr(value) for value in row) + "\n"
