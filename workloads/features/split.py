"""Which part of the data an entity belongs to: train, validation or test, by a hash that every engine computes alike.

The bucket of an entity is the first 8 hexadecimal digits of the SHA-256 of its text (UTF-8; an integer in decimal),
as a number, modulo 100. It depends on nothing else, so an entity stays in its part whatever data comes later and
whoever computes it. narwhals has no hash, so each engine has its own line here; a test holds them to the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from contracts.schema import Contract, Split

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from pyspark.sql import DataFrame as SparkFrame

NativeFrame = TypeVar("NativeFrame")
COLUMN = "split"
PARTS = ("train", "validation", "test")


def bucket(entity: str | int) -> int:
    """0..99 for an entity key."""
    return int(hashlib.sha256(str(entity).encode()).hexdigest()[:8], 16) % 100


def part(entity: str | int, split: Split) -> str:
    """'train', 'validation' or 'test' for an entity key."""
    position = bucket(entity)
    if position < split.train:
        return "train"
    return "validation" if position < split.train + split.validation else "test"


def with_split(frame: NativeFrame, contract: Contract) -> NativeFrame:
    """`frame` (a duckdb relation, a pyarrow table or a PySpark data frame) with the column `split` added.

    The entity column must hold strings or integers, without nulls. Raises TypeError for another kind of frame.
    """
    module = type(frame).__module__.partition(".")[0]
    if module not in _ENGINES:
        raise TypeError(
            f"frame is a {type(frame).__module__}.{type(frame).__name__}; "
            "allowed are a duckdb relation, a pyarrow table and a PySpark data frame"
        )
    return _ENGINES[module](frame, contract)


def _case(position: str, split: Split) -> str:
    """SQL that duckdb and Spark both read."""
    return (
        f"CASE WHEN {position} < {split.train} THEN 'train' "
        f"WHEN {position} < {split.train + split.validation} THEN 'validation' ELSE 'test' END AS {COLUMN}"
    )


def _duckdb(frame: duckdb.DuckDBPyRelation, contract: Contract) -> duckdb.DuckDBPyRelation:
    digits = f'substr(sha256(CAST("{contract.entity}" AS VARCHAR)), 1, 8)'
    return frame.project("*, " + _case(f"CAST('0x' || {digits} AS BIGINT) % 100", contract.split))


def _spark(frame: SparkFrame, contract: Contract) -> SparkFrame:
    digits = f"substring(sha2(CAST(`{contract.entity}` AS STRING), 256), 1, 8)"
    return frame.selectExpr("*", _case(f"CAST(conv({digits}, 16, 10) AS BIGINT) % 100", contract.split))


def _pyarrow(frame: pa.Table, contract: Contract) -> pa.Table:
    import pyarrow as pa

    entities = frame.column(contract.entity).combine_chunks().dictionary_encode()
    parts = pa.array([part(entity, contract.split) for entity in entities.dictionary.to_pylist()], pa.string())
    return frame.append_column(COLUMN, parts.take(entities.indices))


_ENGINES: dict[str, Callable[[Any, Contract], Any]] = {
    "duckdb": _duckdb,
    "_duckdb": _duckdb,
    "pyarrow": _pyarrow,
    "pyspark": _spark,
}
