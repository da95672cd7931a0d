"""Records of CSV by the csv module, with one limit everywhere: what validation takes is read by all that comes after.

The module's own limit of a field is 131,072 letters; validation's engine takes lines of two million bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _csv import Reader

#: Bytes of a line in the engine of validation, its own default, on which the size of its buffers depends; and letters
#: of a field, and of a line, wherever Python reads.
MAX_LINE: Final = 2_000_000


def records(lines: Iterable[str], delimiter: str = ",", *, strict: bool = False) -> Reader:
    """`csv.reader` over `lines`. Its iteration raises csv.Error, for a field of more than MAX_LINE letters too."""
    csv.field_size_limit(MAX_LINE)  # one of the process; nothing else in it sets another
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def of_text(text: str, delimiter: str = ",", *, strict: bool = False) -> Reader:
    """`records` of a whole text: lines end with LF, CR or both, and no other letter (such as U+2028) ends one."""
    return records(io.StringIO(text, newline=""), delimiter, strict=strict)
