"""Metric math, the simple part: arithmetic on metric ids, comparisons, `FILL`, `IF`, `MAX`, `MIN` and `ABS`.

An alarm on anything else is reported as not evaluated instead of being evaluated wrongly.
Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

Value = float | None  # None is a missing data point; an operation with one is missing, except FILL


class UnsupportedExpression(ValueError):  # noqa: N818  named as a message names it
    """The expression uses metric math that this emulator does not evaluate."""


_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARE: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def parse(text: str) -> ast.expr:
    """The expression's tree, checked to be within what `evaluate` computes."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise UnsupportedExpression(f"metric math {text!r} is not understood: {error.msg}") from error
    _check(tree, text)
    return tree


def names(tree: ast.expr) -> set[str]:
    """The metric ids an expression reads."""
    functions = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in functions}


def evaluate(tree: ast.expr, values: Mapping[str, Value]) -> Value:
    """The value of a checked expression for one period; a division by zero is missing, as on CloudWatch."""
    match tree:
        case ast.Constant(value=number):
            return float(number)  # pyright: ignore[reportArgumentType]  checked to be a number
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            inner = evaluate(operand, values)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(_BINARY[type(op)], evaluate(left, values), evaluate(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            a, b = evaluate(left, values), evaluate(right, values)
            return None if a is None or b is None else float(_COMPARE[type(op)](a, b))
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _call(function, [evaluate(argument, values) for argument in arguments])
        case _:
            raise AssertionError(f"{ast.dump(tree)} passed the check of parse()")


def _arithmetic(operation: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    try:
        return operation(left, right)
    except ZeroDivisionError:
        return None


def _call(function: str, arguments: list[Value]) -> Value:
    if function == "FILL":
        return arguments[1] if arguments[0] is None else arguments[0]
    if function == "IF":
        condition, then, otherwise = arguments
        return None if condition is None else (then if condition else otherwise)
    present = [value for value in arguments if value is not None]
    if len(present) < len(arguments):
        return None
    return abs(present[0]) if function == "ABS" else {"MAX": max, "MIN": min}[function](present)


_ARGUMENTS = {"FILL": 2, "IF": 3, "ABS": 1, "MAX": 2, "MIN": 2}


def _check(tree: ast.expr, text: str) -> None:
    called: set[ast.expr] = set()
    for node in ast.walk(tree):
        allowed = (
            isinstance(node, ast.Name | ast.expr_context | ast.operator | ast.cmpop | ast.USub)
            or (
                isinstance(node, ast.Constant)
                and isinstance(node.value, int | float)
                and not isinstance(node.value, bool)
            )
            or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub))
            or (isinstance(node, ast.BinOp) and type(node.op) in _BINARY)
            or (isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE)
        )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            allowed = _ARGUMENTS.get(node.func.id) == len(node.args)
            called.add(node.func)
        if not allowed:
            raise UnsupportedExpression(
                f"metric math {text!r} is not evaluated here; supported are + - * / on metric ids and numbers, "
                f"comparisons and {', '.join(_ARGUMENTS)} with {', '.join(map(str, _ARGUMENTS.values()))} arguments"
            )
