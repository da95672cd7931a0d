"""The contract's rules for one value of a request: its type for the fast decoder, and how it is read otherwise.

A request is decoded by msgspec with types made here. Where that refuses a body, each value is read again by
`from_json`, which also takes what the decoder cannot (a mark of a missing value, 5.0 for an integer) or tells what is
wrong; what both take they must read alike, and a test holds them to it. Cells of CSV are read by `from_text`, values of
Parquet by `from_typed`, all by the rules of validation: the data that a model was trained on can be scored.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec

from contracts import moments, numerals, texts
from contracts.schema import Column, ColumnType, Value
from workloads.inference.errors import show

_INT64 = (-(2**63), 2**63 - 1)
_FLOAT64 = (-sys.float_info.max, sys.float_info.max)
_EXACT = 2**53  # from here on not every integer is a float
# Digits in a CSV cell; what Python reads beyond them (underscores, other scripts' digits) is refused. Tools that
# keep an integer column with gaps as floats write 14.0 for 14, which is taken as the integer it is.
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_TEXTS = (ColumnType.STRING, ColumnType.TIMESTAMP)
_NOUNS = {
    ColumnType.STRING: "a text",
    ColumnType.INTEGER: "an integer",
    ColumnType.NUMBER: "a number",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.TIMESTAMP: "a time as ",
}


@dataclass(frozen=True)
class Check:
    """The rules for `column` in a request; `nullable` is whether null, or leaving it out, is allowed there.

    The readers raise ValueError (or TypeError) for what is not legal.
    """

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
            text = _NOUNS[c.type] + self._form
            ends = (("from", c.minimum), ("to", c.maximum))
            bounds = [f"{word} {_plain(value)}" for word, value in ends if value is not None]
            text = " ".join([text, *bounds])
        if c.values:
            text += f", or {', '.join(show(known) for known, _ in c.values)}"
        return f"{text}, or null" if self.nullable else text

    @property
    def _form(self) -> str:
        """How texts of the column are written, in words; numbers of JSON are numbers."""
        c = self.column
        if c.type is ColumnType.TIMESTAMP:
            iso = "ISO 8601 text with an offset"
            forms = f"{c.format} or {iso}" if c.format else f"{c.epoch} since 1970 or {iso}" if c.epoch else None
            return forms or ("ISO 8601 text" + (f", {c.timezone} without an offset" if c.timezone else ""))
        return "" if numerals.is_plain(c) else f" (in CSV as {numerals.example(c)})"

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
        elif c.epoch:
            kind = int | float | str
        else:
            kind = {ColumnType.STRING: str, ColumnType.BOOLEAN: bool, ColumnType.TIMESTAMP: str}[c.type]
        return kind | None if self.nullable else kind

    @cached_property
    def decides_by_type(self) -> bool:
        """Whether a value of `type` is legal and final as it is. Else `from_json` has to look at it too."""
        c = self.column
        if c.type is ColumnType.NUMBER and c.allowed:
            return False
        return not self._numbers and (c.type not in _TEXTS or bool(c.allowed))

    def from_json(self, value: Any) -> Any:
        """The value of a JSON body."""
        kind = self.column.type
        if isinstance(value, str) and (meaning := self._meaning(value)) is not None:
            return self._checked(meaning)
        if isinstance(value, str):
            text = self._read(value)
            if text is not None and kind not in _TEXTS:
                raise ValueError(value)
            return self._checked(text)
        if isinstance(value, bool) != (kind is ColumnType.BOOLEAN) and value is not None:
            raise ValueError(value)
        return self._checked(self._since_1970(value))

    def from_stored(self, text: str) -> Any:
        """The value of a text that the platform has written, in a record of the feature store: in the usual form."""
        return self._stored.from_text(text)

    @cached_property
    def _stored(self) -> Check:
        return Check(texts.plainly(self.column), self.nullable)

    def _since_1970(self, value: Any) -> Any:
        """A number of seconds or milliseconds, where the column has such timestamps, as ISO 8601."""
        if self.column.epoch is None or isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        return moments.of_number(self.column, value) if value == value else None  # NaN differs from itself

    def from_text(self, cell: str) -> Any:
        """The value of a CSV cell."""
        text = self._read(cell)
        kind = self.column.type
        if text is None or kind in _TEXTS:
            return self._checked(text)
        if kind is ColumnType.BOOLEAN:
            if text.lower() not in _BOOLEANS:
                raise ValueError(cell)
            return self._checked(_BOOLEANS[text.lower()])
        if kind is ColumnType.INTEGER and _INTEGER.fullmatch(text):
            return self._checked(int(text.partition(".")[0]))
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        # of an integer column too: 1e3 is the integer it is, where a float shows that it has no fraction
        if math.isnan(number) or (kind is ColumnType.INTEGER and abs(number) >= _EXACT):
            raise ValueError(cell)
        return self._checked(number)

    def from_typed(self, value: Any) -> Any:
        """The value of a Parquet column, as pyarrow gives it: by the pairs of types that validation takes."""
        kind = self.column.type
        if (meaning := self._meaning(value)) is not None:
            return self._checked(meaning)
        if isinstance(value, str):
            return self.from_text(value)
        if isinstance(value, date):
            return self._checked(value.isoformat() if kind is ColumnType.TIMESTAMP else value)
        value = self._since_1970(value)
        if isinstance(value, Decimal):
            value = int(value) if kind is ColumnType.INTEGER and value == int(value) else float(value)
        if kind is ColumnType.BOOLEAN and not isinstance(value, bool) and value in (0, 1):
            value = bool(value)
        elif kind is ColumnType.INTEGER and isinstance(value, bool):
            value = int(value)
        elif kind is ColumnType.STRING and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return self._checked(value)

    @cached_property
    def _read(self) -> Callable[[str], str | None]:
        return texts.reader(self.column)

    @cached_property
    def _meanings(self) -> dict[str, Value]:
        return texts.translation(self.column)

    def _meaning(self, value: Any) -> Any:
        """What a delivered value stands for by the contract's `values`, None if it stands for itself."""
        if not self._meanings or not isinstance(value, str | int | float):
            return None
        return self._meanings.get(value.strip(texts.BLANKS) if isinstance(value, str) else texts.written(value))

    @cached_property
    def _numbers(self) -> frozenset[float]:
        return texts.missing_numbers(self.column)

    def _checked(self, value: Any) -> Any:
        """A value of whatever type as one of the column's, None where missing."""
        if value is None or value != value or (self._numbers and value in self._numbers):  # NaN differs from itself
            if not self.nullable:
                raise ValueError(value)
            return None
        kind = self.column.type
        if kind is ColumnType.TIMESTAMP:
            legal = isinstance(value, str) and moments.is_timestamp(value)
        elif kind is ColumnType.STRING:
            legal = isinstance(value, str) and (not self.column.allowed or value in self.column.allowed)
        elif kind is ColumnType.BOOLEAN:
            legal = isinstance(value, bool)
        else:
            value, legal = self._number(value)
        if not legal:
            raise ValueError(value)
        return value

    def _number(self, value: Any) -> tuple[Any, bool]:
        """A number in the column's type, and whether it is legal."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value, False
        whole = self.column.type is ColumnType.INTEGER
        try:
            found = int(value) if whole else float(value)
        except OverflowError:  # an infinity as an integer, or an integer beyond what a float can be
            return value, False
        return found, (not whole or found == value) and self._in_range(found)

    def _in_range(self, value: float) -> bool:
        c = self.column
        if c.allowed:
            return value in c.allowed
        low, high = _FLOAT64 if c.type is ColumnType.NUMBER else _INT64
        return max(low, low if c.minimum is None else c.minimum) <= value <= (high if c.maximum is None else c.maximum)


def _plain(value: float) -> str:
    """A bound without an exponent or a needless .0."""
    return str(int(value)) if value == int(value) else repr(value)
