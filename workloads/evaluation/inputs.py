"""The contract's inputs as numbers, for a model that is asked with columns and makes its own features of them.

So the model tests move values and exchange rows as they do with features: a text is a position among those of the test
rows, a time its microseconds since 1970, a missing value NaN. float64 holds all of it.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contracts import texts
from contracts.schema import Column, ColumnType, Contract

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: The integers that a column may hold. float64 has the last one as 2**63, which is none of them.
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """`texts` are those of the columns of texts, by name; `usual` has for each input a value that its rows have."""

    columns: tuple[Column, ...]
    texts: Mapping[str, tuple[str, ...]]
    usual: NDArray[np.float64]

    @classmethod
    def of(cls, contract: Contract, rows: pa.Table) -> Inputs:
        """Those of a contract, as `rows` have them."""
        texts = {
            column.name: tuple(sorted(rows.column(column.name).unique().drop_null().to_pylist()))
            for column in contract.inputs
            if column.type is ColumnType.STRING
        }
        made = cls(columns=contract.inputs, texts=texts, usual=np.zeros(len(contract.inputs)))
        for position, values in enumerate(made.matrix(rows).T):
            known = values[~np.isnan(values)]
            made.usual[position] = known[0] if known.size else 0.0
        return made

    def matrix(self, rows: pa.Table) -> NDArray[np.float64]:
        """(n, inputs) of rows that hold them."""
        if not self.columns:
            return np.empty((rows.num_rows, 0))
        return np.column_stack([self._numbers(column, rows.column(column.name)) for column in self.columns])

    def _numbers(self, column: Column, values: Any) -> NDArray[np.float64]:
        if column.type is ColumnType.STRING:
            known = pa.array(self.texts[column.name], pa.string())
            values = pc.index_in(values, value_set=known)  # pyright: ignore[reportAttributeAccessIssue]
        elif column.type is ColumnType.TIMESTAMP:
            values = values.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        elif column.type is ColumnType.BOOLEAN:
            values = values.cast(pa.int8())
        return values.cast(pa.float64()).to_numpy(zero_copy_only=False)

    def rows(self, matrix: NDArray[np.float64]) -> list[dict[str, Any]]:
        """What a request says of the rows of a matrix: values as JSON has them, all of which the contract allows.

        A column that may not be missing has its usual value there, an integer is rounded, and no number leaves its
        range or 64 bits.
        """
        cells = [self._values(column, matrix[:, position], position) for position, column in enumerate(self.columns)]
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]

    def _values(self, column: Column, numbers: NDArray[np.float64], position: int) -> list[Any]:
        filled = numbers if column.nullable else np.where(np.isnan(numbers), self.usual[position], numbers)
        if column.type in (ColumnType.INTEGER, ColumnType.NUMBER):
            filled = np.clip(filled, column.minimum, column.maximum)
        return [None if np.isnan(number) else self._value(column, float(number)) for number in filled]

    def _value(self, column: Column, number: float) -> Any:
        match column.type:
            case ColumnType.STRING:
                return self.texts[column.name][int(number)]
            case ColumnType.INTEGER:
                return min(max(round(number), _LEAST), _MOST)
            case ColumnType.BOOLEAN:
                return bool(number)
            case ColumnType.TIMESTAMP:
                return (_EPOCH + timedelta(microseconds=number)).isoformat()
            case ColumnType.NUMBER:
                return number


def lines(rows: list[dict[str, Any]], contract: Contract) -> bytes:
    """A body of rows as CSV, in the contract's order and without a header, as delivered files have them.

    Of a contract whose files are in another encoding it says that it is UTF-8.
    """
    text, columns = io.StringIO(), contract.inputs
    cells = [[texts.delivered(column, row[column.name]) for column in columns] for row in rows]
    csv.writer(text, lineterminator="\n").writerows(cells)
    return (codecs.BOM_UTF8 if contract.encoding else b"") + text.getvalue().encode()
