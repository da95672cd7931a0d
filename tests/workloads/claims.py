"""Parquet files that say something else of themselves than they hold, made of good ones with one column.

Sources: Apache Parquet format, `parquet.thrift`; Apache Thrift, "Thrift Compact protocol encoding".
"""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workloads import parquet

MOST = 2**31 - 1
FIRST = 4  # the first page, behind PAR1
_I32, _I64 = b"\x15", b"\x16"  # the head of a field whose id is the next one


def file(name: str, values: pa.Array, *, nullable: bool = True, **options: Any) -> bytes:
    sink, schema = io.BytesIO(), pa.schema([pa.field(name, values.type, nullable=nullable)])
    told: dict[str, Any] = {"store_schema": False, "write_statistics": False, "compression": "none"}
    pq.write_table(pa.table([values], schema=schema), sink, **(told | options))
    return sink.getvalue()


def chunk(content: bytes) -> Any:
    return pq.read_metadata(io.BytesIO(content)).row_group(0).column(0)


def read(content: bytes) -> parquet.Chunk:
    """As `pages.of` takes it."""
    metadata: Any = pq.read_metadata(io.BytesIO(content))
    return parquet.Chunk(metadata.row_group(0).column(0), metadata.schema.column(0).max_definition_level)


def number(value: int, size: int = 0) -> bytes:
    """A number that is not negative; in `size` bytes where that is more than it needs."""
    zigzag, found = value << 1, bytearray()
    while zigzag >= 0x80 or len(found) < size - 1:
        found.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*found, zigzag])


def footer(content: bytes, *, unpacked: int) -> bytes:
    """The footer says of a column that all its pages unpack to `unpacked` bytes."""
    said = chunk(content)
    size = number(said.total_uncompressed_size)
    before = _I64 + size + _I64 + number(said.total_compressed_size)
    at = content.rindex(before)
    changed = content[: at + 1] + number(unpacked, len(size)) + content[at + 1 + len(size) :]
    assert len(changed) == len(content)
    assert chunk(changed).total_uncompressed_size == unpacked
    return changed


def pages(content: bytes, old: bytes, new: bytes) -> bytes:
    """The first `old` before the footer is `new`; the footer says how long they are now."""
    size = int.from_bytes(content[-8:-4], "little")
    before, after = content[: -8 - size], content[-8 - size : -8]
    assert old in before
    length = chunk(content).total_compressed_size
    told = _I64 + number(length)
    assert told in after
    after = after.replace(told, _I64 + number(length + len(new) - len(old)))
    return before.replace(old, new, 1) + after + len(after).to_bytes(4, "little") + b"PAR1"


def header(content: bytes, *, unpacked: int) -> bytes:
    """The header of the first page says that it unpacks to `unpacked` bytes."""
    begin = content[FIRST : FIRST + 2] + _I32  # its type
    end = FIRST + 3
    while content[end] >= 0x80:
        end += 1
    return pages(content, begin + content[FIRST + 3 : end + 1], begin + number(unpacked))
