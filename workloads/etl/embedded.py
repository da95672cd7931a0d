"""ETL on one machine: accepted files in, train, validation and test files and the manifest out (D5).

The embedded engine spills to disk what does not fit into memory. The same input gives the same files, byte for byte.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from contracts.schema import Contract
from workloads import tasks
from workloads.engine import PARQUET, connect, identifier, literal, parquet
from workloads.etl import offline_store
from workloads.etl.manifest import MANIFEST_FILE, Part, Provenance, document, splits
from workloads.etl.offline_store import Joined, OfflineStore
from workloads.etl.sources import SourceFile, find_sources, require_unrepeated
from workloads.etl.transform import DELIVERY, completed, labelled, output_columns, raw_columns
from workloads.etl.version import dataset_version
from workloads.features.split import COLUMN as SPLIT
from workloads.features.split import PARTS, with_split
from workloads.stored import stored_columns, stored_type

# ruff: noqa: S608 -- SQL here is made of what engine.identifier and engine.literal quote

DATA_FILE = "part-00000.parquet"
BATCH_ROWS = 100_000
_POSITION = "position_"  # of an entity among all, by part and name; names of a contract cannot end with _
_LAST = "last_"  # of `repeated`: the delivery that counts
_FILE = "file_"  # the file that a row comes from; no column of a contract ends with _


def run(
    directory: Path,
    contract: Contract,
    output: Path,
    *,
    provenance: Provenance | None = None,
    memory_limit_mb: int | None = None,
    store: OfflineStore | None = None,
) -> dict[str, Any]:
    """Make a data set of the accepted files in `directory`, with `store` of what it knew of their rows at their event
    times; returns the manifest (`superseded.rows`: rows that gave
    way to a later delivery of the same entity and event time; `superseded.conflicting`: how many of those pairs then
    changed).

    Writes output/{train,validation,test}/part-00000.parquet, sorted by entity and event time, with the columns of
    `transform.output_columns`, and output/manifest/manifest.json. Raises UserError when there is no input or input that
    validation did not accept, TooFewRowsError for a part with too few rows of a class.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as name:
        scratch = Path(name)
        with connect(scratch, memory_limit_mb=memory_limit_mb) as connection:
            files = find_sources(connection, directory, contract)
            joined = _prepare(connection, files, contract, store)
            found = splits(_parts(connection, contract), contract)
            # One core hashes while all of them write; the pool ends first, for a cursor in use cannot be closed.
            with connection.cursor() as other, ThreadPoolExecutor(1) as pool:
                version = pool.submit(lambda: dataset_version(_raw_batches(other, contract), contract))
                _write(connection, scratch, contract)
            manifest = _manifest(
                connection, files, contract, provenance or Provenance(), joined, found, version.result()
            )
        (scratch / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n")
        for part in PARTS:
            _publish(scratch / f"{part}.parquet", output / part / DATA_FILE)
        _publish(scratch / MANIFEST_FILE, output / "manifest" / MANIFEST_FILE)
    return manifest


def read(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract
) -> duckdb.DuckDBPyRelation:
    """The rows of `files` with their delivery: the position of their file in `files`.

    All files are one scan: a UNION of thousands is planned in a time that grows with the square of their number.
    """
    present = [_present(file, contract) for file in files]
    columns = ", ".join(
        identifier(column.name)
        if any(column.name in names for names in present)
        else f"CAST(NULL AS {stored_type(column)}) AS {identifier(column.name)}"
        for column in stored_columns(contract)
    )
    if len(files) == 1:
        return connection.sql(f"SELECT {columns}, 0 AS {identifier(DELIVERY)} FROM {parquet(files[0].path)}")
    file = identifier(_FILE)
    rows = parquet(*(each.path for each in files), by_name=len(set(present)) > 1, file=_FILE)
    order = ", ".join(f"({literal(each.path)}, {index})" for index, each in enumerate(files))
    return connection.sql(f"""
        SELECT {columns}, {identifier(DELIVERY)}
        FROM {rows} JOIN (VALUES {order}) AS order_({file}, {identifier(DELIVERY)}) USING ({file})""")


def _present(file: SourceFile, contract: Contract) -> frozenset[str]:
    """Those columns of the contract that are not younger than the file."""
    return frozenset(column.name for column in stored_columns(contract)) - file.lacking


def _prepare(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract, store: OfflineStore | None
) -> Joined | None:
    """Make the table `prepared`: `raw_columns`, split and position of the entity, by part, entity and event time.

    Reading it gives rows in that order. Features are added as rows are read: sorted with them, they would be most of
    what has to fit into memory. UserError for files in which rows repeat each other.
    """
    _place(connection, files, contract)
    rows = _latest(connection, files, contract)
    joined = offline_store.join(connection, rows, contract, store) if store else None
    (joined.rows if joined else rows).create_view("unplaced")
    placed = connection.sql(f"SELECT * FROM unplaced JOIN entities USING ({identifier(contract.entity)})")
    rows = labelled(placed, contract, SPLIT, _POSITION)
    rows.order(f"{_POSITION}, {identifier(contract.event_time)}").create("prepared")
    connection.execute("DROP VIEW entities; DROP TABLE placed")
    if _repeat(connection, contract, several=len(files) > 1):
        require_unrepeated(connection, files, contract)
    return joined


def _place(connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract) -> None:
    """Make the table `entities`: each one's part, and its position among all of them, sorted by part and name.

    A position and a time are a key of 14 bytes. duckdb sorts keys of up to 24 where they lie and longer ones, as names
    and times mostly are, by pointers, at more than twice the cost. And an entity is hashed once, not with each row.
    More than 2^32 entities are an error of duckdb's.
    """
    entity = identifier(contract.entity)
    different = read(connection, files, contract).project(entity).distinct()
    parts = ", ".join(literal(part) for part in sorted(PARTS))
    rows = with_split(different, contract).project(f"{entity}, CAST({SPLIT} AS ENUM ({parts})) AS {SPLIT}")
    rows.order(f"{SPLIT}, {entity}").create("placed")
    connection.execute(f"CREATE VIEW entities AS SELECT *, CAST(rowid AS UINTEGER) AS {_POSITION} FROM placed")


def _repeat(connection: duckdb.DuckDBPyConnection, contract: Contract, *, several: bool) -> bool:
    """Whether a file has an entity and event time more than once.

    Of one file such rows lie side by side in `prepared`, of several they are among the few `repeated`: either is seen
    in a fraction of the time that looking through the files takes.
    """
    key = [identifier(contract.entity), identifier(contract.event_time)]
    if several:
        names = ", ".join(key)
        found = f"""
            SELECT 1 FROM delivered JOIN repeated USING ({names}) GROUP BY {names}, {identifier(DELIVERY)}
            HAVING count(*) > 1"""
    else:
        before = ", ".join(f"lag({name}) OVER () AS before_{index}" for index, name in enumerate(key))
        same = " AND ".join(f"{name} = before_{index}" for index, name in enumerate(key))
        found = f"SELECT 1 FROM (SELECT {', '.join(key)}, {before} FROM prepared) WHERE {same}"
    return connection.execute(f"{found} LIMIT 1").fetchone() is not None


def _latest(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], contract: Contract
) -> duckdb.DuckDBPyRelation:
    """Of the rows of one entity and event time that of the last delivery, as `transform.latest` has it on Spark.

    Makes the table `repeated`, of the few that came more than once: a window over all rows takes longer than the sort.
    """
    rows = read(connection, files, contract)
    if len(files) == 1:  # within a file nothing is repeated (`_repeat`)
        return rows
    key = f"{identifier(contract.entity)}, {identifier(contract.event_time)}"
    rows.create_view("delivered")
    last, delivery = identifier(_LAST), identifier(DELIVERY)
    connection.execute(f"""
        CREATE TABLE repeated AS
        SELECT {key}, max({delivery}) AS {last} FROM delivered GROUP BY {key} HAVING count(*) > 1""")
    return connection.sql(f"""
        SELECT delivered.* FROM delivered LEFT JOIN repeated USING ({key})
        WHERE {last} IS NULL OR {delivery} = {last}""")


def _manifest(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SourceFile],
    contract: Contract,
    provenance: Provenance,
    joined: Joined | None,
    parts: Mapping[str, Any],
    version: str,
) -> dict[str, Any]:
    table = completed(connection.table("prepared"), contract)
    types = dict(zip(table.columns, map(str, table.types), strict=True))
    kept = connection.execute("SELECT count(*) FROM prepared").fetchall()[0][0]
    left_out = joined.left_out if joined else 0
    made = document(
        contract,
        provenance,
        version=version,
        event_times=_event_times(connection, contract),
        splits=parts,
        superseded=(
            sum(file.rows for file in files) - kept - left_out,
            _conflicts(connection, contract) if len(files) > 1 else 0,
        ),
        schema={name: types[name] for name in output_columns(contract)},
        sources=[{"name": file.path.name, "sha256": file.sha256, "rows": file.rows} for file in files],
    )
    return {**made, "offline_store": {"metadata": joined.metadata, "left_out": left_out}} if joined else made


def _parts(connection: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, Part]:
    label, classes = identifier(contract.label), tasks.of(contract).classes
    # by entity first: three times as fast as counting distinct ones of each class
    of_entity = [f"count(*) FILTER ({label} = {value}) AS class_{index}" for index, value in enumerate(classes)]
    names = [f"class_{index}" for index in range(len(classes))]
    grouped = ", ".join(["count(*) AS rows_", *of_entity])
    entities = [f"count(*) FILTER ({name} > 0)" for name in names]
    counts = ", ".join(["sum(rows_)", "count(*)", *entities, *(f"sum({name})" for name in names)])
    counted = connection.execute(f"""
        SELECT {SPLIT}, {counts} FROM (SELECT {SPLIT}, {grouped} FROM prepared GROUP BY {SPLIT}, {_POSITION})
        GROUP BY {SPLIT}""").fetchall()
    labels = f"SELECT {SPLIT}, count(DISTINCT {label}) FROM prepared GROUP BY {SPLIT}"
    different, several = dict(connection.execute(labels).fetchall()), len(classes)
    return {
        part: Part(
            rows=figures[0],
            entities=figures[1],
            labels=different[part],
            entities_of=figures[2 : 2 + several],
            rows_of=figures[2 + several :],
        )
        for part, *figures in counted
    }


def _conflicts(connection: duckdb.DuckDBPyConnection, contract: Contract) -> int:
    """How many entities and event times came in several deliveries with different content."""
    key = f"{identifier(contract.entity)}, {identifier(contract.event_time)}"
    values = ", ".join(identifier(column.name) for column in stored_columns(contract))
    return connection.execute(f"""
        WITH differing AS (
            SELECT 1 FROM delivered JOIN repeated USING ({key}) GROUP BY {key} HAVING count(DISTINCT row({values})) > 1)
        SELECT count(*) FROM differing""").fetchall()[0][0]


def _event_times(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[str, str]:
    time = identifier(contract.event_time)
    text = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"
    return connection.execute(
        f"SELECT {text.format(f'min({time})')}, {text.format(f'max({time})')} FROM prepared"
    ).fetchall()[0]


def _raw_batches(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Iterator[pa.RecordBatch]:
    """What came in, in the order of `prepared`: entity, event time, label and raw inputs."""
    columns = ", ".join(identifier(name) for name in raw_columns(contract))
    yield from connection.sql(f"SELECT {columns} FROM prepared").to_arrow_reader(BATCH_ROWS)


def _write(connection: duckdb.DuckDBPyConnection, scratch: Path, contract: Contract) -> None:
    """The parts as Parquet."""
    columns = ", ".join(identifier(name) for name in output_columns(contract))
    for part in PARTS:
        rows = connection.table("prepared").filter(f"{SPLIT} = {literal(part)}")
        completed(rows, contract).create_view("part", replace=True)
        target = literal(scratch / f"{part}.parquet")
        connection.execute(f"COPY (SELECT {columns} FROM part) TO {target} ({PARQUET})")


def _publish(file: Path, target: Path) -> None:
    """Move a finished file to its place; what an earlier run left there goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(f"*{target.suffix}"):
        stale.unlink()
    shutil.move(file, target)  # the place may be on another volume
