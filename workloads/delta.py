"""How many texts a page has that are stored behind the lengths of all of them: known before a reader makes any.

The lengths are numbers in DELTA_BINARY_PACKED, which have a count of their own, and a run of equal ones has no end: a
page of 30 bytes can speak of two billion. Arrow makes all of them, 8 GB, before it looks at how many values the page
has (`DecodeLengths` in cpp/src/parquet/decoder.cc); of DELTA_BYTE_ARRAY twice, by two counts of which neither is held
to the other: how much each text shares with the one before, and how long the rest is.

Sources, read 2026-11-30: Apache Parquet format, Encodings.md ("Delta Encoding", "Delta-length byte array", "Delta
Strings"); Apache Arrow, main of 2026-08-21.
"""

from __future__ import annotations

import mmap
from typing import Final

import pyarrow as pa

#: Encodings by their numbers (`Encoding` in parquet.thrift). Values of a fixed length can have the second too.
_SHARED: Final = 7
LENGTHS_FIRST: Final = {6: "DELTA_LENGTH_BYTE_ARRAY", _SHARED: "DELTA_BYTE_ARRAY"}
_MOST_IN_BLOCK: Final = 2**32 - 1  # Arrow's type for it


def check(content: memoryview | bytes, encoding: int, most: int) -> None:
    """ArrowInvalid where the values of a page, stored in one of LENGTHS_FIRST, have lengths of more texts than `most`.

    Of a page without a byte nothing is said: readers refuse it.
    """
    if not len(content):
        return
    try:
        lengths = _Lengths(content, 0, most)
        if encoding == _SHARED:
            _Lengths(content, lengths.end(), most)
    except IndexError as error:
        raise pa.ArrowInvalid("a page ends within the lengths of its texts") from error
    except ValueError as error:
        raise pa.ArrowInvalid(f"a page's lengths of texts cannot be read, {error}") from error


class _Lengths:
    """Numbers in DELTA_BINARY_PACKED from `at` in a page on: the header, and none of the numbers.

    ValueError where they are more than `most`, or the header is none.
    """

    __slots__ = ("_at", "_content", "_count", "_in_one", "_parts")

    def __init__(self, content: memoryview | bytes, at: int, most: int) -> None:
        self._content = content
        in_block, at = varint(content, at)
        self._parts, at = varint(content, at)  # of a block, with an own width of numbers each
        self._count, at = varint(content, at)
        _, self._at = varint(content, at)  # the first number itself
        self._in_one, rest = divmod(in_block, self._parts) if self._parts else (0, 0)
        if rest or not self._in_one or self._in_one % 32 or in_block > _MOST_IN_BLOCK:
            raise ValueError(f"for {in_block} cannot be in a block of {self._parts} parts")
        if self._count > most:
            raise ValueError(f"for they are of {self._count} texts and the page has {most} values")

    def end(self) -> int:
        """Where what is behind them begins; it may be behind the end of the page."""
        content, at, parts, in_one = self._content, self._at, self._parts, self._in_one
        left = -(-(self._count - 1) // in_one)  # parts that have a number: of the last block there may be fewer
        while left > 0:
            while content[at] >= 0x80:  # what the block adds to each
                at += 1
            widths = content[at + 1 : at + 1 + min(left, parts)]  # bits of a number in each part
            at += 1 + parts + in_one * sum(widths) // 8
            left -= parts
        return at


def varint(content: memoryview | bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """A number in groups of seven bits (ULEB128), and where it ends. IndexError, or ValueError beyond 64 bits."""
    value = shift = 0
    while (byte := content[at]) >= 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
    return value | byte << shift, at + 1
