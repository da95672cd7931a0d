"""ETL on one machine: accepted files in, train, validation and test files and the manifest out (D5).

The rows are read once for their entities and once for each part, which is sorted, completed and written in one
statement: nothing but the entities is kept in between. The embedded engine spills to disk what does not fit into
memory. The same input gives the same files, byte for byte.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from contracts.schema import Contract
from workloads.engine import PARQUET, connect, identifier, literal, parquet
from workloads.etl import deliveries, offline_store
from workloads.etl.manifest import MANIFEST_FILE, Provenance, TooFewRowsError, document, splits
from workloads.etl.offline_store import OfflineStore
from workloads.etl.sources import find_sources, require_unrepeated
from workloads.etl.transform import completed, output_columns, raw_columns
from workloads.etl.version import dataset_version
from workloads.etl.written import RepeatedError, Written, event_times, read_back
from workloads.features.split import COLUMN as SPLIT
from workloads.features.split import PARTS, with_split

# ruff: noqa: S608 -- SQL here is made of what engine.identifier and engine.literal quote

DATA_FILE = "part-00000.parquet"
BATCH_ROWS = 50_000
_POSITION = "position_"  # of an entity among all, by part and name; names of a contract cannot end with _


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
    times; returns the manifest (`superseded.rows`: rows that gave way to a later delivery of the same entity and event
    time; `superseded.conflicting`: how many of those pairs then changed).

    Writes output/{train,validation,test}/part-00000.parquet, sorted by entity and event time, with the columns of
    `transform.output_columns`, and output/manifest/manifest.json. Raises UserError when there is no input or input that
    validation did not accept, TooFewRowsError for a part with too few rows of a class.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as name:
        scratch = Path(name)
        with connect(scratch, memory_limit_mb=memory_limit_mb) as connection:
            files = find_sources(connection, directory, contract)
            accepted = deliveries.accepted(connection, files, contract)
            joined = offline_store.join(connection, accepted.latest, contract, store) if store else None
            (joined.rows if joined else accepted.latest).create_view("gathered")
            _place(connection, joined.rows if joined else accepted.rows, contract)
            try:
                written = _write(connection, scratch, contract)
                told = splits({name: each.part for name, each in written.items()}, contract)
            except (TooFewRowsError, RepeatedError):
                require_unrepeated(connection, files, contract)  # what is no accepted data is said before all else
                raise
            kept = sum(each.part.rows for each in written.values())
            left_out = joined.left_out if joined else 0
            manifest = document(
                contract,
                provenance or Provenance(),
                version=dataset_version({name: each.digest for name, each in written.items()}, contract),
                event_times=event_times(written.values()),
                splits=told,
                superseded=(sum(file.rows for file in files) - kept - left_out, accepted.conflicts),
                schema=_schema(connection, contract),
                sources=[{"name": file.path.name, "sha256": file.sha256, "rows": file.rows} for file in files],
            )
        if joined:
            manifest["offline_store"] = {"metadata": joined.metadata, "left_out": left_out}
        (scratch / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n")
        for part in PARTS:
            _publish(_file(scratch, part), output / part / DATA_FILE)
        _publish(scratch / MANIFEST_FILE, output / "manifest" / MANIFEST_FILE)
    return manifest


def _place(connection: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, contract: Contract) -> None:
    """Make the view `entities` of `rows`: each one's part, and its position among all of them, by part and name.

    A position and a time are a key of 14 bytes. duckdb sorts keys of up to 24 where they lie and longer ones, as names
    and times mostly are, by pointers, at more than twice the cost. And an entity is hashed once, not with each row.
    More than 2^32 entities are an error of duckdb's.
    """
    entity = identifier(contract.entity)
    different = with_split(rows.project(entity).distinct(), contract)
    parts = ", ".join(literal(part) for part in sorted(PARTS))
    placed = different.project(f"{entity}, CAST({SPLIT} AS ENUM ({parts})) AS {SPLIT}")
    placed.order(f"{SPLIT}, {entity}").create("placed")
    connection.execute(f"CREATE VIEW entities AS SELECT *, CAST(rowid AS UINTEGER) AS {_POSITION} FROM placed")


def _write(connection: duckdb.DuckDBPyConnection, scratch: Path, contract: Contract) -> dict[str, Written]:
    """Write the parts as Parquet; returns what they are found to be, of those that have rows.

    One core reads back a part and hashes it while the next one is written: so the largest comes first.
    """
    found: dict[str, Future[Written | None]] = {}
    _plan(connection, contract)
    # The pool ends first, for a cursor in use cannot be closed.
    with connection.cursor() as other, ThreadPoolExecutor(1) as pool:
        for part in sorted(PARTS, key=lambda part: getattr(contract.split, part), reverse=True):
            file = _file(scratch, part)
            _write_part(connection, part, file, contract)
            found[part] = pool.submit(_read_back, other, file, contract)
    results = {part: each.result() for part, each in found.items()}
    return {part: written for part, written in results.items() if written}


def _plan(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make the view `part`: the rows of the part that the engine's variable of that name says.

    It is planned once for all parts, as the library's work on a projection grows with the square of its columns.
    """
    placed = connection.sql(f"SELECT * FROM gathered JOIN entities USING ({identifier(contract.entity)})")
    parts = ", ".join(literal(part) for part in sorted(PARTS))
    rows = placed.filter(f"{SPLIT} = CAST(getvariable('part') AS ENUM ({parts}))")
    completed(rows.order(f"{_POSITION}, {identifier(contract.event_time)}"), contract).create_view("part")


def _write_part(connection: duckdb.DuckDBPyConnection, part: str, file: Path, contract: Contract) -> None:
    connection.execute(f"SET VARIABLE part = {literal(part)}")
    columns = ", ".join(identifier(name) for name in output_columns(contract))
    connection.execute(f"COPY (SELECT {columns} FROM part) TO {literal(file)} ({PARQUET})")


def _read_back(connection: duckdb.DuckDBPyConnection, file: Path, contract: Contract) -> Written | None:
    columns = ", ".join(identifier(name) for name in raw_columns(contract))
    rows = connection.sql(f"SELECT {columns} FROM {parquet(file)}")
    return read_back(rows.to_arrow_reader(BATCH_ROWS), contract)


def _schema(connection: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, str]:
    """The columns of each part, and their types."""
    part = connection.view("part")
    types = dict(zip(part.columns, map(str, part.types), strict=True))
    return {name: types[name] for name in output_columns(contract)}


def _file(scratch: Path, part: str) -> Path:
    """Where a part is written."""
    return scratch / f"{part}.parquet"


def _publish(file: Path, target: Path) -> None:
    """Move a finished file to its place; what an earlier run left there goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(f"*{target.suffix}"):
        stale.unlink()
    shutil.move(file, target)  # the place may be on another volume
