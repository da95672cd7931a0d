"""Bodies of requests to rows of features: JSON (one row, a list, `{"instances": [...]}`), and CSV by `csv_reader`.

The common case costs one typed decode; the search for what is wrong, value by value, starts only after that has failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import msgspec

from contracts import expression
from contracts.schema import ColumnType, Contract
from contracts.tree import columns_of
from workloads.features.row import batch_function, positional_function
from workloads.inference.checks import Check
from workloads.inference.csv_reader import CsvReader
from workloads.inference.errors import MAX_FAULTS, Fault, Refused, invalid, malformed, show
from workloads.inference.rows import Entity, Raw, Rows

INSTANCES = "instances"
_INSTANCES_FIRST = re.compile(rb'\s*\{\s*"instances"\s*:')
_EXPECTED = 'a row as an object, a list of rows, or {"instances": [...]}'


class Reader:
    """Reads requests for one contract. `max_rows` bounds the rows of one request."""

    def __init__(self, contract: Contract, *, max_rows: int) -> None:
        self.max_rows = max_rows
        trees = expression.features(contract).values()
        used: set[str] = set().union(*map(columns_of, trees))
        self.checks = [Check(column, column.nullable or column.name not in used) for column in contract.inputs]
        self.entity = Check(contract.column(contract.entity), nullable=True)
        self._listed = [c for c in self.checks if c.column.allowed and c.column.type is ColumnType.NUMBER]
        self.compute = positional_function(contract)
        self.compute_all = batch_function(contract)
        self._csv = CsvReader(self.checks, self.entity, max_rows=max_rows)
        fields: list[Any] = [_field(check) for check in (*self.checks, self.entity)]
        row = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True, gc=False)
        self._one = msgspec.json.Decoder(row).decode
        self._many = msgspec.json.Decoder(list[row]).decode
        wrapped = msgspec.defstruct("Instances", [(INSTANCES, list[row])], forbid_unknown_fields=True)
        self._wrapped: Callable[[bytes], Any] = msgspec.json.Decoder(wrapped).decode
        self._values = _getter([check.name for check in self.checks])
        self._entity_of = attrgetter(self.entity.name)

    def one(self, body: bytes) -> tuple[tuple[float, ...], Entity] | None:
        """Features and entity of a body that is one JSON row, or None if it is something else or has a fault."""
        try:
            row = self._one(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if self._listed and not self._is_listed(row):
            return None
        return self.compute(*self._values(row)), self._entity_of(row)

    def rows(self, raw: Raw) -> Rows:
        """Rows with their features."""
        return Rows(len(raw.values), self.compute_all(raw.values), raw.entities, raw.single)

    def csv(self, body: bytes, *, header: bool | None) -> Raw:
        """Rows of a CSV body; see `CsvReader.read`."""
        return self._csv.read(body, header=header)

    def json(self, body: bytes) -> Raw:
        """Rows of a JSON body. Raises Refused (400 not JSON, 413 too many rows, 422 against the contract)."""
        try:
            rows, single = self._decoded(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._why(body, error) from None
        if self._listed and not all(map(self._is_listed, rows)):
            raise self._why(body, ValueError("a value is not one of those allowed"))
        self._check_count(len(rows))
        return Raw(list(map(self._values, rows)), list(map(self._entity_of, rows)), single)

    def table(self, rows: list[dict[str, Any]]) -> Raw:
        """Rows that were read by another reader, as mappings. Raises Refused as `json` does."""
        self._check_count(len(rows))
        faults: list[Fault] = []
        for index, row in enumerate(rows):
            faults += self._row_faults(index, row)
            if len(faults) >= MAX_FAULTS:
                break
        if faults:
            raise invalid(faults)
        names = [check.name for check in self.checks]
        return Raw([[row.get(name) for name in names] for row in rows], [row.get(self.entity.name) for row in rows])

    def faults(self, row: Any) -> list[Fault]:
        """What is wrong with one row of a decoded JSON body."""
        return list(self._row_faults(None, row))

    def _decoded(self, body: bytes) -> tuple[list[Any], bool]:
        if _INSTANCES_FIRST.match(body):
            return self._wrapped(body).instances, False
        if body.lstrip()[:1] == b"{":
            return [self._one(body)], True
        return self._many(body), False

    def _check_count(self, count: int) -> None:
        if count > self.max_rows:
            message = f"{count} rows are found, at most {self.max_rows} are allowed; split the request"
            raise Refused(413, "too_many_rows", message)
        if not count:
            raise invalid([Fault(found="no row", allowed="at least one")])

    def _is_listed(self, row: Any) -> bool:
        """The one rule that the decoder's types cannot state: numbers out of a list."""
        return all(check.accepts(getattr(row, check.name)) for check in self._listed)

    def _why(self, body: bytes, error: Exception) -> Refused:
        """The answer to a body that the typed decoders refused."""
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
            return invalid([Fault(found=show(rows), allowed=_EXPECTED)])
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


def _field(check: Check) -> tuple[str, Any] | tuple[str, Any, Any]:
    return (check.name, check.type(), None) if check.nullable else (check.name, check.type())


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """`attrgetter` that answers a tuple for one name too."""
    if len(names) == 1:
        get = attrgetter(names[0])
        return lambda row: (get(row),)
    return attrgetter(*names)
