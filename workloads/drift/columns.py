"""The columns of a data set's Parquet files, one after the other: many are read at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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


def texts(parts: Parts) -> pa.ChunkedArray[Any]:
    """A column as texts, null where missing."""
    return pa.chunked_array([chunk for part in parts for chunk in part.cast(pa.string()).chunks], pa.string())


def commonest(column: pa.ChunkedArray[Any], most: int) -> tuple[dict[str, int], int]:
    """The texts that most rows have, at most so many, with their rows (of as many rows the first ones come first), and
    how many different texts there are. No other is made a text of Python: a column may have one for each row."""
    counted: Any = column.drop_null().value_counts()
    table = pa.table({"text": counted.field("values"), "rows": counted.field("counts")})
    order: Any = [("rows", "descending"), ("text", "ascending")]
    found = table.take(pc.select_k_unstable(table, most, order))  # pyright: ignore[reportAttributeAccessIssue]
    return {each["text"]: each["rows"] for each in found.to_pylist()}, table.num_rows
