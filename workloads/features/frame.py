"""Features as columns of a data frame: the expression trees as narwhals expressions.

The same code runs on a duckdb relation, a pyarrow table and a PySpark data frame (and on whatever else narwhals takes).
Engines differ in how they treat NaN (duckdb and Spark: equal to itself and above infinity), so a NaN is made null
before anything looks at it; what comes out holds numbers, infinities and nulls only.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import narwhals as nw
import numpy as np
import pyarrow as pa

from contracts import expression
from contracts.schema import ColumnType, Contract
from contracts.tree import (
    Binary,
    Bucket,
    Clip,
    ColumnRef,
    Equals,
    Fill,
    Literal,
    Log1p,
    Missing,
    Negate,
    Node,
    columns_of,
)

NativeFrame = TypeVar("NativeFrame")
LARGEST = float(np.finfo(np.float32).max)


def with_features(frame: NativeFrame, contract: Contract) -> NativeFrame:
    """`frame` with the contract's features added: float64, null where missing, in contract order after its own columns.

    `frame` is a duckdb relation, a pyarrow table or a PySpark data frame with at least the columns the features use. A
    feature that is called like a column (the contract allows that for the bare column only) takes its place.
    """
    return _with_columns(frame, expression.features(contract))


def with_segments(frame: NativeFrame, contract: Contract) -> NativeFrame:
    """`frame` with the contract's segments added: float64, or text where a segment is a bare string column."""
    return _with_columns(frame, expression.segments(contract))


def matrix(table: pa.Table, contract: Contract) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The model matrix of a table that holds the contract's feature columns: float32, (rows, features), NaN for
    missing.

    XGBoost refuses infinities in training data, so they and what else float32 cannot hold become its largest number
    with the same sign; the predictors of the inference service do the same. The result is row-major.
    """
    result = np.empty((table.num_rows, len(contract.features)), dtype=np.float32)
    for index, name in enumerate(contract.feature_names):
        values = table.column(name).cast(pa.float64()).to_numpy()  # null becomes NaN
        result[:, index] = np.clip(values, -LARGEST, LARGEST)
    return result


def _with_columns(frame: NativeFrame, trees: dict[str, Node]) -> NativeFrame:
    if isinstance(frame, pa.Table):
        return _with_arrow_columns(frame, trees)
    if not trees:
        return frame
    wrapped: Any = nw.from_native(frame)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return wrapped.with_columns([_column(node).alias(name) for name, node in trees.items()]).to_native()


def _with_arrow_columns(table: pa.Table, trees: dict[str, Node]) -> Any:
    """As `_with_columns`, with large integers rounded to float64 as every other engine does: pyarrow refuses to."""
    used: set[str] = set().union(*map(columns_of, trees.values()))
    view = table.select([name for name in table.column_names if name in used])
    for index, field in enumerate(view.schema):
        if pa.types.is_integer(field.type):
            view = view.set_column(index, field.name, view.column(index).cast(pa.float64(), safe=False))
    wrapped: Any = nw.from_native(view)
    computed: pa.Table = wrapped.select([_column(node).alias(name) for name, node in trees.items()]).to_native()
    for name in trees:
        index = table.schema.get_field_index(name)
        column = computed.column(name)
        table = table.append_column(name, column) if index < 0 else table.set_column(index, name, column)
    return table


class _Value(NamedTuple):
    """An expression, and whether it may hold NaN where it should hold null."""

    expr: nw.Expr
    may_be_nan: bool

    def settled(self) -> nw.Expr:
        return nw.when(~self.expr.is_nan()).then(self.expr) if self.may_be_nan else self.expr


def _column(node: Node) -> nw.Expr:
    if isinstance(node, ColumnRef) and node.type is ColumnType.STRING:
        return nw.col(node.name)
    return _value(node).settled()


def _literal(value: float) -> nw.Expr:
    return nw.lit(value, dtype=nw.Float64)


def _value(node: Node) -> _Value:
    match node:
        case Literal(value=value):
            return _Value(_literal(value), may_be_nan=False)
        case ColumnRef(name=name, type=kind):
            return _Value(nw.col(name).cast(nw.Float64), may_be_nan=kind is not ColumnType.BOOLEAN)
        case Missing(operand=ColumnRef(name=name, type=ColumnType.STRING | ColumnType.TIMESTAMP)):
            return _Value(nw.col(name).is_null().cast(nw.Float64), may_be_nan=False)
        case Equals(operand=ColumnRef(name=name, type=ColumnType.STRING), value=value):
            return _Value((nw.col(name) == nw.lit(value)).cast(nw.Float64), may_be_nan=False)
        case Negate(operand=operand):
            inner = _value(operand)
            return _Value(-inner.expr, inner.may_be_nan)
        case Binary():
            return _binary(node)
        case _:
            return _Value(_function(node, _value(node.operand).settled()), may_be_nan=False)


def _binary(node: Binary) -> _Value:
    left, right = _value(node.left).expr, _value(node.right).expr
    match node.symbol:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case _ if isinstance(node.right, Literal):  # never 0: the parser refuses that
            result = left / right
        case _:
            result = nw.when(right != _literal(0)).then(left / right)
    return _Value(result, may_be_nan=True)  # infinity - infinity, 0 * infinity, infinity / infinity


def _function(node: Node, x: nw.Expr) -> nw.Expr:
    """The functions of one numeric operand `x`, in which missing is null already."""
    match node:
        case Fill(value=value):
            return nw.when(x.is_null()).then(_literal(value)).otherwise(x)
        case Clip(low=low, high=high):
            upper = nw.when(x > _literal(high)).then(_literal(high)).otherwise(x)
            return nw.when(x < _literal(low)).then(_literal(low)).otherwise(upper)
        case Log1p():
            return nw.when(x + _literal(1) > _literal(0)).then((x + _literal(1)).log())
        case Missing():
            return x.is_null().cast(nw.Float64)
        case Equals(value=value):
            return (x == _literal(float(value))).cast(nw.Float64)
        case Bucket(edges=edges):
            steps = nw.when(~x.is_null()).then(_literal(len(edges)))
            for index in reversed(range(len(edges))):
                steps = nw.when(x < _literal(edges[index])).then(_literal(index)).otherwise(steps)
            return steps
        case _:
            raise TypeError(f"no rule for {type(node).__name__}")
