"""The accepted files an ETL run reads, checked and put into the order in which they override each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from contracts.schema import Contract
from workloads.engine import identifier, parquet
from workloads.inputs import file_sha256
from workloads.job import UserError
from workloads.stored import DELIVERED, stored_columns, stored_type

# ruff: noqa: S608 -- SQL here is made of what engine.identifier and engine.literal quote

_FILE = "file_"  # the file that a row is of; no column of a contract ends with _


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One accepted file: its name, the SHA-256 of its bytes, its number of rows and when it came (ISO 8601, UTC).

    `lacking` are columns that the contract did not have yet when the file came; its rows have no value there.
    """

    path: Path
    sha256: str
    rows: int
    delivered: str
    lacking: frozenset[str] = frozenset()


def find_sources(connection: duckdb.DuckDBPyConnection, directory: Path, contract: Contract) -> tuple[SourceFile, ...]:
    """The Parquet files below `directory`, each content once, in the order they came, then by name.

    A file without that note of validation (see stored.DELIVERED) is taken to have come with its last event, the
    earliest that it can have.

    Raises UserError, with every fault in one message, when there is none or one is not accepted data of this contract.
    Rows that repeat an entity and event time are left to `require_unrepeated`, which costs as much as all the rest.
    """
    paths = sorted(directory.rglob("*.parquet")) if directory.is_dir() else []
    if not paths:
        raise UserError(f"--input: no Parquet file in {directory}; deliver data and let validation accept it first")
    faults = {path: _faults(connection, path, contract) for path in paths}
    if any(faults.values()):
        _refuse([fault for path in paths for fault in faults[path] or _repetitions(connection, path, contract)])
    columns = {path: frozenset(pq.read_schema(path).names) for path in paths}
    delivered = _delivered(connection, columns, contract)
    files: dict[str, SourceFile] = {}
    for path in paths:
        file = _source(path, columns[path], delivered.get(path, ""), contract)
        files.setdefault(file.sha256, file)  # the same content under two names is one delivery
    filled = [file for file in files.values() if file.rows]
    if not filled:
        raise UserError(f"--input: no row in the {len(paths)} Parquet files of {directory}; deliver data with rows")
    return tuple(sorted(filled, key=lambda file: (file.delivered, file.path.name)))


def require_unrepeated(connection: duckdb.DuckDBPyConnection, files: Iterable[SourceFile], contract: Contract) -> None:
    """UserError, naming each file in which an entity and event time occur more than once."""
    _refuse([fault for file in files for fault in _repetitions(connection, file.path, contract)])


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        raise UserError("--input: not accepted data of this contract; validate it first\n  " + "\n  ".join(faults))


def _faults(connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> list[str]:
    try:
        relation = connection.sql(f"FROM {parquet(path)}")
    except duckdb.Error as error:
        return [f"{path.name}: cannot be read ({str(error).splitlines()[0]})"]
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    faults: list[str] = []
    for column in stored_columns(contract):
        found, wanted = types.get(column.name), stored_type(column)
        if found is None and not column.nullable:
            faults.append(
                f"{path.name}: column {column.name} is missing; the file has {', '.join(types)}; "
                f"a column that came to the contract after a file has to be nullable: columns.{column.name}.nullable"
            )
        elif found is not None and found != wanted:
            faults.append(f"{path.name}: column {column.name} is of type {found}; {wanted} is allowed")
    return faults


def _repetitions(connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> list[str]:
    key = f"{identifier(contract.entity)}, {identifier(contract.event_time)}"
    repeated = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {parquet(path)} GROUP BY {key} HAVING count(*) > 1)"
    ).fetchall()[0][0]
    if not repeated:
        return []
    return [f"{path.name}: {repeated} times the same {contract.entity} and {contract.event_time} occur more than once"]


def _delivered(
    connection: duckdb.DuckDBPyConnection, columns: Mapping[Path, frozenset[str]], contract: Contract
) -> dict[Path, str]:
    """When each file with rows came, by what its rows say: one query for all files that say it in the same column."""
    came: dict[Path, str] = {}
    for column in (DELIVERED, contract.event_time):
        paths = [path for path, names in columns.items() if (DELIVERED in names) == (column == DELIVERED)]
        if paths:
            rows = parquet(*paths, file=_FILE)
            text = f"strftime(max({identifier(column)}), '%Y-%m-%dT%H:%M:%S.%fZ')"
            found = connection.execute(f"SELECT {_FILE}, {text} FROM {rows} GROUP BY {_FILE}").fetchall()
            came |= {Path(path): when or "" for path, when in found}
    return came


def _source(path: Path, columns: frozenset[str], delivered: str, contract: Contract) -> SourceFile:
    lacking = frozenset(column.name for column in stored_columns(contract)) - columns
    rows = pq.read_metadata(path).num_rows
    return SourceFile(path=path, sha256=file_sha256(path), rows=rows, delivered=delivered, lacking=lacking)
