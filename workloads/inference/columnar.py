"""Bodies in Parquet, for batches: a table with the contract's columns by name.

Needs pyarrow, which no image of ours brings (it is eight times the size of the rest); without it the answer is 415.
A small file can stand for a great deal, so its announced rows are looked at before anything is unpacked, and it is
unpacked a few rows at a time.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from workloads.inference.errors import Refused, malformed

PARQUET = b"application/vnd.apache.parquet"
MAX_EXPANSION = 100  # bytes unpacked for each byte of the body
_STEP_ROWS = 64

Row = dict[str, Any]


def read(body: bytes, *, max_rows: int) -> list[Row]:
    """The rows of a body. NaN is null. Raises Refused: 400 unreadable, 413 too many rows or bytes, 415 no pyarrow."""
    try:
        import pyarrow as pa
    except ImportError:
        message = "Parquet needs pyarrow, which is not in this image; use application/json or text/csv"
        raise Refused(415, "unsupported_media_type", message) from None
    try:
        return [_without_nan(row) for batch in _batches(body, max_rows) for row in batch.to_pylist()]
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise malformed(f"the body is no Parquet file: {first}") from None


def _batches(body: bytes, max_rows: int) -> Iterator[Any]:
    import pyarrow.parquet as pq

    unpacked = 0
    with pq.ParquetFile(io.BytesIO(body)) as file:
        rows = file.metadata.num_rows
        if rows > max_rows:
            message = f"{rows} rows are found, at most {max_rows} are allowed; split the request"
            raise Refused(413, "too_many_rows", message)
        for batch in file.iter_batches(_STEP_ROWS):
            unpacked += batch.nbytes
            if unpacked > MAX_EXPANSION * len(body):
                message = f"more than {MAX_EXPANSION} bytes for each of the {len(body)} of the body are found; split it"
                raise Refused(413, "body_too_large", message)
            yield batch


def _without_nan(row: Row) -> Row:
    return {name: None if value != value else value for name, value in row.items()}
