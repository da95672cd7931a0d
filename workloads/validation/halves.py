"""A CSV in two halves, so that two cores can judge it.

A half is read as a file of its own. Whether the cut lies between two rows is not known until the first half has been
read: within a quoted text it leaves a quote open, and the reader refuses that. So a cut is a guess, and a wrong one
costs time and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from workloads.validation.packed import CHUNK_BYTES

#: Bytes of a file from which on two halves take less time than the whole.
LEAST: Final = 16 * 1024 * 1024


def of(path: Path, scratch: Path) -> tuple[Path, Path] | None:
    """Copies of both halves in `scratch`, of a text whose lines end with LF; None of a small one, or where none ends.

    As many quotes stand before a row as have been opened and closed, unless one is a letter: the first line end that
    has an even number before it is taken.
    """
    size = path.stat().st_size
    if size < LEAST:
        return None
    with path.open("rb") as file:
        quotes = sum(piece.count(b'"') for piece in _pieces(file, size // 2))
        end = _row_end(file.read(CHUNK_BYTES), quotes)
        if end is None or size // 2 + end >= size:
            return None
        file.seek(0)
        lengths = (size // 2 + end, size)
        halves = (scratch / "first.csv", scratch / "second.csv")
        for half, length in zip(halves, lengths, strict=True):
            with half.open("wb") as sink:
                sink.writelines(_pieces(file, length))
    return halves


def _row_end(text: bytes, quotes: int) -> int | None:
    """Where in `text`, before which stand `quotes`, a row begins that is no blank line; None where none does."""
    begin = 0
    while (end := text.find(b"\n", begin) + 1) and end < len(text):
        quotes += text.count(b'"', begin, end)
        if quotes % 2 == 0 and text[end] not in b"\r\n":
            return end
        begin = end
    return None


def _pieces(file: BinaryIO, most: int) -> Iterator[bytes]:
    """What is left of a file, `most` bytes at most."""
    while piece := file.read(min(CHUNK_BYTES, most)):
        most -= len(piece)
        yield piece
