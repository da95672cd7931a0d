"""The split by hash: the same part for an entity in every engine, in the contract's shares."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from contracts.schema import Contract, Split
from tests.workloads.features import rows
from workloads.features import split

STRINGS = ["", "a", "C-000017", "häuslich ☂", "'", '"', "0", "00", "x" * 500, *(f"customer-{n}" for n in range(300))]
INTEGERS = [0, 1, -1, 7, 2**31, 2**63 - 1, -(2**63), *range(1000, 1300)]


def contract_of(entity: str) -> Contract:
    return dataclasses.replace(rows.contract(["count"]), entity=entity)


def test_known_answers() -> None:
    """sha256('abc') starts with ba7816bf = 3128432319 (FIPS 180-2, appendix B.1); integers count as decimal text."""
    assert split.bucket("abc") == 19
    assert split.bucket(42) == split.bucket("42")


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((70, 15, 15), "train"), ((19, 41, 40), "validation"), ((9, 10, 81), "test"), ((20, 40, 40), "train")],
)
def test_parts_follow_the_shares(shares: tuple[int, int, int], expected: str) -> None:
    train, validation, test = shares
    assert split.part("abc", Split(train=train, validation=validation, test=test)) == expected


def test_shares_of_many_entities() -> None:
    counts = Counter(split.part(f"customer-{n}", Split()) for n in range(20_000))
    assert {name: round(count / 200) for name, count in counts.items()} == {"train": 70, "validation": 15, "test": 15}


@pytest.mark.parametrize(("name", "ids"), [("key", STRINGS), ("count", INTEGERS)])
def test_duckdb_and_pyarrow_agree_with_the_definition(name: str, ids: list[Any]) -> None:
    contract = contract_of(name)
    table = pa.table({name: pa.array(ids, rows.SCHEMA.field(name).type)})
    expected = [split.part(entity, contract.split) for entity in ids]
    assert split.with_split(table, contract).column("split").to_pylist() == expected
    with duckdb.connect() as connection:
        result = split.with_split(connection.from_arrow(table), contract).to_arrow_table()
    assert result.column_names == [name, "split"]
    assert result.column("split").to_pylist() == expected


@pytest.mark.spark
@pytest.mark.parametrize(("name", "ids", "kind"), [("key", STRINGS, "string"), ("count", INTEGERS, "bigint")])
def test_spark_agrees_with_the_definition(spark: Any, name: str, ids: list[Any], kind: str) -> None:
    contract = contract_of(name)
    native = spark.createDataFrame([(entity,) for entity in ids], f"{name} {kind}")
    result = [item["split"] for item in split.with_split(native, contract).collect()]
    assert result == [split.part(entity, contract.split) for entity in ids]


def test_another_frame_is_refused() -> None:
    with pytest.raises(TypeError) as caught:
        split.with_split({"key": ["a"]}, contract_of("key"))
    assert str(caught.value) == (
        "frame is a builtins.dict; allowed are a duckdb relation, a pyarrow table and a PySpark data frame"
    )
