"""What column chunks of a Parquet file unpack to, by the headers of their pages: known before any page is unpacked.

A reader makes room for what the header of a page says, and refuses a page that unpacks to another size; so memory is
bounded by headers. What the footer says of a whole chunk (`total_uncompressed_size`) is a claim that nobody holds to
anything: a body of 6 MB whose footer speaks of 100 bytes can hold pages of gigabytes.

A header is a struct in Thrift's compact protocol. Sources, read 2026-11-30: Apache Parquet format, `parquet.thrift`
(`PageHeader` and the structs in it); Apache Thrift, "Thrift Compact protocol encoding".
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

#: Readers look so far behind a chunk's end, for writers that left a header out of its size (PARQUET-816).
_PADDING: Final = 100
_MAX_SIZE: Final = 2**31 - 1  # an i32
_MAX_FIELDS: Final = 64  # of a header, which has less than half of it: each costs time
#: Ids of fields of a PageHeader, and of the structs in it, of which each begins with its number of values.
_TYPE, _UNCOMPRESSED, _COMPRESSED = 1, 2, 3
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8
_VALUES: Final = 1
#: Encodings of texts that begin with the lengths of all, in which a run of equal ones has no end: a page of 30 bytes
#: can stand for two billion, of which Arrow (26.0.1) makes 8 GB before it looks at how many values the page has.
LENGTHS_FIRST: Final = {6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY"}
#: Types of pages that are unpacked, with the field that says more of each, and that of the encoding in it (0: it is of
#: no use). Others are passed over.
_READ: Final = {0: (_DATA, 2), 2: (_DICTIONARY, 0), 3: (_DATA_V2, 4)}
#: Types of the compact protocol.
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 12


@dataclass(frozen=True, slots=True)
class Page:
    """What the header of a page says: bytes that it unpacks to, and how its values are stored (a dictionary's: None).

    A page that readers pass over has 0 bytes.
    """

    size: int
    encoding: int | None


def of(source: Path | io.BytesIO, chunk: Any) -> Iterator[Page]:
    """The pages of a column chunk (pyarrow's ColumnChunkMetaData), of which none is unpacked.

    Chunks may lie in the same place, so that a small file can have any number of pages. Raises ArrowInvalid for a
    header that cannot be read or stands for what no page can hold.
    """
    with _content(source) as content:
        yield from _pages(content, chunk)


@contextmanager
def _content(source: Path | io.BytesIO) -> Generator[memoryview | mmap.mmap]:
    if isinstance(source, io.BytesIO):
        with source.getbuffer() as view:
            yield view
        return
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


def _pages(content: memoryview | mmap.mmap, chunk: Any) -> Iterator[Page]:
    """As readers go: from the dictionary or the first page on, until all values were seen or the chunk has ended."""
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    if start < 0:
        raise pa.ArrowInvalid(f"a column is said to begin at {start}")
    end, seen = start + chunk.total_compressed_size, 0
    header = _Compact(content, start)
    while seen < chunk.num_values and header.at < min(end + _PADDING, len(content)):
        is_behind = header.at >= end
        try:
            said = header.read()
            size, skipped = _number(said, _UNCOMPRESSED), _number(said, _COMPRESSED)
            kind = _number(said, _TYPE)
            more, encoding = _READ.get(kind, (0, 0))
            values = _number(said.get(more), _VALUES) if more else 0
            page = Page(size if more else 0, _number(said[more], encoding) if encoding else None)
        except (IndexError, ValueError) as error:
            if is_behind:  # of no page
                return
            raise pa.ArrowInvalid(f"the header of a page cannot be read: {error}") from error
        header.at += skipped
        if more == _DICTIONARY and values > size:
            raise pa.ArrowInvalid(f"a dictionary of {size} bytes says that it has {values} values")
        seen += 0 if more == _DICTIONARY else values
        yield page


def _number(said: Any, field: int) -> int:
    """A field that no header is without. ValueError."""
    found = said.get(field) if isinstance(said, dict) else None
    if not isinstance(found, int) or not 0 <= found <= _MAX_SIZE:
        raise ValueError(f"field {field} is {found!r}")
    return found


class _Compact:
    """Structs in Thrift's compact protocol, from `at` in a buffer on. IndexError at its end, ValueError for others.

    Without lists and maps, which no header of a page has.
    """

    __slots__ = ("_content", "_fields", "at")

    def __init__(self, content: memoryview | mmap.mmap, at: int) -> None:
        self._content, self.at, self._fields = content, at, 0

    def read(self) -> dict[int, Any]:
        """The fields of the next struct by id: 32-bit integers and structs; of others None."""
        self._fields = 0
        return self._struct()

    def _struct(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        field = 0
        while kind := (head := self._byte()) & 0x0F:
            self._fields += 1
            if self._fields > _MAX_FIELDS:
                raise ValueError(f"more than {_MAX_FIELDS} fields")
            field = field + (head >> 4) if head >> 4 else self._integer()
            if field in found:  # readers differ in which of the two counts
                raise ValueError(f"field {field} stands there twice")
            found[field] = self._value(kind)
        return found

    def _value(self, kind: int) -> Any:
        if kind in (_I16, _I32, _I64):
            number = self._integer()
            return number if kind == _I32 else None
        if kind == _STRUCT:
            return self._struct()
        if kind == _BINARY:
            length = self._varint()
            self.at += length
        elif kind in (_BYTE, _DOUBLE):
            self.at += 8 if kind == _DOUBLE else 1
        elif kind not in (_TRUE, _FALSE):  # of which the type is the value
            raise ValueError(f"a value of the type {kind}")
        return None

    def _byte(self) -> int:
        self.at += 1
        return self._content[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) >= 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")
        return value | byte << shift

    def _integer(self) -> int:
        """Zigzag: 0, -1, 1, -2 ..."""
        value = self._varint()
        return value >> 1 ^ -(value & 1)
