"""How many texts a page has that are stored behind their lengths, and how long: known before a reader makes any.

The lengths are numbers in DELTA_BINARY_PACKED, which have a count of their own, and a run of equal ones has no end: a
page of 30 bytes can speak of two billion. Arrow makes all of them, 8 GB, before it looks at how many values the page
has (`DecodeLengths` in cpp/src/parquet/decoder.cc); of DELTA_BYTE_ARRAY twice, by two counts of which neither is held
to the other: how much each text shares with the one before, and how long the rest is. What is shared is stored once:
a page of 8 MB can stand for a thousand texts of 8 MB each, and duckdb makes all of a page at once.

Sources, read 2026-11-30: Apache Parquet format, Encodings.md ("Delta Encoding", "Delta-length byte array", "Delta
Strings"); Apache Arrow, main of 2026-08-21.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

#: Encodings by their numbers (`Encoding` in parquet.thrift). Values of a fixed length can have the second too.
SHARED: Final = 7  # what texts begin with is stored by what it shares with the one before
LENGTHS_FIRST: Final = {6: "DELTA_LENGTH_BYTE_ARRAY", SHARED: "DELTA_BYTE_ARRAY"}
_MOST_IN_BLOCK: Final = 2**32 - 1  # Arrow's type for it
_MOST_LENGTH: Final = 2**31 - 1
_MOST_BITS: Final = 32
_AT_ONCE: Final = 65_536  # numbers that are unpacked at once; a part can have any number of them


def repeated(content: memoryview | bytes, encoding: int, most: int) -> int:
    """Bytes of the texts of a page that it has not: what each shares with the one before it.

    `content` is the values of the page, stored in one of LENGTHS_FIRST. ArrowInvalid where they have lengths of more
    texts than `most`, or lengths that none can have. Of a page without a byte nothing is said: readers refuse it.
    """
    if not len(content):
        return 0
    try:
        lengths = _Lengths(content, 0, most)
        if encoding != SHARED:
            return 0
        size = lengths.sum()
        _Lengths(content, lengths.end, most)
    except IndexError as error:
        raise pa.ArrowInvalid("a page ends within the lengths of its texts") from error
    except ValueError as error:
        raise pa.ArrowInvalid(f"a page's lengths of texts cannot be read, {error}") from error
    return size


class _Lengths:
    """Numbers in DELTA_BINARY_PACKED from `end` in a page on: the header, and none of the numbers until their sum.

    ValueError where they are more than `most`, or the header is none. After `sum`, `end` is where what is behind them
    begins; it may be behind the end of the page.
    """

    __slots__ = ("_content", "_count", "_first", "_in_one", "_parts", "end")

    def __init__(self, content: memoryview | bytes, at: int, most: int) -> None:
        self._content = content
        in_block, at = varint(content, at)
        self._parts, at = varint(content, at)  # of a block, with an own width of numbers each
        self._count, at = varint(content, at)
        self._first, self.end = signed(content, at)
        self._in_one, rest = divmod(in_block, self._parts) if self._parts else (0, 0)
        if rest or not self._in_one or self._in_one % 32 or in_block > _MOST_IN_BLOCK:
            raise ValueError(f"for {in_block} cannot be in a block of {self._parts} parts")
        if self._count > most:
            raise ValueError(f"for they are of {self._count} texts and the page has {most} values")

    def sum(self) -> int:
        """Of all numbers. ValueError where one is no length, IndexError where the page ends before them."""
        if not self._count:
            return 0
        last = total = _length(self._first)
        for least, width, at, count in self._runs():
            if not width:  # each is the one before and `least`: the last is the greatest or the smallest of them
                total += count * last + least * (count * (count + 1) // 2)
                last = _length(last + count * least)
                continue
            for begin in range(0, count, _AT_ONCE):
                few = min(_AT_ONCE, count - begin)
                steps = _unpacked(self._content, at + begin * width // 8, few, width) + least
                numbers = last + np.cumsum(steps)
                _length(int(numbers.min()))
                _length(int(numbers.max()))
                total, last = total + int(numbers.sum()), int(numbers[-1])
        return total

    def _runs(self) -> Iterator[tuple[int, int, int, int]]:
        """What is added to each number of a part, the bits of the rest, where it lies, and how many there are."""
        content, left = self._content, self._count - 1
        while left > 0:
            least, at = signed(content, self.end)
            if abs(least) > _MOST_LENGTH:
                raise ValueError(f"for what is added to each is {least}")
            end = at + self._parts
            for width in content[at : at + min(self._parts, -(-left // self._in_one))]:
                if width > _MOST_BITS:
                    raise ValueError(f"for a number of {width} bits is none")
                few = min(left, self._in_one)
                yield least, width, end, few
                left -= few
                end += self._in_one * width // 8
            self.end = end
            if at >= len(content):
                raise IndexError


def _unpacked(content: memoryview | bytes, at: int, count: int, width: int) -> np.ndarray:
    """`count` numbers of `width` bits, the lowest first. IndexError."""
    stored = np.frombuffer(content[at : at + (count * width + 7) // 8], np.uint8)
    bits = np.unpackbits(stored, bitorder="little")
    if len(bits) < count * width:
        raise IndexError
    return bits[: count * width].reshape(count, width) @ (1 << np.arange(width, dtype=np.int64))


def _length(number: int) -> int:
    if not 0 <= number <= _MOST_LENGTH:
        raise ValueError(f"for {number} is the length of none")
    return number


def signed(content: memoryview | bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """A number in zigzag (0, -1, 1, -2 ...), and where it ends."""
    value, at = varint(content, at)
    return value >> 1 ^ -(value & 1), at


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
