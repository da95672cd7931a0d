"""The little language in which a contract states features: parsed once, here, into a tree of frozen nodes.

    tickets_per_year: 4 * fill(support_tickets, 0) / (fill(user_tenure_months, 0) / 12 + 1)

Values are 64-bit floats and may be missing. A missing operand makes the result missing, except where a function says
otherwise; a result that is no number (0 * infinity, say) is missing too. Infinities are numbers. Every engine computes
the same 64-bit float, except that logarithms may differ in the last two binary places (duckdb divides two decimal
logarithms, Spark has Java's own).

| written                  | means |
| ------------------------ | ----- |
| `column`                 | the column's value; a boolean is 0 or 1; null and NaN are missing |
| `column` of texts, alone | in a feature a category, in a segment its texts |
| `a + b`, `a - b`, `a * b`, `-a` | arithmetic |
| `a / b`                  | division; missing when b is 0 |
| `fill(a, 0)`             | a, or the constant where a is missing |
| `clip(a, 0, 120)`        | a held between two constants |
| `log1p(a)`               | ln(1 + a); missing when a <= -1 |
| `missing(column)`        | 1 where a is missing, else 0; of a column of any type, or of an expression |
| `equals(column, "text")` | 1 where the text is the same, else 0; also `equals(a, 3)` for numbers |
| `bucket(a, 12, 36)`      | how many of the rising edges a has reached: 0, 1 or 2 |
| `days_since(t, "2020-01-31")` | days from a date (00:00 UTC), or from another time, to t, to the second |
| `weekday(t)`             | 1 (Monday) to 7, in UTC |
| `month(t)`               | 1 to 12, in UTC |

The grammar is a part of the contract, so it lives here; what runs it lives in `workloads.features` (one interpreter for
data frames, one for single rows). Nothing is ever evaluated by Python's `eval` from a contract's text.
"""

from __future__ import annotations

import ast
import itertools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from contracts.schema import ColumnType, Contract, Feature
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

MAX_LENGTH = 1000  # characters
MAX_DEPTH = 100  # levels of the tree: every reader of it is recursive, and so is what an engine makes of it
_NUMERIC = {ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN}


class ExpressionError(ValueError):
    """One or more faults of one expression; `faults` holds a sentence for each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def parse(text: str, columns: Mapping[str, ColumnType]) -> Node:
    """The tree of `text` over `columns`. A string column may stand alone: a category, or a segment by its texts.

    Raises ExpressionError naming, for every fault, its position (counted from 1), what was found and what is allowed.
    """
    return _Parser(text, columns).run()


def features(contract: Contract) -> dict[str, Node]:
    """The contract's features as trees, in the order of the model matrix."""
    return _trees(contract, contract.features)


def segments(contract: Contract) -> dict[str, Node]:
    """The contract's segments as trees."""
    return _trees(contract, contract.segments)


def usable_columns(contract: Contract) -> dict[str, ColumnType]:
    """The columns an expression may use: the prediction inputs, never entity, event time, label or PII."""
    return {column.name: column.type for column in contract.inputs}


def retyped(before: Contract, now: Contract) -> dict[str, tuple[ColumnType, ColumnType]]:
    """The columns that the features of `before` read and `now` has as inputs of another kind: their types in both.

    Numbers and truth values are one kind: an expression reads each of them as a number.
    """
    read = frozenset[str]().union(*map(columns_of, features(before).values()))
    types, others = usable_columns(before), usable_columns(now)
    return {
        name: (types[name], others[name])
        for name in sorted(read & others.keys())
        if types[name] is not others[name] and not {types[name], others[name]} <= _NUMERIC
    }


def _trees(contract: Contract, features: Iterable[Feature]) -> dict[str, Node]:
    columns = usable_columns(contract)
    return {feature.name: _of(feature, columns) for feature in features}


def _of(feature: Feature, columns: Mapping[str, ColumnType]) -> Node:
    try:
        return parse(feature.expression, columns)
    except ExpressionError as error:
        raise ExpressionError(tuple(f"{feature.name}: {fault}" for fault in error.faults)) from None


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_SYMBOLS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
#: The functions of the language, and how each is written.
FUNCTIONS: dict[str, str] = {
    "fill": "fill(x, constant)",
    "clip": "clip(x, low, high)",
    "log1p": "log1p(x)",
    "missing": "missing(x)",
    "equals": 'equals(x, "text") or equals(x, number)',
    "bucket": "bucket(x, edge, ...)",
    "days_since": 'days_since(time, "2020-01-31") or days_since(time, time)',
    "weekday": "weekday(time)",
    "month": "month(time)",
}
_OF_TIMES = ("days_since", "weekday", "month")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ERROR = Literal(0.0)  # stands for a part that has a fault already


class _Parser:
    """One parse: collects faults and goes on, so that all of them are told at once."""

    def __init__(self, text: str, columns: Mapping[str, ColumnType]) -> None:
        # one line, character for character, so that positions are those of the text
        self.text = "".join(" " if character.isspace() else character for character in text)
        self.columns = columns
        self.faults: list[str] = []
        self.depth = 0
        self.too_deep = False

    def run(self) -> Node:
        node = self._root()
        if self.faults:
            raise ExpressionError(tuple(self.faults))
        return node

    def _root(self) -> Node:
        if not self.text.strip():
            self.faults.append("the expression is empty; write one over the columns " + self._column_names())
            return _ERROR
        if len(self.text) > MAX_LENGTH:
            self.faults.append(
                f"the expression has {len(self.text)} characters, at most {MAX_LENGTH} are allowed; split it"
            )
            return _ERROR
        start = len(self.text) - len(self.text.lstrip())
        try:
            tree = ast.parse(self.text.strip(), mode="eval").body
        except SyntaxError as error:
            position = start + (error.offset or len(self.text.strip()))  # 0 stands for the end
            self.faults.append(f"not an expression at position {position}: {error.msg}")
            return _ERROR
        except (ValueError, RecursionError, MemoryError) as error:
            self.faults.append(f"not an expression: {error or 'nested too deeply'}")
            return _ERROR
        if isinstance(tree, ast.Name) and self.columns.get(tree.id) is ColumnType.STRING:
            return ColumnRef(tree.id, ColumnType.STRING)
        node = self._numeric(tree)
        if self.too_deep:
            self.faults.append(
                f"nested more than {MAX_DEPTH} levels deep (a sum of n parts has n); split the expression"
            )
        elif not self.faults and not columns_of(node):
            self.faults.append(
                f"{self.text.strip()!r} is the same for every row; use at least one column of {self._column_names()}"
            )
        return node

    def _numeric(self, tree: ast.expr) -> Node:
        if self.depth == MAX_DEPTH:
            self.too_deep = True
            return _ERROR
        self.depth += 1
        node = self._node(tree)
        self.depth -= 1
        return node

    def _node(self, tree: ast.expr) -> Node:
        match tree:
            case ast.Constant():
                value = self._constant(tree)
                return _ERROR if value is None else Literal(value)
            case ast.Name(id=name):
                return self._column(tree, name)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                operand = self._numeric(inner)
                if operand is _ERROR:
                    return _ERROR
                return Literal(-operand.value) if isinstance(operand, Literal) else Negate(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self._numeric(inner)
            case ast.BinOp() if type(tree.op) in _SYMBOLS:
                return self._binary(tree)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
                return self._call(tree, name, args)
            case _:
                return self._refuse(tree)

    def _column(self, tree: ast.expr, name: str, *, any_type: bool = False) -> Node:
        kind = self.columns.get(name)
        if kind is None:
            return self._fault(tree, f"unknown column {name!r}", f"use one of {self._column_names()}")
        if kind not in _NUMERIC and not any_type:
            advice = {
                ColumnType.STRING: f'use equals({name}, "text") or missing({name}), or {name} alone: a category',
                ColumnType.TIMESTAMP: f"use {', '.join(_OF_TIMES)} or missing of it",
            }[kind]
            return self._fault(tree, f"column {name!r} is a {kind.value}, not a number", advice)
        return ColumnRef(name, kind)

    def _binary(self, tree: ast.BinOp) -> Node:
        symbol = _SYMBOLS[type(tree.op)]
        left, right = self._numeric(tree.left), self._numeric(tree.right)
        if left is _ERROR or right is _ERROR:
            return _ERROR
        if isinstance(right, Literal) and right.value == 0 and symbol == "/":
            return self._fault(tree.right, "division by the constant 0", "the result would always be missing")
        if isinstance(left, Literal) and isinstance(right, Literal):
            value = _ARITHMETIC[symbol](left.value, right.value)
            if not math.isfinite(value):
                return self._fault(tree, f"constant {ast.unparse(tree)} is not a finite number", "write a smaller one")
            return Literal(value)
        return Binary(symbol, left, right)

    def _call(self, tree: ast.expr, name: str, args: list[ast.expr]) -> Node:
        counts = {
            "fill": (2, 2),
            "clip": (3, 3),
            "log1p": (1, 1),
            "missing": (1, 1),
            "equals": (2, 2),
            "bucket": (2, 65),
            "days_since": (2, 2),
            "weekday": (1, 1),
            "month": (1, 1),
        }
        low, high = counts[name]
        if not low <= len(args) <= high:
            return self._fault(tree, f"{name}() with {len(args)} arguments", f"write {FUNCTIONS[name]}")
        if name in _OF_TIMES:
            return self._of_time(name, args)
        if name in ("missing", "equals") and isinstance(args[0], ast.Name):
            operand = self._column(args[0], args[0].id, any_type=True)
        else:
            operand = self._numeric(args[0])
        if isinstance(operand, Literal) and operand is not _ERROR:
            return self._fault(args[0], f"{name}() of {operand.value:g}", "its first argument must use a column")
        return self._function(tree, name, operand, args[1:])

    def _of_time(self, name: str, args: list[ast.expr]) -> Node:
        """A function of timestamp columns."""
        times = [self._time(argument, name, or_date=index == 1) for index, argument in enumerate(args)]
        operand = times[0]
        if not isinstance(operand, ColumnRef):
            return _ERROR
        if name != "days_since":
            return (Weekday if name == "weekday" else Month)(operand)
        since = times[1]
        if since is None:
            return _ERROR
        return Binary("-", Days(operand), Days(since) if isinstance(since, ColumnRef) else Literal(since))

    def _time(self, tree: ast.expr, name: str, *, or_date: bool) -> ColumnRef | float | None:
        """A timestamp column, or days from 1970-01-01 to a date. None for what is neither."""
        times = [column for column, kind in self.columns.items() if kind is ColumnType.TIMESTAMP]
        if isinstance(tree, ast.Name) and tree.id in times:
            return ColumnRef(tree.id, ColumnType.TIMESTAMP)
        if or_date and isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            if _DATE.fullmatch(tree.value):
                try:
                    return float((date.fromisoformat(tree.value) - date(1970, 1, 1)).days)
                except ValueError:  # 2026-02-31
                    pass
            self._fault(tree, f"{tree.value!r} in {name}()", 'a date such as "2020-01-31" is allowed')
            return None
        allowed = f"a timestamp column is allowed: {', '.join(times) or 'there is none'}"
        self._fault(tree, f"{ast.unparse(tree)} in {name}()", allowed)
        return None

    def _function(self, tree: ast.expr, name: str, operand: Node, rest: list[ast.expr]) -> Node:
        if name == "log1p":
            return Log1p(operand)
        if name == "missing":
            return Missing(operand)
        if name == "equals":
            return self._equals(rest[0], operand)
        numbers = [self._number(argument, name) for argument in rest]
        constants = tuple(number for number in numbers if number is not None)
        if len(constants) < len(numbers):
            return _ERROR
        if name == "fill":
            return Fill(operand, constants[0])
        if any(b <= a for a, b in itertools.pairwise(constants)):
            return self._fault(tree, f"{name}() with {', '.join(f'{c:g}' for c in constants)}", "write them rising")
        return Clip(operand, *constants) if name == "clip" else Bucket(operand, constants)

    def _equals(self, argument: ast.expr, operand: Node) -> Node:
        kind = operand.type if isinstance(operand, ColumnRef) else ColumnType.NUMBER
        if kind is ColumnType.TIMESTAMP:
            return self._fault(argument, "equals() of a timestamp", "compare days_since(), weekday() or month()")
        if kind is ColumnType.STRING:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                return Equals(operand, argument.value)
            return self._fault(
                argument, f"equals() of a string column with {ast.unparse(argument)}", 'write a "text" in quotes'
            )
        value = self._number(argument, "equals")
        return _ERROR if value is None else Equals(operand, value)

    def _number(self, tree: ast.expr, function: str) -> float | None:
        """A constant argument (constant arithmetic included) of `function`."""
        before = len(self.faults)
        node = self._numeric(tree)
        if len(self.faults) > before:
            return None
        if isinstance(node, Literal):
            return node.value
        self._fault(tree, f"{ast.unparse(tree)} in {function}()", "only a constant number is allowed here")
        return None

    def _constant(self, tree: ast.Constant) -> float | None:
        value = tree.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._fault(
                tree, f"{ast.unparse(tree)}", 'only numbers are allowed here; a text only in equals(column, "text")'
            )
            return None
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self._fault(tree, "a constant too large for a 64-bit float", "write a smaller one")
            return None
        return number

    def _refuse(self, tree: ast.expr) -> Node:
        allowed = f"allowed are numbers, columns, + - * / and {', '.join(FUNCTIONS)}"
        match tree:
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return self._fault(tree, f"unknown function {name!r}", allowed)
            case ast.Call(keywords=[_, *_]):
                return self._fault(tree, "a named argument", "pass arguments by position")
            case _:
                return self._fault(tree, f"{ast.unparse(tree)!r} is not part of the language", allowed)

    def _fault(self, tree: ast.expr, found: str, allowed: str) -> Node:
        start = len(self.text) - len(self.text.lstrip())
        position = start + len(self.text.lstrip().encode()[: tree.col_offset].decode()) + 1  # ast counts bytes
        self.faults.append(f"at position {position}: {found}; {allowed}")
        return _ERROR

    def _column_names(self) -> str:
        return ", ".join(self.columns) or "(the contract has no usable column)"
