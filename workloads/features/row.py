"""Features of one row: each contract becomes one Python function, built from its expression trees.

It runs for every prediction request, so it is generated as straight-line source (about 1 us for the churn contract) and
computes a part that features share once. The generated text holds only positions, constants and names made here:
nothing from the contract is pasted into it but numbers and texts through `repr`.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

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
)
from workloads.features import categories, times
from workloads.features.categories import Lists

Scalar = str | int | float | bool | None
Row = Mapping[str, Scalar] | Sequence[Scalar]


def row_function(contract: Contract, lists: Lists | None = None) -> Callable[[Row], tuple[float, ...]]:
    """A function from a row to its features, float64 in contract order, NaN where missing.

    The row is a mapping from column name to value (an absent column is null; other keys are ignored), or a sequence of
    the values of `contract.inputs` in that order. Values are as JSON or CSV give them: str, int, float, bool or
    None. They are taken to be legal for the contract; who reads them from outside checks them first. `lists` are those
    of the categories (`workloads.features.categories`), without them the contract's own; KeyError if one lacks.
    """
    compute = positional_function(contract, lists)
    names = [column.name for column in contract.inputs]

    def features_of(row: Row) -> tuple[float, ...]:
        if isinstance(row, Mapping):
            return compute(*[row.get(name) for name in names])
        return compute(*row)

    return features_of


def positional_function(contract: Contract, lists: Lists | None = None) -> Callable[..., tuple[float, ...]]:
    """As `row_function`, with the values of `contract.inputs` as positional arguments: the fastest form for one row."""
    return _compiled(contract, _Generator.function, lists, math.nan)


def batch_function(
    contract: Contract, lists: Lists | None = None, *, unknown: float = math.nan
) -> Callable[[Iterable[Sequence[Scalar]]], array[float]]:
    """A function from many rows, each the values of `contract.inputs` in order, to their features row after row.

    A text that is in no list of categories is `unknown`.
    """
    return _compiled(contract, _Generator.loop, lists, unknown)


def _compiled(
    contract: Contract, form: Callable[[_Generator, list[Node]], str], lists: Lists | None, unknown: float
) -> Any:
    generator = _Generator([column.name for column in contract.inputs])
    source = form(generator, list(expression.features(contract).values()))
    namespace: dict[str, object] = {"nan": math.nan, "log": math.log, "bisect_right": bisect_right, "array": array}
    namespace |= {"days": times.days, "weekday": times.weekday, "month": times.month}
    lists = categories.declared(contract) if lists is None else lists
    for name, column in categories.columns(contract).items():
        codes = {text: float(code) for code, text in enumerate(lists[name])}
        namespace[f"code{generator.position[column.name]}"] = _lookup(codes, unknown)
    # Made from validated trees only (see the module's docstring).
    exec(compile(source, f"<features of {contract.name}>", "exec"), namespace)  # noqa: S102
    return namespace["features"]


def _lookup(codes: Mapping[str, float], unknown: float) -> Callable[[str], float]:
    """The code of a text."""
    find = codes.get
    return lambda text: find(text, unknown)


class _Generator:
    """Writes the body of one function, a statement a node; equal nodes share one variable."""

    def __init__(self, inputs: list[str]) -> None:
        self.position = {name: index for index, name in enumerate(inputs)}
        self.body: list[str] = []
        self.variables: dict[Node, str] = {}

    def function(self, roots: list[Node]) -> str:
        """Source of `features(c0, c1, ...)` for one row."""
        results = [self._value(node) for node in roots]
        lines = [f"def features({', '.join(self._arguments())}):", *self.body, f"return ({', '.join(results)},)"]
        return "\n    ".join(lines) + "\n"

    def loop(self, roots: list[Node]) -> str:
        """Source of `features(rows)`."""
        results = [self._value(node) for node in roots]
        head = ["def features(rows):", "    values = []", "    add = values.extend"]
        body = [f"    for {', '.join(self._arguments())}, in rows:", *(f"        {line}" for line in self.body)]
        return "\n".join([*head, *body, f"        add(({', '.join(results)},))", "    return array('d', values)\n"])

    def _arguments(self) -> list[str]:
        return [f"c{index}" for index in self.position.values()]

    def _value(self, node: Node) -> str:
        """A variable (or a literal) that holds the node's value; its statements are in the body."""
        if isinstance(node, Literal):
            return f"({node.value!r})"
        if node not in self.variables:
            text = self._statement(node)
            self.variables[node] = f"v{len(self.variables)}"
            self.body.append(f"{self.variables[node]} = {text}")
        return self.variables[node]

    def _statement(self, node: Node) -> str:
        match node:
            case ColumnRef(name=name, type=ColumnType.STRING):
                argument = f"c{self.position[name]}"
                return f"nan if {argument} is None else code{self.position[name]}({argument})"
            case ColumnRef(name=name):
                argument = f"c{self.position[name]}"
                return f"nan if {argument} is None else float({argument})"
            case Days() | Weekday() | Month():
                argument = f"c{self.position[node.operand.name]}"
                return f"nan if {argument} is None else {type(node).__name__.lower()}({argument})"
            case Missing(operand=ColumnRef(name=name, type=ColumnType.STRING | ColumnType.TIMESTAMP)):
                return f"1.0 if c{self.position[name]} is None else 0.0"
            case Equals(operand=ColumnRef(name=name, type=ColumnType.STRING), value=value):
                argument = f"c{self.position[name]}"
                return f"nan if {argument} is None else 1.0 if {argument} == {value!r} else 0.0"
            case Binary(symbol=symbol, left=left, right=right):
                a, b = self._value(left), self._value(right)
                guarded = symbol == "/" and not isinstance(right, Literal)
                return f"{a} {symbol} {b} if {b} else nan" if guarded else f"{a} {symbol} {b}"
            case _:
                return self._unary(node, self._value(node.operand))  # pyright: ignore[reportAttributeAccessIssue]

    @staticmethod
    def _unary(node: Node, x: str) -> str:
        """The functions of one numeric operand `x`. `x != x` is true of NaN only."""
        match node:
            case Negate():
                return f"-{x}"
            case Fill(value=value):
                return f"{value!r} if {x} != {x} else {x}"
            case Clip(low=low, high=high):
                return f"{low!r} if {x} < {low!r} else {high!r} if {x} > {high!r} else {x}"
            case Log1p():
                return f"log(1.0 + {x}) if 1.0 + {x} > 0.0 else nan"
            case Missing():
                return f"1.0 if {x} != {x} else 0.0"
            case Equals(value=value):
                return f"nan if {x} != {x} else 1.0 if {x} == {value!r} else 0.0"
            case Bucket(edges=edges):
                return f"nan if {x} != {x} else float(bisect_right({edges!r}, {x}))"
            case _:
                raise TypeError(f"no rule for {type(node).__name__}")
