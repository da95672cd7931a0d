"""The nodes of a parsed feature expression: frozen, hashable, equal when they mean the same.

`contracts.expression` makes them and says what they mean; `workloads.features` runs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.schema import ColumnType


@dataclass(frozen=True)
class Literal:
    """A constant number, finite."""

    value: float


@dataclass(frozen=True)
class ColumnRef:
    """A column of the contract and its logical type."""

    name: str
    type: ColumnType


@dataclass(frozen=True)
class Negate:
    """-operand."""

    operand: Node


@dataclass(frozen=True)
class Binary:
    """left `symbol` right, where `symbol` is one of + - * /."""

    symbol: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Fill:
    """operand, or `value` where it is missing."""

    operand: Node
    value: float


@dataclass(frozen=True)
class Clip:
    """operand held in [low, high]."""

    operand: Node
    low: float
    high: float


@dataclass(frozen=True)
class Log1p:
    """ln(1 + operand), missing when the operand is at or below -1."""

    operand: Node


@dataclass(frozen=True)
class Missing:
    """1 where the operand is missing, else 0. Never missing itself."""

    operand: Node


@dataclass(frozen=True)
class Equals:
    """1 where the operand is `value`, else 0. A text operand is always a bare column."""

    operand: Node
    value: str | float


@dataclass(frozen=True)
class Bucket:
    """The number of `edges` (strictly rising) that are at or below the operand."""

    operand: Node
    edges: tuple[float, ...]


@dataclass(frozen=True)
class Days:
    """Days from 1970-01-01T00:00Z to the operand, a timestamp column, with the time of day to the second."""

    operand: ColumnRef


@dataclass(frozen=True)
class Weekday:
    """The day of the week in UTC, from Monday 1 to Sunday 7 (ISO 8601)."""

    operand: ColumnRef


@dataclass(frozen=True)
class Month:
    """The month in UTC, from 1 to 12."""

    operand: ColumnRef


Node = Literal | ColumnRef | Negate | Binary | Fill | Clip | Log1p | Missing | Equals | Bucket | Days | Weekday | Month


def columns_of(node: Node) -> frozenset[str]:
    """Names of the columns that `node` reads."""
    match node:
        case Literal():
            return frozenset()
        case ColumnRef(name=name):
            return frozenset({name})
        case Binary(left=left, right=right):
            return columns_of(left) | columns_of(right)
        case _:
            return columns_of(node.operand)


def comparisons(node: Node) -> Iterator[tuple[ColumnRef, str | float]]:
    """Every bare column that `node` compares with a constant by equals(), and the constant."""
    match node:
        case Literal() | ColumnRef():
            return
        case Binary(left=left, right=right):
            yield from comparisons(left)
            yield from comparisons(right)
        case Equals(operand=ColumnRef() as column, value=value):
            yield column, value
        case _:
            yield from comparisons(node.operand)
