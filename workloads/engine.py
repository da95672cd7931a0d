"""The embedded engine of validation, ETL and drift: duckdb, set up the same way wherever it runs.

SQL that depends on a contract is written with `identifier` and `literal`, never by pasting names or values.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

ROW_GROUP_ROWS: Final = 122_880  # duckdb's own default; training streams row group by row group
#: How COPY writes Parquet. The level of zstd is pyarrow's default: duckdb's own, 3, is a fifth more time for files
#: smaller by a fourteenth. A column with more different values in a row group than these has no dictionary: few columns
#: would gain by one, and duckdb looks for it until it is full.
PARQUET: Final = ", ".join(
    [
        "FORMAT parquet",
        "COMPRESSION zstd",
        "COMPRESSION_LEVEL 1",
        "DICTIONARY_SIZE_LIMIT 4096",
        f"ROW_GROUP_SIZE {ROW_GROUP_ROWS}",
    ]
)


def connect(
    scratch: Path, *, memory_limit_mb: int | None = None, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection whose larger-than-memory work spills into the directory `scratch`.

    The defaults of duckdb stand for what is not given: 80 % of the machine's memory, a thread a core. The time zone is
    UTC, of its cursors too, and nothing is ever downloaded (all that is used is linked into duckdb).
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(scratch),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if memory_limit_mb is not None:
        config["memory_limit"] = f"{memory_limit_mb}MiB"
    if threads is not None:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    # Both compare the expressions of a statement with each other, which made validation quadratic in the columns of a
    # contract (400: 131 s instead of 3 s); neither makes a million rows faster.
    connection.execute("SET GLOBAL disabled_optimizers = 'in_clause,common_subexpressions'")
    return connection


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection) -> Generator[None]:
    """Statements in it run one step after the other, so that sums of floats are the same to the last bit each time.

    Afterwards duckdb has a thread a core.
    """
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute("RESET threads")


def parquet(*paths: Path, by_name: bool = False, file: str | None = None) -> str:
    """SQL for the rows of Parquet files, to stand after FROM: their own columns, whatever their folders are called.

    By default duckdb takes a folder `churn_label=1` for a column of every file below it, before the file's own.
    Unless `by_name`, all have the columns that are asked for; with it, a file that lacks one has nulls there. `file` is
    a column more: the path of the file that a row is of.
    """
    options = ["hive_partitioning = false"]
    options += ["union_by_name = true"] if by_name else []
    options += [f"filename = {literal(file)}"] if file else []
    return f"read_parquet([{', '.join(map(literal, paths))}], {', '.join(options)})"


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | float | bool | Path) -> str:
    """`value` as a SQL literal. A float is written so that it is read back exactly."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    return "'" + str(value).replace("'", "''") + "'"
