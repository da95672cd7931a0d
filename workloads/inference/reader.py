"""Bodies of requests to rows of features: JSON (one row, a list, `{"instances": [...]}`) and CSV of raw columns.

The common case costs one typed decode; the search for what is wrong, value by value, starts only after that has failed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from contracts import expression
from contracts.schema import Contract
from contracts.tree import columns_of
from workloads.features.row import positional_function
from workloads.inference.checks import Check
from workloads.inference.errors import MAX_FAULTS, Fault, Refused, invalid, malformed, show

INSTANCES = "instances"
_INSTANCES_FIRST = re.compile(rb'\s*\{\s*"instances"\s*:')
_LINE_BREAKS = "\r\n"

Features = tuple[float, ...]
Entity = str | int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one request: their features, float64 with NaN for missing, and the entities where they were given.

    `single` is true of a body that is one JSON object, which is answered by one object.
    """

    features: list[Features]
    entities: list[Entity]
    single: bool = False


class Reader:
    """Reads requests for one contract. `max_rows` bounds the rows of one request."""

    def __init__(self, contract: Contract, *, max_rows: int) -> None:
        self.max_rows = max_rows
        trees = expression.features(contract).values()
        used: set[str] = set().union(*map(columns_of, trees))
        self.checks = [Check(column, column.nullable or column.name not in used) for column in contract.inputs]
        self.entity = Check(contract.column(contract.entity), nullable=True)
        self.compute = positional_function(contract)
        fields: list[Any] = [self._field(check) for check in (*self.checks, self.entity)]
        row = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True, gc=False)
        self._one = msgspec.json.Decoder(row)
        self._many = msgspec.json.Decoder(list[row])
        wrapped = msgspec.defstruct("Instances", [(INSTANCES, list[row])], forbid_unknown_fields=True)
        self._wrapped = msgspec.json.Decoder(wrapped)
        self._values = _getter([check.name for check in self.checks])
        self._entity_of = attrgetter(self.entity.name)

    @staticmethod
    def _field(check: Check) -> tuple[str, Any] | tuple[str, Any, Any]:
        return (check.name, check.type(), None) if check.nullable else (check.name, check.type())

    # ---- JSON ----

    def json(self, body: bytes) -> Rows:
        """Rows of a JSON body. Raises Refused (400 not JSON, 413 too many rows, 422 against the contract)."""
        try:
            if body[:1] == b"{" and not _INSTANCES_FIRST.match(body):
                row = self._one.decode(body)
                return Rows([self.compute(*self._values(row))], [self._entity_of(row)], single=True)
            return self._list(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._why(body, error) from None

    def _list(self, body: bytes) -> Rows:
        start = body.lstrip()[:1]
        if start == b"{":
            if not _INSTANCES_FIRST.match(body):
                return self.json(body.lstrip())
            wrapped: Any = self._wrapped.decode(body)
            rows: list[Any] = wrapped.instances
        else:
            rows = self._many.decode(body)
        self._check_count(len(rows))
        compute, values = self.compute, self._values
        return Rows([compute(*values(row)) for row in rows], list(map(self._entity_of, rows)))

    def _check_count(self, count: int) -> None:
        if count > self.max_rows:
            message = f"{count} rows are found, at most {self.max_rows} are allowed; split the request"
            raise Refused(413, "too_many_rows", message)
        if count == 0:
            raise invalid([Fault(found="no row", allowed="at least one")])

    def _why(self, body: bytes, error: Exception) -> Refused:
        """The answer to a body that the typed decoder refused."""
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            return malformed(f"the body is not JSON: {fault}" if body.strip() else "the body is empty; send a row")
        single = isinstance(document, dict) and INSTANCES not in document
        rows: Any = document
        if isinstance(document, dict):
            rows = [document] if single else document[INSTANCES]
            for key in () if single else document.keys() - {INSTANCES}:
                return invalid([Fault(field=key, found="an unknown field", allowed=f"{INSTANCES!r} alone")])
        if not isinstance(rows, list):
            expected = 'a row as an object, a list of rows, or {"instances": [...]}'
            return invalid([Fault(found=show(rows), allowed=expected)])
        faults = [fault for index, row in enumerate(rows) for fault in self._row_faults(None if single else index, row)]
        return invalid(faults) if faults else malformed(str(error))

    def _row_faults(self, index: int | None, row: Any) -> Iterator[Fault]:
        if not isinstance(row, dict):
            yield Fault(row=index, found=show(row), allowed="a row as an object")
            return
        known = {check.name: check for check in (*self.checks, self.entity)}
        for name in row:
            if name not in known:
                yield Fault(row=index, field=show(name)[1:-1], found="an unknown field", allowed=", ".join(known))
        for name, check in known.items():
            if name not in row:
                if not check.nullable:
                    yield Fault(row=index, field=name, found="nothing", allowed=check.allowed)
            elif not check.accepts(row[name]):
                yield Fault(row=index, field=name, found=show(row[name]), allowed=check.allowed)

    # ---- CSV ----

    def csv(self, body: bytes, *, header: bool | None) -> Rows:
        """Rows of a CSV body: the contract's inputs in order, or in any order under a header line.

        `header` None means: the first line is a header if every cell of it is a column's name. A header may leave
        nullable columns out and may name the entity. Raises Refused as `json` does.
        """
        try:
            text = body.decode("utf-8-sig").rstrip(_LINE_BREAKS)
        except UnicodeDecodeError as error:
            raise malformed(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
        if not text:
            raise malformed("the body is empty; send a line for each row")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            return self._table(lines, next(lines), header)
        except csv.Error as error:
            raise malformed(f"line {lines.line_num}: not CSV: {error}") from None

    def _table(self, lines: Any, first: list[str], header: bool | None) -> Rows:
        known = {check.name: check for check in (*self.checks, self.entity)}
        names = [cell.strip() for cell in first]
        if header is None:
            header = all(name in known for name in names)
        if header:
            order = self._header(names, known)
            data = ((lines.line_num, cells) for cells in lines)
        else:
            order = self.checks
            data = ((lines.line_num, cells) for cells in _with_first(first, lines))
        faults: list[Fault] = []
        features: list[Features] = []
        entities: list[Entity] = []
        positions = {check.name: index for index, check in enumerate(order)}
        arrange = [positions.get(check.name) for check in self.checks]
        entity_at = positions.get(self.entity.name)
        for line, cells in data:
            values = self._cells(line, cells, order, faults)
            if values is None:
                if len(faults) >= MAX_FAULTS:
                    break
                continue
            features.append(self.compute(*[None if at is None else values[at] for at in arrange]))
            entities.append(None if entity_at is None else values[entity_at])
            if len(features) > self.max_rows:
                message = f"more than {self.max_rows} rows are found, which is the most allowed; split the request"
                raise Refused(413, "too_many_rows", message)
        if faults:
            raise invalid(faults)
        self._check_count(len(features))
        return Rows(features, entities)

    def _header(self, names: list[str], known: dict[str, Check]) -> list[Check]:
        allowed = ", ".join(known)
        faults = [Fault(line=1, field=n, found="an unknown column", allowed=allowed) for n in names if n not in known]
        twice = sorted({name for name in names if names.count(name) > 1})
        faults += [Fault(line=1, field=n, found="a column named twice", allowed="each column once") for n in twice]
        missing = [check for check in self.checks if not check.nullable and check.name not in names]
        faults += [Fault(line=1, field=check.name, found="no such column", allowed=check.allowed) for check in missing]
        if faults:
            raise invalid(faults)
        return [known[name] for name in names]

    @staticmethod
    def _cells(line: int, cells: list[str], order: Sequence[Check], faults: list[Fault]) -> list[Any] | None:
        if len(cells) != len(order):
            expected = f"{len(order)}: {', '.join(check.name for check in order)}"
            faults.append(Fault(line=line, found=f"{len(cells)} cells", allowed=expected))
            return None
        values: list[Any] = []
        for check, cell in zip(order, cells, strict=True):
            try:
                values.append(check.parse(cell))
            except ValueError:
                faults.append(Fault(line=line, field=check.name, found=show(cell), allowed=check.allowed))
        return values if len(values) == len(cells) else None


def _with_first(first: list[str], lines: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    yield from lines


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """`attrgetter` that answers a tuple for one name too."""
    if len(names) == 1:
        get = attrgetter(names[0])
        return lambda row: (get(row),)
    return attrgetter(*names)
