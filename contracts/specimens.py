"""Values and rows that are made up from what a contract allows: nobody's data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from contracts.schema import Column, ColumnType, Contract

_ENTITY: Final[Mapping[ColumnType, Any]] = {ColumnType.INTEGER: 1, ColumnType.NUMBER: 1.0}
#: Of a type without ends.
ANY: Final[Mapping[ColumnType, Any]] = {
    ColumnType.STRING: "smoke",
    ColumnType.BOOLEAN: True,
    ColumnType.TIMESTAMP: "2026-01-01T00:00:00Z",
}


def rows(contract: Contract) -> list[dict[str, Any]]:
    """Two rows of a request, at the lower and at the upper end of what each input may be."""
    entity = contract.column(contract.entity)
    known = {contract.entity: _ENTITY.get(entity.type, ANY[ColumnType.STRING])}
    return [known | {column.name: ends(column)[end] for column in contract.inputs} for end in (0, 1)]


def ends(column: Column) -> tuple[Any, Any]:
    """Values that the column allows: the first and the last one, the least and the greatest.

    A number without a bound has 0 or 1 at that end, or the other end where that is beyond it.
    """
    if column.allowed:
        return column.allowed[0], column.allowed[-1]
    if column.type not in (ColumnType.INTEGER, ColumnType.NUMBER):
        return ANY[column.type], ANY[column.type]
    low, high = column.minimum, column.maximum
    least, most = (low if low is not None else min(0, high or 0)), (high if high is not None else max(1, low or 1))
    return (math.ceil(least), math.floor(most)) if column.type is ColumnType.INTEGER else (float(least), float(most))
