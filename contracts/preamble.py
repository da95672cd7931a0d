"""What may stand in a CSV before its header: blank lines, Excel's `sep=;`, and comments, which begin with #."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from contracts.texts import BLANKS

DELIMITERS: Final = ",;\t|"
_SEPARATOR = re.compile(r"sep=.?", re.IGNORECASE)


def stands_before(line: str, names: Collection[str]) -> bool:
    """Whether a line at the beginning of a file is not yet its header; `names` are those that a header may have.

    A line that begins with # and has one of them for a cell is a header, of which the first name begins so.
    """
    text = line.strip(BLANKS)
    if not text or _SEPARATOR.fullmatch(text):
        return True
    return _begins_as_comment(text) and not any(
        cell.strip(f'{BLANKS}"') in names for delimiter in DELIMITERS for cell in text.split(delimiter)
    )


def length(lines: Sequence[str], names: Collection[str] | None) -> int:
    """How many of the first lines of a file stand before its header.

    Where no names are known, a line that begins with # is a header if the next that does not has as many cells.
    """
    following = next((line for line in lines if not stands_before(line, ())), "")
    for index, line in enumerate(lines):
        is_before = stands_before(line, names or ())
        if is_before and names is None and _begins_as_comment(line):
            is_before = not any(_filled(line, each) == _filled(following, each) > 1 for each in DELIMITERS)
        if not is_before:
            return index
    return len(lines)


def _filled(line: str, delimiter: str) -> int:
    """Cells of a line that are not empty: spreadsheets fill a line up with delimiters."""
    return sum(1 for cell in line.split(delimiter) if cell.strip(f'{BLANKS}"'))


def _begins_as_comment(line: str) -> bool:
    return line.lstrip(f'{BLANKS}"').startswith("#")
