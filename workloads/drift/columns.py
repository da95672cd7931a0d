"""The columns of a data set's Parquet files, one after the other: many are read at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

#: Values that are held at a time: 64 MB of numbers. To open a file costs as much as it has columns, so that a file
#: opened for each of them costs their square.
HELD = 8_000_000
#: A column's values in each of the files.
Parts: TypeAlias = "list[pa.ChunkedArray[Any]]"


def each(files: Sequence[Path], names: Sequence[str], rows: int) -> Iterator[tuple[str, Parts]]:
    """Name and values of each of `names` in all files, which have `rows` rows together."""
    width = max(1, HELD // max(rows, 1))
    for start in range(0, len(names), width):
        block = names[start : start + width]
        tables: list[pa.Table] = []
        for path in files:
            with pq.ParquetFile(path) as file:
                tables.append(file.read(columns=list(block)))
        for name in block:
            yield name, [table.column(name) for table in tables]


def numbers(parts: Parts) -> NDArray[np.float64]:
    """A numeric column as float64, NaN where missing."""
    # pyarrow's safe cast refuses an integer beyond 2**53; a feature of it is rounded too
    return np.concatenate([part.cast(pa.float64(), safe=False).to_numpy().astype(np.float64) for part in parts])
