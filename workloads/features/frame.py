"""Features as columns of a data frame: the expression trees as narwhals expressions.

The same code runs on a duckdb relation, a pyarrow table and a PySpark data frame (and on whatever else narwhals takes).
Engines differ in how they treat NaN (duckdb and Spark: equal to itself and above infinity), so a NaN is made null
before anything looks at it; what comes out holds numbers, infinities and nulls only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import narwhals as nw
import pyarrow as pa

from contracts import expression
from contracts.schema import ColumnType, Contract
from contracts.tree import (
    Binary,
    Bucket,
    Clip,
    ColumnRef,
    Days,
    Equals,
    Fill,
    Literal,
    Log1p,
    Missing,
    Month,
    Negate,
    Node,
    Weekday,
    columns_of,
)

NativeFrame = TypeVar("NativeFrame")


def with_features(frame: NativeFrame, contract: Contract) -> NativeFrame:
    """`frame` with the contract's features added: float64, null where missing, in contract order after its own columns.

    Categories are texts still: their list is learned from what comes out here.

    `frame` is a duckdb relation, a pyarrow table or a PySpark data frame with at least the columns the features use. A
    feature that is called like a column (the contract allows that for the bare column only) takes its place.
    """
    return _with_columns(frame, expression.features(contract))


def selected(
    frame: NativeFrame, contract: Contract, names: Iterable[str], others: Mapping[str, nw.Expr]
) -> NativeFrame:
    """What is called so, in this order: features as `with_features` has them, segments likewise (float64, or the text
    where one is a bare string column), `others`, and the columns of `frame`, a duckdb relation or a PySpark data frame.

    One projection makes all of them: what duckdb's library does for one grows with the square of its columns.
    """
    plan = _Plan({**expression.segments(contract), **expression.features(contract)})
    wrapped: Any = nw.from_native(frame)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return plan.select(wrapped, names, others).to_native()


def _with_columns(frame: NativeFrame, trees: dict[str, Node]) -> NativeFrame:
    if isinstance(frame, pa.Table):
        return _with_arrow_columns(frame, trees)
    wrapped: Any = nw.from_native(frame)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return _Plan(trees).run(wrapped).to_native()


def _with_arrow_columns(table: pa.Table, trees: dict[str, Node]) -> Any:
    """As `_with_columns`, with large integers rounded to float64 as every other engine does: pyarrow refuses to."""
    used: set[str] = set().union(*map(columns_of, trees.values()))
    view = table.select([name for name in table.column_names if name in used])
    for index, field in enumerate(view.schema):
        if pa.types.is_integer(field.type):
            view = view.set_column(index, field.name, view.column(index).cast(pa.float64(), safe=False))
    computed: pa.Table = _Plan(trees).run(nw.from_native(view)).to_native()
    for name in trees:
        index = table.schema.get_field_index(name)
        column = computed.column(name)
        table = table.append_column(name, column) if index < 0 else table.set_column(index, name, column)
    return table


class _Value(NamedTuple):
    """An expression, whether it may hold NaN where it should hold null, after which stages it can be computed, and
    whether it is more than a column, which costs nothing to be looked at again."""

    expr: nw.Expr
    may_be_nan: bool
    stage: int = 0
    computed: bool = True


class _Plan:
    """Trees as expressions in stages.

    What is looked at more than once, as the operand of a function is, becomes a temporary column of an earlier stage:
    written in line, it would be computed each time, and nested functions would double the text with every level.
    """

    def __init__(self, trees: dict[str, Node]) -> None:
        self.stages: list[dict[str, nw.Expr]] = []
        self.temporaries: dict[Node, _Value] = {}
        self.results = {name: self._result(node) for name, node in trees.items()}

    def run(self, frame: Any) -> Any:
        """The narwhals `frame` with the trees' columns."""
        frame = _added(self._staged(frame), self.results)
        return frame.drop([name for stage in self.stages for name in stage]) if self.stages else frame

    def select(self, frame: Any, names: Iterable[str], others: Mapping[str, nw.Expr]) -> Any:
        """The trees' columns, `others` and those of the narwhals `frame` that are called so."""
        made = {**others, **self.results}
        return self._staged(frame).select([made.get(name, nw.col(name)).alias(name) for name in names])

    def _staged(self, frame: Any) -> Any:
        for stage in self.stages:
            frame = _added(frame, stage)
        return frame

    def _result(self, node: Node) -> nw.Expr:
        if isinstance(node, ColumnRef) and node.type is ColumnType.STRING:
            return nw.col(node.name)
        return self._settled(self._value(node)).expr

    def _value(self, node: Node) -> _Value:
        match node:
            case Literal(value=value):
                return _Value(_literal(value), may_be_nan=False)
            case ColumnRef(name=name, type=kind):
                return _Value(nw.col(name).cast(nw.Float64), may_be_nan=kind is ColumnType.NUMBER, computed=False)
            case Days() | Weekday() | Month():
                return _Value(_of_time(node, nw.col(node.operand.name).dt), may_be_nan=False)
            case Missing(operand=ColumnRef(name=name, type=ColumnType.STRING | ColumnType.TIMESTAMP)):
                return _Value(nw.col(name).is_null().cast(nw.Float64), may_be_nan=False)
            case Equals(operand=ColumnRef(name=name, type=ColumnType.STRING), value=value):
                return _Value((nw.col(name) == nw.lit(value)).cast(nw.Float64), may_be_nan=False)
            case Negate(operand=operand):
                inner = self._value(operand)
                return inner._replace(expr=-inner.expr, computed=True)
            case Binary():
                return self._binary(node)
            case _:
                operand = self._operand(node.operand)
                return _Value(_function(node, operand.expr), may_be_nan=False, stage=operand.stage)

    def _operand(self, node: Node) -> _Value:
        """A value that is cheap to write more than once."""
        if isinstance(node, Literal):
            return self._value(node)
        if node not in self.temporaries:
            self.temporaries[node] = self._temporary(self._settled(self._value(node)))
        return self.temporaries[node]

    def _settled(self, value: _Value) -> _Value:
        """Null where it is NaN, which looks at it twice."""
        if not value.may_be_nan:
            return value
        column = self._temporary(value) if value.computed else value
        return column._replace(expr=nw.when(~column.expr.is_nan()).then(column.expr), may_be_nan=False)

    def _temporary(self, value: _Value) -> _Value:
        name = f"__{sum(map(len, self.stages))}"  # a contract's names begin with a letter
        if value.stage == len(self.stages):
            self.stages.append({})
        self.stages[value.stage][name] = value.expr
        return value._replace(expr=nw.col(name), stage=value.stage + 1)

    def _binary(self, node: Binary) -> _Value:
        left = self._value(node.left)
        guarded = node.symbol == "/" and not isinstance(node.right, Literal)  # the parser refuses a literal 0
        right = self._operand(node.right) if guarded else self._value(node.right)
        match node.symbol:
            case "+":
                result = left.expr + right.expr
            case "-":
                result = left.expr - right.expr
            case "*":
                result = left.expr * right.expr
            case _:
                result = left.expr / right.expr
        if guarded:
            result = nw.when(right.expr != _literal(0)).then(result)
        # infinity - infinity, 0 * infinity and infinity / infinity are NaN
        return _Value(result, may_be_nan=True, stage=max(left.stage, right.stage))


def _added(frame: Any, exprs: Mapping[str, nw.Expr]) -> Any:
    return frame.with_columns([expr.alias(name) for name, expr in exprs.items()])


def _literal(value: float) -> nw.Expr:
    return nw.lit(value, dtype=nw.Float64)


def _of_time(node: Days | Weekday | Month, time: Any) -> nw.Expr:
    """Of a timestamp, `time` being its parts in UTC, as an engine of any kind has them."""
    month = time.month().cast(nw.Float64)
    if isinstance(node, Month):
        return month
    # Days of the proleptic Gregorian calendar, years from March on, so that the leap day is the last
    early = (month <= _literal(2)).cast(nw.Float64)
    year = time.year().cast(nw.Float64) - early
    leaps = (year / _literal(4)).floor() - (year / _literal(100)).floor() + (year / _literal(400)).floor()
    months = (((month - 3 + early * 12) * 153 + 2) / _literal(5)).floor()
    whole = year * 365 + leaps + months + time.day().cast(nw.Float64) - _literal(719469)
    if isinstance(node, Weekday):  # engines differ in what a Sunday is
        return whole + 4 - ((whole + 3) / _literal(7)).floor() * 7
    hours = time.hour().cast(nw.Float64) * 3600 + time.minute().cast(nw.Float64) * 60
    return whole + (hours + time.second().cast(nw.Float64)) / _literal(86_400)


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
