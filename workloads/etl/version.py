"""The version of a data set: a hash of its content, whatever the files were called and however rows were spread.

It covers the rows (raw columns as the data set has them, each part sorted) and how the contract turns them into model
inputs (features, segments, split), and nothing that an engine or a file format could change. Parts are hashed apart, so
that one can be while another is still written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.schema import Contract

LENGTH = 16  # hexadecimal digits, as many as the contract's own version has in object keys
_SHAPING = ("entity", "event_time", "label", "features", "segments", "split")


def rows_digest(batches: Iterable[pa.RecordBatch]) -> str:
    """A hash of the rows in `batches`, which come sorted and with the same columns in the same order.

    How the rows are cut into batches does not matter: every column is hashed on its own and the hashes are joined.
    """
    columns: dict[str, _ColumnHash] = {}
    for batch in batches:
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            columns.setdefault(f"{name} {values.type}", _ColumnHash()).update(values)
    return _hash({name: column.hexdigest() for name, column in columns.items()})


def dataset_version(parts: Mapping[str, str], contract: Contract) -> str:
    """The version of a data set: `parts` are the `rows_digest` of each part's raw columns, in order of entity and
    event time."""
    shaping = {name: value for name, value in dataclasses.asdict(contract).items() if name in _SHAPING}
    return _hash({"contract": shaping, "parts": dict(parts)})[:LENGTH]


def _hash(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


class _ColumnHash:
    """Of values and nulls: which rows are null, then numbers as they are in memory, or texts and their lengths."""

    def __init__(self) -> None:
        self.parts = [hashlib.sha256(), hashlib.sha256(), hashlib.sha256()]

    def update(self, values: pa.Array[Any]) -> None:
        valid, sizes, content = self.parts
        valid.update(values.is_valid().cast(pa.uint8()).to_numpy())
        if pa.types.is_string(values.type):
            texts = values.fill_null("")
            lengths = pc.utf8_length(texts)  # pyright: ignore[reportAttributeAccessIssue]
            sizes.update(lengths.cast(pa.int64()).to_numpy())
            content.update(_bytes(texts))
        else:
            if pa.types.is_timestamp(values.type) or pa.types.is_boolean(values.type):
                values = values.cast(pa.int64() if pa.types.is_timestamp(values.type) else pa.uint8())
            content.update(values.fill_null(0).to_numpy())

    def hexdigest(self) -> str:
        return "".join(part.hexdigest() for part in self.parts)


def _bytes(texts: pa.Array[Any]) -> memoryview | bytes:
    """All texts one after the other, in UTF-8, as they are in memory."""
    _, offsets, data = texts.buffers()
    if data is None or offsets is None or not len(texts):
        return b""
    bounds = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data)[int(bounds[0]) : int(bounds[-1])]
