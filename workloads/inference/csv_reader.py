"""CSV of raw columns to rows of features.

Two ways to the same values. Where all columns are numbers and the text holds nothing but digits, signs, points, commas
and line breaks, it becomes JSON by a few replacements and one typed decode checks it against the contract: about
0.1 ms for a thousand rows. Everything else (quotes, texts, `nan`, any fault) is read cell by cell, which is slower by
a factor of twenty and says which line and field is wrong. A test holds the two to the same result.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from contracts.schema import ColumnType
from workloads.inference.checks import Check
from workloads.inference.errors import MAX_FAULTS, Fault, Refused, invalid, malformed, show
from workloads.inference.rows import Entity, Raw, Values

_PLAIN = b"0123456789.,-+eE\n"
_NUMERIC = {ColumnType.INTEGER, ColumnType.NUMBER}
_LINE_BREAKS = b"\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CsvReader:
    """Reads CSV bodies of one contract: its inputs in order, or any of its columns in any order under a header line."""

    def __init__(self, checks: list[Check], entity: Check, *, max_rows: int) -> None:
        self.checks, self.entity, self.max_rows = checks, entity, max_rows
        self.known = {check.name: check for check in (*checks, entity)}
        self._decoders: dict[tuple[str, ...], msgspec.json.Decoder[Any] | None] = {}

    def read(self, body: bytes, *, header: bool | None) -> Raw:
        """The rows of a body. `header` None: its first line is a header if each cell of it is a column's name.

        A header may leave nullable columns out and may name the entity. Raises Refused: 400 not CSV, 413 too many
        rows, 422 against the contract.
        """
        text = body.removeprefix(_BYTE_ORDER_MARK).rstrip(_LINE_BREAKS)
        if not text:
            raise malformed("the body is empty; send a line for each row")
        order = self.checks
        names = self._names(text)
        skipped = 0
        if header or (header is None and names and all(name in self.known for name in names)):
            order = self._order(names)
            skipped = 1
            _, _, text = text.partition(b"\n")
        count = text.count(b"\n") + 1 if text else 0
        if count > self.max_rows:  # a quoted cell may hold a line break, but only as much text as a row has
            message = f"{count} rows are found, at most {self.max_rows} are allowed; split the request"
            raise Refused(413, "too_many_rows", message)
        if not text:
            raise invalid([Fault(found="no row", allowed="at least one")])
        rows = self._fast(text, order)
        if rows is None:
            rows = self._slow(text, order, skipped)
        return self._arranged(rows, order)

    def _arranged(self, rows: list[Values], order: list[Check]) -> Raw:
        """`rows` of values in `order` as rows of the contract's inputs in theirs."""
        entities: list[Entity] | None = None
        if order is not self.checks:
            position = {check.name: index for index, check in enumerate(order)}
            if self.entity.name in position:
                at = position[self.entity.name]
                entities = [row[at] for row in rows]
            places = [position.get(check.name) for check in self.checks]
            rows = [[None if place is None else row[place] for place in places] for row in rows]
        return Raw(rows, entities)

    # ---- the header ----

    @staticmethod
    def _names(text: bytes) -> list[str]:
        """The cells of the first line; empty if it is not readable, which the reading of all lines will tell."""
        first = text.partition(b"\n")[0]
        try:
            cells = next(csv.reader([first.decode()], strict=True))
        except (csv.Error, UnicodeDecodeError, StopIteration):
            return []
        return [cell.strip() for cell in cells]

    def _order(self, names: list[str]) -> list[Check]:
        allowed = ", ".join(self.known)
        faults = [
            Fault(line=1, field=name, found="an unknown column", allowed=allowed)
            for name in names
            if name not in self.known
        ]
        twice = sorted({name for name in names if names.count(name) > 1})
        faults += [Fault(line=1, field=n, found="a column named twice", allowed="each column once") for n in twice]
        missing = [check for check in self.checks if not check.nullable and check.name not in names]
        faults += [Fault(line=1, field=check.name, found="no such column", allowed=check.allowed) for check in missing]
        if faults:
            raise invalid(faults)
        return [self.known[name] for name in names]

    # ---- numbers only ----

    def _fast(self, text: bytes, order: list[Check]) -> list[Values] | None:
        """The rows of a text of plain numbers, or None where that is not what it is, or where it has a fault."""
        decoder = self._decoder(order)
        if decoder is None:
            return None
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        if text.translate(None, _PLAIN):
            return None
        if b",," in text or b",\n" in text or b"\n," in text or text[:1] == b"," or text[-1:] == b",":
            text = _with_nulls(text)
        try:
            return decoder.decode(b"[[" + text.replace(b"\n", b"],[") + b"]]")
        except msgspec.DecodeError:
            return None

    def _decoder(self, order: list[Check]) -> msgspec.json.Decoder[Any] | None:
        """A decoder of rows in this order, or None if a column is no number. One column could hide an empty line."""
        key = tuple(check.name for check in order)
        if key not in self._decoders:
            numeric = len(order) > 1 and all(c.column.type in _NUMERIC and _is_plain(c) for c in order)
            types = tuple(check.type() for check in order)
            self._decoders[key] = msgspec.json.Decoder(list[tuple[types]]) if numeric else None  # pyright: ignore[reportInvalidTypeForm]
        return self._decoders[key]

    # ---- anything ----

    def _slow(self, text: bytes, order: list[Check], skipped: int) -> list[Values]:
        """The rows of any text, cell by cell; tells every fault up to a limit. `skipped` lines stood before it."""
        try:
            decoded = text.decode()
        except UnicodeDecodeError as error:
            line = text.count(b"\n", 0, error.start) + 1 + skipped
            raise malformed(f"line {line}: not UTF-8: {error.reason}") from None
        lines = csv.reader(io.StringIO(decoded, newline=""), strict=True)
        faults: list[Fault] = []
        rows: list[Values] = []
        try:
            for cells in lines:
                values = _values(lines.line_num + skipped, cells, order, faults)
                rows.append(values)
                if len(faults) >= MAX_FAULTS:
                    break
        except csv.Error as error:
            raise malformed(f"line {lines.line_num + skipped}: not CSV: {error}") from None
        if faults:
            raise invalid(faults)
        return rows


def _is_plain(check: Check) -> bool:
    """Whether the type alone decides: a list of allowed floats is checked only cell by cell."""
    return not check.column.allowed


def _with_nulls(text: bytes) -> bytes:
    """Empty cells as null."""
    text = b"\n" + text + b"\n"
    for before in (b",", b"\n"):
        for _ in range(2):  # the cells of ",,," overlap
            text = text.replace(before + b",", before + b"null,")
    return text.replace(b",\n", b",null\n")[1:-1]


def _values(line: int, cells: list[str], order: list[Check], faults: list[Fault]) -> list[Any]:
    if len(cells) != len(order):
        expected = f"{len(order)}: {', '.join(check.name for check in order)}"
        faults.append(Fault(line=line, found=f"{len(cells)} cells", allowed=expected))
        return []
    return list(_parsed(line, cells, order, faults))


def _parsed(line: int, cells: list[str], order: list[Check], faults: list[Fault]) -> Iterator[Any]:
    for check, cell in zip(order, cells, strict=True):
        try:
            yield check.parse(cell)
        except ValueError:
            faults.append(Fault(line=line, field=check.name, found=show(cell), allowed=check.allowed))
