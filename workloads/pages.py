"""What column chunks of a Parquet file unpack to, by the headers of their pages: known before any page is unpacked.

A reader makes room for what the header of a page says, and refuses a page that unpacks to another size; so memory is
bounded by headers. What the footer says of a whole chunk (`total_uncompressed_size`) is a claim that nobody holds to
anything: a body of 6 MB whose footer speaks of 100 bytes can hold pages of gigabytes.

Texts that are stored behind the lengths of all of them have a count of their own, of which a header says nothing: it is
read in the page itself (`workloads.delta`), whose size was told before.

A header is a struct in Thrift's compact protocol. Sources, read 2026-11-30: Apache Parquet format, `parquet.thrift`
(`PageHeader` and the structs in it) and "Data Pages"; Apache Thrift, "Thrift Compact protocol encoding".
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

from workloads import delta
from workloads.parquet import Chunk

#: Readers look so far behind a chunk's end, for writers that left a header out of its size (PARQUET-816).
_PADDING: Final = 100
_MAX_SIZE: Final = 2**31 - 1  # an i32
_MAX_FIELDS: Final = 64  # of a header, which has less than half of it: each costs time
#: Ids of fields of a PageHeader, and of the structs in it, of which each begins with its number of values.
_TYPE, _UNCOMPRESSED, _COMPRESSED = 1, 2, 3
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8
_VALUES: Final = 1
#: What a DataPageHeader says of levels, and a DataPageHeaderV2 of theirs and of the values behind them.
_LEVELS_ENCODING: Final = 3
_DEFINITIONS, _REPETITIONS, _IS_COMPRESSED = 5, 6, 7
_RLE: Final = 3
_PLAIN: Final = "UNCOMPRESSED"
#: Codecs by what a footer calls them. That of Hadoop's LZ4, which is long replaced, has no name.
_CODECS: Final = {"SNAPPY": "snappy", "GZIP": "gzip", "BROTLI": "brotli", "LZ4": "lz4_raw", "ZSTD": "zstd"}
#: Types of pages that are unpacked, with the field that says more of each, and that of the encoding in it (0: it is of
#: no use). Others are passed over.
_READ: Final = {0: (_DATA, 2), 2: (_DICTIONARY, 0), 3: (_DATA_V2, 4)}
#: Types of the compact protocol.
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 12


@dataclass(frozen=True, slots=True)
class Page:
    """What the header of a page says: bytes that it unpacks to, how many values it has, and how they are stored.

    Values of a dictionary are none of the column's: 0, stored as None. A page that readers pass over has 0 bytes too.
    What texts of a page share, which it has once, is told as a page behind it that is stored as None.
    """

    size: int
    values: int
    encoding: int | None


def of(source: Path | io.BytesIO, chunk: Chunk) -> Iterator[Page]:
    """The pages of a column chunk, of which those of `delta.LENGTHS_FIRST` are unpacked when they were told.

    Chunks may lie in the same place, so that a small file can have any number of pages. Raises ArrowInvalid for a
    header that cannot be read or stands for what no page can hold, and for a page with lengths of more texts than it
    has values; pyarrow's errors for one that cannot be unpacked.
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


def _pages(content: memoryview | mmap.mmap, chunk: Chunk) -> Iterator[Page]:
    """As readers go: from the dictionary or the first page on, until all values were seen or the chunk has ended."""
    told = chunk.told
    start = told.data_page_offset
    if told.has_dictionary_page and 0 < told.dictionary_page_offset < start:
        start = told.dictionary_page_offset
    if start < 0:
        raise pa.ArrowInvalid(f"a column is said to begin at {start}")
    end, seen = start + told.total_compressed_size, 0
    header = _Compact(content, start)
    while seen < told.num_values and header.at < min(end + _PADDING, len(content)):
        is_behind = header.at >= end
        try:
            said = header.read()
            size, skipped = _number(said, _UNCOMPRESSED), _number(said, _COMPRESSED)
            kind = _number(said, _TYPE)
            more, encoding = _READ.get(kind, (0, 0))
            values = _number(said.get(more), _VALUES) if more else 0
            page = Page(
                size=size if more else 0,
                values=values if encoding else 0,
                encoding=_number(said[more], encoding) if encoding else None,
            )
        except (IndexError, ValueError) as error:
            if is_behind:  # of no page
                return
            raise pa.ArrowInvalid(f"the header of a page cannot be read: {error}") from error
        at = header.at
        header.at += skipped
        if more == _DICTIONARY and values > size:
            raise pa.ArrowInvalid(f"a dictionary of {size} bytes says that it has {values} values")
        seen += page.values
        yield page
        if page.encoding in delta.LENGTHS_FIRST:  # whoever asked has seen the size of it
            for found in _encoded(content[at : header.at], size, chunk, more, said[more]):
                if shared := delta.repeated(found, page.encoding, min(values, told.num_values)):
                    yield Page(size=shared, values=0, encoding=None)


def _encoded(
    stored: memoryview | bytes, size: int, chunk: Chunk, kind: int, said: dict[int, Any]
) -> Iterator[memoryview | bytes]:
    """The values of a data page that is stored so, without the levels before them: as each reader there is finds them.

    `size` is what it unpacks to, and `said` what its header says, which is of the `kind` _DATA or _DATA_V2.
    """
    codec = chunk.told.compression
    if kind == _DATA:
        content = stored if codec == _PLAIN else _unpack(codec, stored, size)
        yield content[_levels_size(content, chunk.max_level, said) :]
        return
    try:
        levels = _number(said, _DEFINITIONS) + _number(said, _REPETITIONS)
    except ValueError as error:
        raise pa.ArrowInvalid(f"the header of a page cannot be read: {error}") from error
    values, is_compressed = stored[levels:], said.get(_IS_COMPRESSED, True)
    if codec == _PLAIN or not is_compressed:
        yield values
    if codec != _PLAIN and size > levels:
        try:
            unpacked = _unpack(codec, values, size - levels)
        except (pa.ArrowException, OSError) as error:
            if is_compressed or isinstance(error, MemoryError):
                raise
        else:  # Arrow unpacks it in any case, where a file says that a parquet-cpp before 2.0 wrote it
            yield unpacked


def _unpack(codec: str, stored: memoryview | bytes, size: int) -> memoryview:
    if codec not in _CODECS:
        raise pa.ArrowInvalid(f"texts behind their lengths cannot be looked at where they are compressed by {codec}")
    return memoryview(pa.Codec(_CODECS[codec]).decompress(stored, size)).cast("B")


def _levels_size(content: memoryview | bytes, most: int, said: dict[int, Any]) -> int:
    """Bytes of the definition levels, of which `most` is the greatest, before the values of a page of version 1."""
    if not most:
        return 0
    if said.get(_LEVELS_ENCODING) == _RLE:
        return 4 + int.from_bytes(content[:4], "little")
    return (said[_VALUES] * most.bit_length() + 7) // 8


def _number(said: Any, field: int) -> int:
    """A field that no header is without. ValueError."""
    found = said.get(field) if isinstance(said, dict) else None
    if type(found) is not int or not 0 <= found <= _MAX_SIZE:
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
        """The fields of the next struct by id: 32-bit integers, truths and structs; of others None."""
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
        if kind in (_TRUE, _FALSE):  # of which the type is the value
            return kind == _TRUE
        if kind == _BINARY:
            length = self._varint()
            self.at += length
        elif kind in (_BYTE, _DOUBLE):
            self.at += 8 if kind == _DOUBLE else 1
        else:
            raise ValueError(f"a value of the type {kind}")
        return None

    def _byte(self) -> int:
        self.at += 1
        return self._content[self.at - 1]

    def _varint(self) -> int:
        value, self.at = delta.varint(self._content, self.at)
        return value

    def _integer(self) -> int:
        value, self.at = delta.signed(self._content, self.at)
        return value
