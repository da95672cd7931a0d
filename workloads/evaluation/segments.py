"""Groups of test rows that are reported one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]
#: Groups of a segment that are reported, those with the most rows; people read no longer table.
MOST_GROUPS: Final = 100
#: Groups beyond those whose values are told.
MOST_NAMED: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The groups of a segment: their `values` in order, and the number of its group for each row (n,).

    A group without a value (None) is where the segment is missing or no number: the last.
    """

    values: tuple[Any, ...]
    numbers: Array

    @property
    def sizes(self) -> Array:
        """The rows of each group (groups,)."""
        return np.bincount(self.numbers, minlength=len(self.values))

    def reported(self) -> Iterator[tuple[Any, Array]]:
        """The values of at most `MOST_GROUPS` groups in order, with the positions of their rows, rising.

        One sorted list of all rows is kept, of which these are parts: as much memory for any number of groups.
        """
        rows = np.argsort(self.numbers, kind="stable")
        ends = np.append(0, np.cumsum(self.sizes))
        for number in np.flatnonzero(self._is_reported()):
            yield self.values[number], rows[ends[number] : ends[number + 1]]

    def left_out(self) -> dict[str, Any] | None:
        """How many groups and rows are not reported, and the values of those groups; None where all are."""
        others = np.flatnonzero(~self._is_reported())
        if not others.size:
            return None
        return {
            "groups": others.size,
            "rows": int(self.sizes[others].sum()),
            "values": [self.values[number] for number in others[:MOST_NAMED]],
        }

    def _is_reported(self) -> Array:
        """Of groups with as many rows the first ones come first."""
        reported = np.zeros(len(self.values), dtype=np.bool_)
        reported[np.argsort(-self.sizes, kind="stable")[:MOST_GROUPS]] = True
        return reported


def of(segments: pa.ChunkedArray | Sequence[Any]) -> Groups:
    """The groups of rows by their segment (n,): numbers or texts, None or NaN where missing."""
    column: Any = segments if isinstance(segments, pa.ChunkedArray) else pa.chunked_array([pa.array(segments)])
    encoded = column.combine_chunks().dictionary_encode()
    found = [None if value != value else value for value in encoded.dictionary.to_pylist()]  # NaN is unlike itself
    values = sorted({value for value in found if value is not None})  # a set, for 0.0 and -0.0 are one value
    number = {value: position for position, value in enumerate(values)}
    missing = len(values)
    of_code = np.array([*(number.get(value, missing) for value in found), missing])
    numbers = of_code[encoded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)]
    return Groups(values=(*values, None) if (numbers == missing).any() else tuple(values), numbers=numbers)
