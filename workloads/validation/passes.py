"""The pass over a delivered file: its judged rows as Parquet files, of both halves at once where it can be read so."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

import duckdb

from workloads.engine import literal, one_thread
from workloads.validation import halves
from workloads.validation.source import Source, unreadable

#: Values (rows by columns) of a row group: each of two writers holds some of them whole, and a column of one is read at
#: once.
_GROUP_VALUES: Final = 60_000
_LEAST_ROWS: Final = 2048  # of a row group: a vector of duckdb


def write(
    connection: duckdb.DuckDBPyConnection, source: Source, judged: Callable[[str], str], columns: int, scratch: Path
) -> list[Path]:
    """Files in `scratch`, in the order of the delivery, of its rows as `judged` (SQL of SQL after FROM) makes them.

    RefusedError where the file cannot be read. Rows are numbered one after the other, so a second thread of the same
    statement would only read ahead; what it has read lies in memory and spilled files (two gigabytes of them for a file
    of one) until the first comes there.
    """
    group = max(_LEAST_ROWS, _GROUP_VALUES // columns)

    def copy(cursor: duckdb.DuckDBPyConnection, scan: str, target: Path) -> Path:
        cursor.execute(f"COPY ({judged(scan)}) TO {literal(target)} (FORMAT parquet, ROW_GROUP_SIZE {group})")
        return target

    with one_thread(connection):
        written = _of_halves(connection, source, copy, scratch)
        try:
            written = written or [copy(connection, source.scan, scratch / "judged.parquet")]
        except duckdb.Error as error:
            raise unreadable(error, source.path) from error
    if source.path.parent == scratch:
        source.path.unlink()  # the outcomes have to lie on the volume too
    return written


def _of_halves(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    copy: Callable[[duckdb.DuckDBPyConnection, str, Path], Path],
    scratch: Path,
) -> list[Path] | None:
    """What `copy` writes of each half; None where there is none, or where the engine fails: the whole tells why."""
    parts = halves.of(source.path, scratch) if source.part else None
    if not parts or not source.part:
        return None
    cursors = [connection.cursor() for _ in parts]
    with ThreadPoolExecutor(len(parts)) as pool:
        running = [
            pool.submit(copy, cursor, source.part(part, index == 0), part.with_suffix(".parquet"))
            for index, (cursor, part) in enumerate(zip(cursors, parts, strict=True))
        ]
        done, _ = wait(running, return_when=FIRST_EXCEPTION)
        if any(each.exception() for each in done):
            for cursor in cursors:
                cursor.interrupt()
    for part in parts:
        part.unlink()
    errors = [error for each in running if (error := each.exception())]
    for error in errors:
        if not isinstance(error, duckdb.Error):
            raise error
    return None if errors else [each.result() for each in running]
