"""Bodies of requests to rows of features: JSON (one row, a list, `{"instances": [...]}`), and CSV by `csv_reader`.

The common case costs one typed decode. Only after that has failed is the body read row by row and value by value, which
also takes what the decoder does not know (columns that are no inputs, 5.0 for an integer, marks of missing values), or
tells what is wrong.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from contracts.schema import Contract
from workloads.features.categories import Lists
from workloads.features.row import batch_function, positional_function
from workloads.inference import documents
from workloads.inference.checks import Check
from workloads.inference.columns import Columns
from workloads.inference.csv_reader import CsvReader
from workloads.inference.errors import MAX_FAULTS, ONCE, TWICE, Fault, Refused, at, invalid, show
from workloads.inference.rows import Entity, Raw, Rows, Values

#: Values of one request. No body of the largest size holds more; but `{}` is a whole row of missing values.
MAX_CELLS = 4_000_000
CHUNK_ROWS = 4096


class Reader:
    """Reads requests for one contract. `max_rows` bounds the rows of one request, fewer where rows are very wide.

    `lists` are those of the categories, without them the contract's own; KeyError if one lacks. In `rows` a text that
    is in none is `unknown`.
    """

    def __init__(
        self, contract: Contract, *, max_rows: int, lists: Lists | None = None, unknown: float = math.nan
    ) -> None:
        self.max_rows = max(1, min(max_rows, MAX_CELLS // max(len(contract.inputs), len(contract.features), 1)))
        self.columns, self.encoding = Columns(contract), contract.encoding
        self.checks, self.entity = self.columns.checks, self.columns.entity
        self.compute = positional_function(contract, lists)
        self.compute_all = batch_function(contract, lists, unknown=unknown)
        self.by_line = CsvReader(self.columns, max_rows=self.max_rows, encoding=contract.encoding)
        fields: list[Any] = [_field(check) for check in (*self.checks, self.entity)]
        only = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True, gc=False)
        self._only = msgspec.json.Decoder(only).decode
        fields += [(name, msgspec.Raw, None) for name in sorted(self.columns.ignored)]
        row = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True, gc=False)
        self._one = msgspec.json.Decoder(row).decode
        self._many = msgspec.json.Decoder(list[row]).decode
        wrapped = msgspec.defstruct("Instances", [(documents.INSTANCES, list[row])], forbid_unknown_fields=True)
        self._wrapped: Callable[[bytes], Any] = msgspec.json.Decoder(wrapped).decode
        self._values = _getter([check.name for check in self.checks])
        self._entity_of = attrgetter(self.entity.name)
        self._undecided = [(i, check) for i, check in enumerate(self.checks) if not check.decides_by_type]

    def one(self, body: bytes) -> tuple[tuple[float, ...], Entity] | None:
        """Features and entity of a body that is one JSON row of inputs, or None if it is something else."""
        try:
            row = self._only(body)
            entity = self._identified(self._entity_of(row))
            if self._undecided:
                return self.compute(*self._decided(self._values(row))), entity
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        return self.compute(*self._values(row)), entity

    def rows(self, raw: Raw) -> Rows:
        """Rows with their features."""
        values = array("d")
        for start in range(0, len(raw.values), CHUNK_ROWS):
            values.extend(self.compute_all(raw.values[start : start + CHUNK_ROWS]))
        return Rows(len(raw.values), values, raw.entities, raw.single)

    def csv(self, body: bytes, *, header: bool | None, is_utf_8: bool = False) -> Raw:
        """Rows of a CSV body; see `CsvReader.read`."""
        return self.by_line.read(body, header=header, is_utf_8=is_utf_8)

    def json(self, body: bytes) -> Raw:
        """Rows of a JSON body. Raises Refused (400 not JSON, 413 too many rows, 422 against the contract)."""
        raw = self._typed(body)
        if raw is None:
            rows, single = documents.rows_of(body)
            raw = self._read(rows, Check.from_json, single=single)
        return _filled(raw)

    def record(self, row: Any, read: Callable[[Check, Any], Any], faults: list[Fault]) -> tuple[list[Any], Entity]:
        """Values and entity of one row as a mapping, each by `read`; what is wrong is added to `faults`."""
        if not isinstance(row, Mapping):
            faults.append(row if isinstance(row, Fault) else Fault(found=show(row), allowed=documents.ROW))
            return [], None
        names = self.columns.named(row)
        if self.columns.source_names:
            faults += [Fault(field=n, found=TWICE, allowed=ONCE) for n in self.columns.known if names.count(n) > 1]
            row = dict(zip(names, row.values(), strict=True))
        faults += self.columns.faults(names)
        values: list[Any] = []
        for check in (*self.checks, self.entity):
            value = row.get(check.name)
            if value is not None or (check.name in row and not check.nullable):
                try:
                    value = read(check, value)
                except (ValueError, TypeError):
                    faults.append(Fault(field=check.name, found=show(value), allowed=check.allowed))
            values.append(value)
        return values[:-1], values[-1]

    def table(self, rows: Iterable[Mapping[str, Any]]) -> Raw:
        """Rows of typed values (Parquet). Raises Refused as `json` does."""
        return _filled(self._read(rows, Check.from_typed))

    def check_count(self, count: int) -> None:
        """Raises Refused 413 for more rows than one request may have."""
        if count > self.max_rows:
            message = f"{count} rows are found, at most {self.max_rows} are allowed; split the request"
            raise Refused(413, "too_many_rows", message)

    def _typed(self, body: bytes) -> Raw | None:
        """The rows of a body by the typed decoder, or None where that is not enough."""
        if body.count(b"{") > self.max_rows + 1:  # more rows than are allowed, or texts with braces
            return None
        try:
            rows, single = self._decoded(body)
            self.check_count(len(rows))
            values: list[Values] = list(map(self._values, rows))
            if self._undecided:
                values = list(map(self._decided, values))
            entities = [self._identified(self._entity_of(row)) for row in rows]
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        return Raw(values, entities, single)

    def _decoded(self, body: bytes) -> tuple[list[Any], bool]:
        if documents.INSTANCES_FIRST.match(body):
            return self._wrapped(body).instances, False
        if body.lstrip()[:1] == b"{":
            return [self._one(body)], True
        return self._many(body), False

    def _identified(self, entity: Any) -> Entity:
        """A decoded entity, read again as `_decided` does. Raises ValueError."""
        return entity if entity is None or self.entity.decides_by_type else self.entity.from_json(entity)

    def _decided(self, values: Values) -> Sequence[Any]:
        """Decoded values with those read again whose type alone does not decide. Raises ValueError."""
        found = list(values)
        for index, check in self._undecided:
            if found[index] is not None:
                found[index] = check.from_json(found[index])
        return found

    def _read(self, rows: Iterable[Any], read: Callable[[Check, Any], Any], *, single: bool = False) -> Raw:
        """Rows one by one, until there are too many, or too many faults."""
        values: list[Values] = []
        entities: list[Entity] = []
        faults: list[Fault] = []
        for index, row in enumerate(rows):
            if index == self.max_rows:
                message = f"more than {self.max_rows} rows are found, which is the most allowed; split the request"
                raise Refused(413, "too_many_rows", message)
            mine: list[Fault] = []
            found, entity = self.record(row, read, mine)
            faults += mine if single else [at(fault, row=index) for fault in mine]
            if len(faults) >= MAX_FAULTS:
                break
            values.append(found)
            entities.append(entity)
        if faults:
            raise invalid(faults)
        return Raw(values, entities, single)


def _filled(raw: Raw) -> Raw:
    """`raw`, which has rows. Raises Refused 422 if not."""
    if not raw.values:
        raise invalid([Fault(found="no row", allowed="at least one")])
    return raw


def _field(check: Check) -> tuple[str, Any] | tuple[str, Any, Any]:
    return (check.name, check.type(), None) if check.nullable else (check.name, check.type())


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """`attrgetter` that answers a tuple for one name too."""
    if len(names) == 1:
        get = attrgetter(names[0])
        return lambda row: (get(row),)
    return attrgetter(*names)
