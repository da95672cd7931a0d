"""CSV of raw columns to rows of features.

Two ways to the same values. Where all columns are numbers and the text holds nothing but digits, signs, points, commas
and line breaks, it becomes JSON by a few replacements and one typed decode checks it against the contract: about
0.1 ms for a thousand rows. Everything else (quotes, texts, `nan`, any fault) is read cell by cell, which is slower by
a factor of twenty and says which line and field is wrong. A test holds the two to the same result.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, AnyStr

import msgspec

from contracts import delimited, encodings, texts
from contracts.preamble import DELIMITERS
from contracts.schema import ColumnType
from workloads.inference.checks import Check
from workloads.inference.columns import Columns
from workloads.inference.errors import MAX_FAULTS, ONCE, TWICE, Fault, Refused, at, invalid, malformed, show
from workloads.inference.rows import Entity, Raw, Values

MAX_HEADER_BYTES = 256 * 1024  # a name of 60 letters for each of 4,000 columns
_PLAIN = b"0123456789.,-+eE\n"
_NUMERIC = {ColumnType.INTEGER, ColumnType.NUMBER}
_LINE_BREAKS = b"\r\n"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE[:2])
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
_DECODERS = 32


@dataclass(frozen=True)
class Layout:
    """What stands where in a line: `order` has the check of each cell, None for one that is left out.

    `places` are the positions of the contract's inputs, None for one that is not there; `entity` is the entity's.
    `is_headed` is whether a header says so.
    """

    names: tuple[str, ...]
    delimiter: str
    order: list[Check | None]
    places: list[int | None]
    entity: int | None
    is_headed: bool

    def arranged(self, rows: list[Values]) -> Raw:
        """`rows` of values in this order as rows of the contract's inputs in theirs."""
        entities: list[Entity] | None = None if self.entity is None else [row[self.entity] for row in rows]
        if self.places != list(range(len(self.order))):
            rows = [[None if place is None else row[place] for place in self.places] for row in rows]
        return Raw(rows, entities)

    def is_blank(self, cells: list[str]) -> bool:
        """Whether a line is empty, which says nothing unless a row has one value only."""
        return not cells and len(self.order) > 1

    def values(self, line: int, cells: list[str], faults: list[Fault]) -> list[Any]:
        """The values of the cells of one line; what is wrong with them is added to `faults`.

        Empty cells behind those that a header names, as writers make them that end every row with a delimiter, are
        none: validation's engine leaves them out too.
        """
        if len(cells) > len(self.order) and self.is_headed and not any(cells[len(self.order) :]):
            cells = cells[: len(self.order)]
        if len(cells) != len(self.order):
            expected = f"{len(self.order)}: {', '.join(self.names)}"
            faults.append(Fault(line=line, found=f"{len(cells)} cells", allowed=expected))
            return []
        values: list[Any] = []
        for check, cell in zip(self.order, cells, strict=True):
            try:
                values.append(check.from_text(cell) if check else None)
            except ValueError:
                field, allowed = (check.name, check.allowed) if check else ("", "")
                faults.append(Fault(line=line, field=field, found=show(cell), allowed=allowed))
        return values


class CsvReader:
    """Reads CSV bodies of one contract: its inputs in order, or columns in any order under a header line."""

    def __init__(self, columns: Columns, *, max_rows: int, encoding: str | None = None) -> None:
        self.columns, self.max_rows, self.encoding = columns, max_rows, encoding
        self.bare = self._layout(tuple(check.name for check in columns.checks), ",", is_headed=False)
        self._plain_names = any(
            not name.encode().translate(None, _PLAIN) for name in (*columns.known, *columns.source_names)
        )
        self._decoders: dict[tuple[str, ...], msgspec.json.Decoder[Any] | None] = {}

    def read(self, body: bytes, *, header: bool | None, is_utf_8: bool = False) -> Raw:
        """The rows of a body. `header` None: its first line is a header if it names columns of the contract.

        The body is in the encoding that a byte order mark or the contract says, unless it `is_utf_8` by its media type.
        A header may leave nullable columns out, may name the entity and columns that are no inputs, and may be written
        with another delimiter. Raises Refused: 400 not CSV, 413 too many rows, 422 against the contract.
        """
        text = body if is_utf_8 else self._recoded(body)
        text = text.removeprefix(codecs.BOM_UTF8).rstrip(_LINE_BREAKS)
        if not text:
            raise malformed("the body is empty; send a line for each row")
        layout, skipped, text = self._first(text, header)
        count = text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n") + 1 if text else 0
        if count > self.max_rows:  # a quoted cell may hold a line break, but only as much text as a row has
            message = f"{count} rows are found, at most {self.max_rows} are allowed; split the request"
            raise Refused(413, "too_many_rows", message)
        if not text:
            raise invalid([Fault(found="no row", allowed="at least one")])
        layout = layout or self.bare
        rows = self._fast(text, layout)
        if rows is None:
            rows = self._slow(text, layout, skipped)
        return layout.arranged(rows)

    def _recoded(self, body: bytes) -> bytes:
        """A body as UTF-8. Raises Refused 400 with the line that cannot be decoded."""
        if self.encoding is None and body[:2] not in _UTF_16:
            return body
        encoding = encodings.of(body[:4], self.encoding)
        if encoding == encodings.UTF_8:
            return body
        try:
            return body.decode(encoding).removeprefix("\ufeff").encode()
        except UnicodeError as error:
            before = body[: error.start].decode(encoding, "replace") if isinstance(error, UnicodeDecodeError) else ""
            line = len(_LINE_BREAK.findall(before.encode())) + 1
            raise malformed(f"line {line}: not {encoding}: {error}") from None

    # ---- the header ----

    def _first(self, text: bytes, header: bool | None) -> tuple[Layout | None, int, bytes]:
        """What a header says, if there is one, the lines that it takes, and the text behind it; `header` as of `read`.

        Raises Refused as `header` does.
        """
        end = _LINE_BREAK.search(text)
        first = text[: end.start()] if end else text
        if len(first) > MAX_HEADER_BYTES:
            if header:
                raise malformed(f"a header of {len(first)} bytes is found, at most {MAX_HEADER_BYTES} are allowed")
            return None, 0, text
        if header is False or (header is None and not self._plain_names and not first.translate(None, _PLAIN)):
            return None, 0, text
        if first.count(b'"') % 2:  # a quoted name may hold a line end
            record = first_record(iter(text[:MAX_HEADER_BYTES].splitlines(keepends=True)), b'"')
            whole = b"".join(record)
            if len(record) > 1 and (layout := self.header(_decoded(whole.rstrip(_LINE_BREAKS), 0))):
                return layout, len(record), text[len(whole) :]
        layout = self.header(_decoded(first, 0), wanted=header is True)
        return (layout, 1, text[end.end() :] if end else b"") if layout else (None, 0, text)

    def header(self, line: str, *, wanted: bool = False) -> Layout | None:
        """What a first line says about the others, or None if it is none; with `wanted` it is one.

        The delimiter is the first that shows names of columns. Raises Refused 422 for a header that is wrong.
        """
        found: dict[str, tuple[str, ...]] = {}
        for delimiter in DELIMITERS:
            found[delimiter] = self.columns.named(_cells(line, delimiter))
            if self.columns.are_header(found[delimiter]):
                return self._headed(found[delimiter], delimiter)
        return self._headed(found[","], ",") if wanted else None

    def _headed(self, names: tuple[str, ...], delimiter: str) -> Layout:
        counts = Counter(names)
        twice = (name for name in self.columns.known if counts[name] > 1)
        faults = [Fault(field=n, found=TWICE, allowed=ONCE) for n in twice]
        faults += self.columns.faults(names)
        if faults:
            raise invalid([at(fault, line=1) for fault in islice(faults, MAX_FAULTS)])
        return self._layout(names, delimiter, is_headed=True)

    def _layout(self, names: tuple[str, ...], delimiter: str, *, is_headed: bool) -> Layout:
        position = {name: index for index, name in enumerate(names)}
        places = [position.get(check.name) for check in self.columns.checks]
        order = [self.columns.known.get(name) for name in names]
        return Layout(names, delimiter, order, places, position.get(self.columns.entity.name), is_headed)

    # ---- numbers only ----

    def _fast(self, text: bytes, layout: Layout) -> list[Values] | None:
        """The rows of a text of plain numbers, or None where that is not what it is, or where it has a fault."""
        decoder = self._decoder(layout)
        if decoder is None:
            return None
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if text.translate(None, _PLAIN):
            return None
        if b",," in text or b",\n" in text or b"\n," in text or text[:1] == b"," or text[-1:] == b",":
            text = _with_nulls(text)
        try:
            return decoder.decode(b"[[" + text.replace(b"\n", b"],[") + b"]]")
        except msgspec.DecodeError:
            return None

    def _decoder(self, layout: Layout) -> msgspec.json.Decoder[Any] | None:
        """A decoder of such rows, or None if a column is no number. One column could hide an empty line."""
        if layout.delimiter != ",":
            return None
        if layout.names not in self._decoders:
            checks = [check for check in layout.order if check]
            numeric = len(checks) == len(layout.order) > 1 and all(map(_is_plain, checks))
            types = tuple(check.type() for check in checks)
            if len(self._decoders) >= _DECODERS:
                self._decoders.clear()
            decoder = msgspec.json.Decoder(list[tuple[types]]) if numeric else None  # pyright: ignore[reportInvalidTypeForm]
            self._decoders[layout.names] = decoder
        return self._decoders[layout.names]

    # ---- anything ----

    def _slow(self, text: bytes, layout: Layout, skipped: int) -> list[Values]:
        """The rows of any text, cell by cell; tells every fault up to a limit. `skipped` lines stood before it."""
        lines = delimited.of_text(_decoded(text, skipped), layout.delimiter, strict=True)
        faults: list[Fault] = []
        rows: list[Values] = []
        try:
            for cells in lines:
                if not layout.is_blank(cells):
                    rows.append(layout.values(lines.line_num + skipped, cells, faults))
                if len(faults) >= MAX_FAULTS:
                    break
        except csv.Error as error:
            raise malformed(f"line {lines.line_num + skipped}: not CSV: {error}") from None
        if faults:
            raise invalid(faults)
        return rows


def first_record(lines: Iterator[AnyStr], quote: AnyStr) -> list[AnyStr]:
    """The lines of a first record, more than one where a quoted cell holds line ends; only so many are taken."""
    taken: list[AnyStr] = []
    quotes = letters = 0
    for line in lines:
        taken.append(line)
        quotes, letters = quotes + line.count(quote), letters + len(line)
        if quotes % 2 == 0 or letters > MAX_HEADER_BYTES:
            break
    return taken


def _decoded(text: bytes, skipped: int) -> str:
    """Lines as text, after some that were skipped. Raises Refused 400 with the line that is not UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        line = len(_LINE_BREAK.findall(text, 0, error.start)) + 1 + skipped
        raise malformed(f"line {line}: not UTF-8: {error.reason}") from None


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a first line, trimmed; empty if it is not readable, which the reading of all lines will tell."""
    lines = delimited.records([line], delimiter, strict=True)
    try:
        return [cell.strip() for cell in next(iter(lines), [])]
    except csv.Error:
        return []


def _is_plain(check: Check) -> bool:
    """Whether the type alone decides: allowed floats, and numbers written in another form, are read cell by cell."""
    return (
        check.column.type in _NUMERIC
        and not check.column.allowed
        and check.decides_by_type
        and texts.is_plain(check.column)
    )


def _with_nulls(text: bytes) -> bytes:
    """Empty cells as null."""
    text = b"\n" + text + b"\n"
    for before in (b",", b"\n"):
        for _ in range(2):  # the cells of ",,," overlap
            text = text.replace(before + b",", before + b"null,")
    return text.replace(b",\n", b",null\n")[1:-1]
