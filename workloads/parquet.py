"""Parquet files as a table of their own columns, whatever their folders are called, and what they announce of a column.

By default pyarrow takes a folder `churn_label=1` for a column of every file below it, in the place of the file's own.
`workloads.engine.parquet` is the same for duckdb.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column in a row group: what the file announces of it (pyarrow's ColumnChunkMetaData), and the greatest
    definition level, which is 0 where no value can be null.
    """

    told: Any
    max_level: int


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file, or of all files below a directory, with `columns` (None: all). Errors are pyarrow's."""
    names = None if columns is None else list(columns)
    return pq.read_table(path, columns=names, partitioning=None)  # pyright: ignore[reportArgumentType] - annotated without its None


def chunks(source: Path | IO[bytes], names: Collection[str]) -> list[Mapping[str, Chunk]]:
    """Of each row group what it announces of those of the columns `names` that hold plain values.

    Where that contradicts itself, as after damage, pyarrow ends the process at a look at it (26.0.1 lets its C++ errors
    through there), and not where it makes ready to read: so no row of each group is read first, of which the errors are
    Python's, and types are compared. No page is unpacked. Lists are left out, one of which can stand for any number of
    values. Errors are pyarrow's, and UnicodeDecodeError.
    """
    file = pq.ParquetFile(source)
    metadata: Any = file.metadata
    reader: Any = file.reader
    leaves = [metadata.schema.column(index) for index in range(metadata.num_columns)]
    places = {leaf.path: i for i, leaf in enumerate(leaves) if leaf.path in names and not leaf.max_repetition_level}
    if not places:
        return [{}] * metadata.num_row_groups  # to read no column in pieces of 0 rows ends the process too
    found: list[Mapping[str, Chunk]] = []
    for index in range(metadata.num_row_groups):
        # the file's own `iter_batches` is this one, and refuses a size of 0
        next(reader.iter_batches(0, row_groups=[index], column_indices=list(places.values()), use_threads=False), None)
        group = metadata.row_group(index)
        found.append({n: Chunk(group.column(i), leaves[i].max_definition_level) for n, i in places.items()})
        for name, chunk in found[-1].items():
            if chunk.told.physical_type != (said := leaves[places[name]].physical_type):
                raise pa.ArrowInvalid(f"column {name} is {said}, and row group {index + 1} has it as another type")
    return found
