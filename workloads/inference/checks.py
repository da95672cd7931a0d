"""The contract's rules for one value of a request: its type for the fast decoder, and its faults in words.

A request is decoded by msgspec with types made here. Only when that fails is each value looked at again, by `explain`,
to tell every fault with what was found and what is allowed; the two must judge alike, and a test holds them to it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from contracts.schema import Column, ColumnType
from workloads.inference.errors import show

_INT64 = (-(2**63), 2**63 - 1)
# Digits in a CSV cell; what Python reads beyond them (underscores, other scripts' digits) is refused. Tools that
# keep an integer column with gaps as floats write 14.0 for 14, which is taken as the integer it is.
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,5})?|[+-]?(inf|infinity)", re.IGNORECASE)
_NULLS = {"", "null", "nan"}
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_NOUNS = {
    ColumnType.STRING: "a text",
    ColumnType.INTEGER: "an integer",
    ColumnType.NUMBER: "a number",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.TIMESTAMP: "a time as ISO 8601 text",
}


@dataclass(frozen=True)
class Check:
    """The rules for `column` in a request; `nullable` is whether null, or leaving it out, is allowed there."""

    column: Column
    nullable: bool

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.column.name

    @property
    def allowed(self) -> str:
        """What is legal, in words."""
        c = self.column
        if c.allowed:
            text = f"one of {', '.join(show(value) for value in c.allowed)}"
        else:
            text = _NOUNS[c.type]
            ends = (("from", c.minimum), ("to", c.maximum))
            bounds = [f"{word} {_plain(value)}" for word, value in ends if value is not None]
            text = " ".join([text, *bounds])
        return f"{text}, or null" if self.nullable else text

    def type(self) -> Any:
        """The type for msgspec's JSON decoder."""
        c = self.column
        kind: Any
        if c.allowed and c.type is not ColumnType.NUMBER:
            kind = Literal[c.allowed]
        elif c.type is ColumnType.INTEGER:
            low = _INT64[0] if c.minimum is None else int(c.minimum)
            high = _INT64[1] if c.maximum is None else int(c.maximum)
            kind = Annotated[int, msgspec.Meta(ge=low, le=high)]
        elif c.type is ColumnType.NUMBER:
            kind = Annotated[float, msgspec.Meta(ge=c.minimum, le=c.maximum)]
        else:
            kind = {ColumnType.STRING: str, ColumnType.BOOLEAN: bool, ColumnType.TIMESTAMP: str}[c.type]
        return kind | None if self.nullable else kind

    def accepts(self, value: Any) -> bool:
        """Whether a value of a JSON body is legal."""
        c = self.column
        if value is None:
            return self.nullable
        if c.type in (ColumnType.STRING, ColumnType.TIMESTAMP):
            return isinstance(value, str) and (not c.allowed or value in c.allowed)
        if c.type is ColumnType.BOOLEAN:
            return isinstance(value, bool)
        if isinstance(value, bool) or not isinstance(value, int if c.type is ColumnType.INTEGER else int | float):
            return False
        return self._in_range(value)

    def parse(self, cell: str) -> Any:
        """The value of a CSV cell. Raises ValueError if it is not legal."""
        text = cell.strip()
        value = self._value(cell, text)
        numeric = self.column.type in (ColumnType.INTEGER, ColumnType.NUMBER)
        if not self.nullable if value is None else numeric and not self._in_range(value):
            raise ValueError(cell)
        return value

    def _value(self, cell: str, text: str) -> Any:
        kind = self.column.type
        if kind in (ColumnType.STRING, ColumnType.TIMESTAMP):
            if cell and self.column.allowed and cell not in self.column.allowed:
                raise ValueError(cell)
            return cell or None
        if text.lower() in _NULLS:
            return None
        if kind is ColumnType.BOOLEAN and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        if kind is ColumnType.INTEGER and _INTEGER.fullmatch(text):
            return int(text.partition(".")[0])
        if kind is ColumnType.NUMBER and _NUMBER.fullmatch(text):
            return float(text)
        raise ValueError(cell)

    def _in_range(self, value: float) -> bool:
        c = self.column
        if c.allowed:
            return value in c.allowed
        low, high = (-math.inf, math.inf) if c.type is ColumnType.NUMBER else _INT64
        return max(low, low if c.minimum is None else c.minimum) <= value <= (high if c.maximum is None else c.maximum)


def _plain(value: float) -> str:
    """A bound without an exponent or a needless .0."""
    return str(int(value)) if value == int(value) else repr(value)
