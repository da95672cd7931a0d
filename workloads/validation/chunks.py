"""The column chunks of a Parquet file held against what the file says of them: checksums of pages, statistics, counts.

Most writers make no page checksums, but nearly all write statistics (Apache Parquet format, `Statistics`): how many
nulls a chunk has, its least and its greatest value. duckdb reads by them and looks at neither again, so that a file
whose rows and statistics differ is one in which something is not what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workloads import delta, pages, parquet
from workloads.validation.integrity import parquet_damage
from workloads.validation.packed import MAX_PAGE_BYTES, check_page, check_unpacked, check_values, damaged

_BATCH_ROWS = 65_536
_FEW_ROWS = 1_024  # where texts of a dictionary are not held once, since other pages of their column have none
_BYTES = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
_COUNTS = {pa.types.is_timestamp: pa.int64(), pa.types.is_date32: pa.int32()}
_ORDERED = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def verify(path: Path, columns: Sequence[str]) -> None:
    """Read `columns` of a Parquet file once and compare them with its checksums and statistics, where it has some.

    Lists and other values that no column of a contract is read from are left out: their type is refused, and a small
    file can stand for millions of them. RefusedError when one differs, when a page cannot be read, and when they are
    more than a file may hold: a text that repeats, or a run of nulls, is stored once, so that a small file can stand
    for a great deal.
    """
    try:
        whole = pq.read_metadata(path)
        schema = whole.schema.to_arrow_schema()
        columns = [name for name in columns if not _is_refused(schema.field(name).type)]
        groups = parquet.chunks(path, columns)
        longest = _longest(path, groups)
        with_lengths = {
            name
            for group in groups
            for name, chunk in group.items()
            if any("DELTA" in each for each in chunk.told.encodings)
        }
        texts = {name for name in columns if any(is_kind(schema.field(name).type) for is_kind in _TEXTS)}
        held_once = sorted(texts - with_lengths)
        most = _FEW_ROWS if texts & with_lengths else _BATCH_ROWS
        rows, size = max(1, min(most, MAX_PAGE_BYTES // longest)), 0
        with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=held_once) as file:
            for index, group in enumerate(groups):
                size += _verify_group(file, index, group, rows, size)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise parquet_damage(error) from error


def _longest(path: Path, groups: Sequence[Mapping[str, parquet.Chunk]]) -> int:
    """Bytes that no text is longer than which is stored by what it shares with the one before; 1 if there is none.

    pyarrow repeats what they share in each, of as many rows as it is asked for. RefusedError where pages are more than
    a file may hold, before any is unpacked.
    """
    unpacked, values, longest = 0, 0, 1
    for page in (page for group in groups for chunk in group.values() for page in pages.of(path, chunk)):
        unpacked, values = unpacked + page.size, values + page.values
        check_page(page.size)
        check_unpacked(unpacked)
        check_values(values)
        if page.encoding == delta.SHARED:
            longest = max(longest, page.size)
    return longest


def _is_refused(kind: pa.DataType) -> bool:
    """Whether a column of the type is refused without a look at its values."""
    return pa.types.is_nested(kind) or pa.types.is_fixed_size_binary(kind)


def _verify_group(
    file: pq.ParquetFile, index: int, chunks: Mapping[str, parquet.Chunk], at_once: int, size: int
) -> int:
    """Verify one row group, before which texts of `size` bytes were read; returns how many it has."""
    group = file.metadata.row_group(index)
    before, rows, seen = size, 0, {name: _Seen() for name in chunks}
    for batch in file.iter_batches(at_once, row_groups=[index], columns=list(chunks), use_threads=False):
        rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            seen[name].add(column)
            size += _text_bytes(column)
        check_unpacked(size)
    if rows != group.num_rows:
        raise damaged("Parquet", f"row group {index + 1} has {rows} rows and says that it has {group.num_rows}")
    for name, chunk in chunks.items():
        if what := seen[name].contradicted(chunk.told):
            where = f"column {name}, row group {index + 1}"
            raise damaged("Parquet", f"{where}: {what} is not the one that the file says")
    return size - before


def _text_bytes(column: pa.Array) -> int:
    """Bytes of the texts of all rows of a column, which may have each of them once."""
    is_listed = pa.types.is_dictionary(column.type)
    texts = column.dictionary if is_listed else column
    if not any(is_kind(texts.type) for is_kind in _TEXTS):
        return 0
    lengths = pc.call_function("binary_length", [texts])
    return (lengths.take(column.indices) if is_listed else lengths).sum().as_py() or 0


class _Seen:
    """What was read of one column in one row group: nulls, least and greatest value (None: there is none)."""

    def __init__(self) -> None:
        self.nulls = 0
        self.low: Any = None
        self.high: Any = None

    def add(self, column: pa.Array) -> None:
        """Some rows more."""
        self.nulls += column.null_count
        values = _comparable(column)
        if values is None:
            return
        ends = pc.call_function("min_max", [values])
        low, high = ends["min"].as_py(), ends["max"].as_py()
        if low is None or low != low:  # nothing but nulls and NaN
            return
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def contradicted(self, chunk: Any) -> str | None:
        """What the statistics of the chunk say otherwise; None if nothing."""
        said = chunk.statistics
        if said is None:
            return None
        if said.has_null_count and said.null_count != self.nulls:
            return "the number of nulls"
        if not said.has_min_max or self.low is None:
            return None
        raw = isinstance(self.low, bytes) or said.logical_type.type in ("TIMESTAMP", "DATE")
        low, high = (said.min_raw, said.max_raw) if raw else (said.min, said.max)
        if low != low or high != high:  # NaN, which old writers let in
            return None
        if self.low < low or (self.low != low and chunk.physical_type not in _BYTES):  # long texts are cut off there
            return "the least value"
        if self.high > high or (self.high != high and chunk.physical_type not in _BYTES):
            return "the greatest value"
        return None


def _comparable(column: pa.Array) -> pa.Array | None:
    """The values of a column in the form that statistics have; None where their order is not compared."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary.take(column.indices.unique())
    for is_kind, counted in _COUNTS.items():
        if is_kind(column.type):
            return column.view(counted)
    if any(is_kind(column.type) for is_kind in _TEXTS):
        return column.cast(pa.large_binary())
    is_ordered = any(is_kind(column.type) for is_kind in _ORDERED) and not pa.types.is_float16(column.type)
    return column if is_ordered else None
