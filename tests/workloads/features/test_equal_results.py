"""One definition of the features, equal results: data frames (duckdb, pyarrow, Spark) and single rows."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from typing import Any

import duckdb
import hypothesis
import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from contracts.schema import Contract, Feature
from tests.workloads.features import rows
from workloads.features import frame, model_matrix, row


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def by_row(contract: Contract, table: pa.Table) -> list[tuple[float, ...]]:
    """Features of each row by itself; the function for many rows must give the same."""
    names = [column.name for column in contract.inputs]
    compute = row.row_function(contract)
    found = [compute(values) for values in table.to_pylist()]
    together = row.batch_function(contract)([[values[name] for name in names] for values in table.to_pylist()])
    assert all(map(rows.same, together, itertools.chain.from_iterable(found)))
    assert len(together) == len(found) * len(contract.features)
    return found


def assert_equal(contract: Contract, table: pa.Table, result: pa.Table, *, log_ulps: int = 0) -> None:
    """Each feature equal to the bit; where a logarithm is in it, within `log_ulps` units in the last place."""
    expected = by_row(contract, table)
    for index, feature in enumerate(contract.features):
        column = result.column(feature.name)
        assert column.type == pa.float64(), feature
        tolerance = log_ulps if "log1p" in feature.expression else 0
        for number, (value, wanted) in enumerate(zip(column.to_pylist(), expected, strict=True)):
            assert value is None or not math.isnan(value), f"NaN instead of null: {feature} of {table.slice(number, 1)}"
            found = rows.same(value, wanted[index], ulps=tolerance)
            assert found, f"{feature.expression} of {table.slice(number, 1).to_pylist()}: {value} and {wanted[index]}"


def test_pyarrow_equals_rows() -> None:
    contract, table = rows.contract(rows.EXPRESSIONS), rows.table()
    assert_equal(contract, table, frame.with_features(table, contract))


def test_duckdb_equals_rows(connection: duckdb.DuckDBPyConnection) -> None:
    contract, table = rows.contract(rows.EXPRESSIONS), rows.table()
    assert_equal(
        contract, table, frame.with_features(connection.from_arrow(table), contract).to_arrow_table(), log_ulps=2
    )


@pytest.mark.spark
def test_spark_equals_rows(spark: Any) -> None:
    contract, table = rows.contract(rows.EXPRESSIONS), rows.table()
    schema = "key string, count bigint, amount double, rate double, flag boolean, plan string"
    native = spark.createDataFrame([tuple(item.values()) for item in table.to_pylist()], schema)
    collected = [item.asDict() for item in frame.with_features(native, contract).collect()]
    features = [pa.field(name, pa.float64()) for name in contract.feature_names]
    result = pa.Table.from_pylist(collected, schema=pa.schema([*rows.SCHEMA, *features]))
    assert_equal(contract, table, result, log_ulps=2)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("amount / rate", {"amount": 1.0, "rate": 0.0}, math.nan),
        ("amount / rate", {"amount": 1.0, "rate": -0.0}, math.nan),
        ("amount - rate", {"amount": math.inf, "rate": math.inf}, math.nan),
        ("fill(amount - rate, 3)", {"amount": math.inf, "rate": math.inf}, 3.0),
        ("log1p(amount)", {"amount": -1.0}, math.nan),
        ("log1p(amount)", {"amount": 0.0}, 0.0),
        ("clip(amount, 0, 5)", {"amount": math.nan}, math.nan),
        ("clip(amount, 0, 5)", {"amount": math.inf}, 5.0),
        ("missing(amount)", {"amount": math.nan}, 1.0),
        ("missing(amount)", {"amount": math.inf}, 0.0),
        ("missing(plan)", {"plan": None}, 1.0),
        ('equals(plan, "a")', {"plan": "a"}, 1.0),
        ('equals(plan, "a")', {"plan": "A"}, 0.0),
        ('equals(plan, "a")', {"plan": None}, math.nan),
        ("bucket(amount, 0, 10)", {"amount": -1.0}, 0.0),
        ("bucket(amount, 0, 10)", {"amount": 0.0}, 1.0),
        ("bucket(amount, 0, 10)", {"amount": 10.0}, 2.0),
        ("bucket(amount, 0, 10)", {"amount": None}, math.nan),
        ("flag + 1", {"flag": True}, 2.0),
        ("count * 1", {"count": 2**53 + 1}, 2.0**53),
        ("count", {}, math.nan),
        ("4 * fill(count, 0) / (fill(rate, 0) / 12 + 1)", {"count": 3, "rate": 6.0}, 8.0),
    ],
)
def test_meaning(text: str, values: dict[str, Any], expected: float, connection: duckdb.DuckDBPyConnection) -> None:
    """The language's rules as figures, so that the two interpreters cannot be wrong together."""
    contract = rows.contract([text])
    assert rows.same(row.row_function(contract)(values)[0], expected)
    table = pa.Table.from_pylist([{name: values.get(name) for name in rows.SCHEMA.names}], schema=rows.SCHEMA)
    result = frame.with_features(connection.from_arrow(table), contract).to_arrow_table()
    assert rows.same(result.column("f0").to_pylist()[0], expected)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda number: f"{number!r}")
LEAVES = st.sampled_from(["count", "amount", "rate", "flag"])


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(NUMBERS.map(float), NUMBERS.map(float)).filter(lambda two: two[0] < two[1])
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: "({} {} {})".format(*parts)),
        st.tuples(inner, st.sampled_from("+-*"), NUMBERS).map(lambda parts: "({} {} {})".format(*parts)),
        inner.map(lambda x: f"-{x}"),
        st.tuples(inner, NUMBERS).map(lambda parts: "fill({}, {})".format(*parts)),
        st.tuples(inner, pair).map(lambda parts: f"clip({parts[0]}, {parts[1][0]!r}, {parts[1][1]!r})"),
        st.tuples(inner, pair).map(lambda parts: f"bucket({parts[0]}, {parts[1][0]!r}, {parts[1][1]!r})"),
        inner.map(lambda x: f"missing({x})"),
        st.tuples(inner, NUMBERS).map(lambda parts: "equals({}, {})".format(*parts)),
    )


EXACT = st.recursive(LEAVES, _nested, max_leaves=6).filter(lambda text: len(text) <= 900)
EXPRESSION = EXACT | EXACT.map(lambda x: f"log1p({x})")  # outermost: nothing may enlarge its tolerance
TEXT_TESTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROW = st.fixed_dictionaries(
    {
        "key": st.just("k"),
        "count": st.none() | st.integers(-(2**63), 2**63 - 1),
        "amount": st.none() | st.floats(),
        "rate": st.none() | st.floats(),
        "flag": st.none() | st.booleans(),
        "plan": st.none() | TEXT_TESTS,
    }
)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(texts=st.lists(EXPRESSION, min_size=1, max_size=3), items=st.lists(ROW, min_size=1, max_size=6))
def test_any_expression_on_any_rows(texts: list[str], items: list[dict[str, Any]]) -> None:
    contract = rows.contract(texts)
    table = pa.Table.from_pylist(items, schema=rows.SCHEMA)
    with duckdb.connect() as opened:
        result = frame.with_features(opened.from_arrow(table), contract).to_arrow_table()
    assert_equal(contract, table, result, log_ulps=2)
    assert_equal(contract, table, frame.with_features(table, contract))


def test_a_row_is_a_mapping_or_a_sequence() -> None:
    contract = rows.contract(["count + 1", 'equals(plan, "a")'])
    compute = row.row_function(contract)
    assert compute({"plan": "a", "count": 2, "unknown": 9}) == compute([2, None, None, None, "a"]) == (3.0, 1.0)


def test_what_is_selected_are_features_segments_others_and_columns(connection: duckdb.DuckDBPyConnection) -> None:
    items = [{"count": 3, "amount": 12.0, "plan": "a"}, {"count": None, "amount": math.nan, "plan": None}]
    table = pa.Table.from_pylist(items, schema=rows.SCHEMA)
    names = ["plan", "high", "f0", "f1", "amount", "twice"]
    contract = rows.contract(["fill(amount, 1)", "amount"])
    others = {"twice": nw.col("count") * 2}
    found = frame.selected(connection.from_arrow(table), contract, names, others).to_arrow_table()
    assert found.column_names == names
    assert found.slice(0, 1).to_pylist()[0] == {
        "plan": "a", "high": 1.0, "f0": 12.0, "f1": 12.0, "amount": 12.0, "twice": 6,
    }  # fmt: skip
    second = found.slice(1).to_pylist()[0]
    assert math.isnan(second.pop("amount"))  # a column is as it was
    assert second == {"plan": None, "high": None, "f0": 1.0, "f1": None, "twice": None}


def test_matrix_is_float32_with_nan_for_missing_and_no_infinities() -> None:
    contract = rows.contract(["amount", "count"])
    table = pa.Table.from_pylist(
        [{"amount": 0.1, "count": 3}, {"amount": None, "count": None}, {"amount": math.inf}, {"amount": -1e300}],
        schema=rows.SCHEMA,
    )
    found = model_matrix.matrix(frame.with_features(table, contract), contract)
    largest = np.finfo(np.float32).max
    expected = np.array([[0.1, 3], [np.nan, np.nan], [largest, np.nan], [-largest, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous


def test_a_feature_named_like_its_column_takes_its_place(connection: duckdb.DuckDBPyConnection) -> None:
    original = rows.contract(["count"])
    contract = dataclasses.replace(original, features=(Feature(name="count", expression="count"),))
    table = pa.Table.from_pylist([{"count": 3}, {"count": None}], schema=rows.SCHEMA)
    result = frame.with_features(connection.from_arrow(table), contract).to_arrow_table()
    assert result.column_names == rows.SCHEMA.names
    assert result.column("count").to_pylist() == [3.0, None]
    assert result.column("count").type == pa.float64()
