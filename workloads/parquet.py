"""Parquet files as a table of their own columns, whatever their folders are called.

By default pyarrow takes a folder `churn_label=1` for a column of every file below it, in the place of the file's own.
`workloads.engine.parquet` is the same for duckdb.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file, or of all files below a directory, with `columns` (None: all). Errors are pyarrow's."""
    names = None if columns is None else list(columns)
    return pq.read_table(path, columns=names, partitioning=None)  # pyright: ignore[reportArgumentType] - annotated without its None
