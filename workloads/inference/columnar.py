"""Bodies in Parquet, for batches: a table with the contract's columns by name.

Needs pyarrow, which no image of ours brings (it is eight times the size of the rest); without it the answer is 415.
A small file can stand for a great deal, so what the headers of its pages announce is counted before anything is
unpacked; only columns of the contract are, and texts that repeat are counted before they are repeated.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from workloads.inference.errors import MAX_FAULTS, ONCE, TWICE, Fault, Refused, invalid, malformed
from workloads.inference.reader import Reader
from workloads.inference.rows import Raw

PARQUET = b"application/vnd.apache.parquet"
MAX_UNPACKED = 64 * 1024 * 1024  # bytes of the columns that are read
PAGE_BYTES = 1024  # that a page counts at least: a small one is work too, and a body can hold 300,000
BATCH_ROWS = 10_000
FEW_ROWS = 16
MAX_SHOWN = 60  # letters of a type that are told


def read(body: bytes, reader: Reader) -> Raw:
    """The rows of a body. NaN is null.

    Raises Refused: 400 unreadable, 413 too many rows or bytes, 415 no pyarrow, 422 against the contract. And
    MemoryError, where the machine has none left for it.
    """
    try:
        import pyarrow as pa
    except ImportError:
        message = "Parquet needs pyarrow, which is not in this image; use application/json or text/csv"
        raise Refused(415, "unsupported_media_type", message) from None
    try:
        with opened(io.BytesIO(body), reader, MAX_UNPACKED) as file:
            reader.check_count(file.metadata.num_rows)
            return reader.table(rows_of(file, reader, MAX_UNPACKED))
    except MemoryError:  # pyarrow's too: of a body within the bounds it is the machine's fault
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise malformed(f"the body is no Parquet file: {first}") from None


def opened(source: Path | io.BytesIO, reader: Reader, most_bytes: float) -> Any:
    """A pyarrow.parquet.ParquetFile, in which texts that repeat are held once. Raises pyarrow's errors.

    And Refused, where the columns that are read would be unpacked to more than `most_bytes`, or have more values than
    any file may (413), or that cannot be said of their texts (422).
    """
    import pyarrow.parquet as pq

    from workloads import parquet

    schema = pq.read_schema(source)
    wanted = _wanted(schema.names, reader)
    groups = parquet.chunks(source, [f.name for f in schema if f.name in wanted and _is_read(f.type)])
    _check_pages(source, groups, most_bytes)
    delta = {name for group in groups for name, chunk in group.items() if _is_delta(chunk.told)}
    texts = [field.name for field in schema if _is_text(field.type) and field.name in wanted]
    held_once = [name for name in texts if name not in delta]
    return pq.ParquetFile(source, read_dictionary=held_once, page_checksum_verification=True)


def rows_of(file: Any, reader: Reader, most_bytes: float) -> Iterator[dict[str, Any]]:
    """The rows of an open file as mappings of the contract's columns. Raises Refused 413 or 422, and pyarrow's errors.

    `file` is of `opened`; names and types are judged once for all rows, before any is read.
    """
    schema, names = file.schema_arrow, reader.columns.named(file.schema_arrow.names)
    faults = [Fault(field=n, found=TWICE, allowed=ONCE) for n in reader.columns.known if names.count(n) > 1]
    faults += reader.columns.faults(names)
    faults += [
        Fault(field=name, found=f"a column of the type {str(field.type)[:MAX_SHOWN]}", allowed=known.allowed)
        for name, field in zip(names, schema, strict=True)
        if (known := reader.columns.known.get(name)) and not _is_read(field.type)
    ]
    if faults:
        raise invalid(faults[:MAX_FAULTS])
    wanted = _wanted(schema.names, reader)
    chunks = _chunks(file.metadata, wanted)
    size = sum(chunk.total_uncompressed_size for chunk in chunks)
    _check_size(size, most_bytes)
    for batch in file.iter_batches(FEW_ROWS if any(map(_is_delta, chunks)) else BATCH_ROWS, columns=wanted):
        size += sum(map(_repeated_bytes, batch.columns))
        _check_size(size, most_bytes)
        lists = [_values(column) for column in batch.columns]
        found = reader.columns.named(batch.schema.names)
        yield from ({name: row[i] for i, name in enumerate(found)} for row in zip(*lists, strict=True))


def _check_pages(source: Path | io.BytesIO, groups: Sequence[Mapping[str, Any]], most_bytes: float) -> None:
    from workloads import delta, pages, unpacking

    size = values = 0
    for name, chunk in ((name, chunk) for group in groups for name, chunk in group.items()):
        for page in pages.of(source, chunk):
            size, values = size + max(page.size, PAGE_BYTES), values + page.values
            _check_size(size, most_bytes)
            try:
                unpacking.check_values(values, unpacking.MAX_VALUES)
            except unpacking.PackedError as error:
                raise Refused(413, "body_too_large", str(error)) from None
            if most_bytes < math.inf and (encoding := delta.LENGTHS_FIRST.get(page.encoding or 0)):
                allowed = "PLAIN or RLE_DICTIONARY, of which can be said what they unpack to"
                raise invalid([Fault(field=name, found=f"values stored as {encoding}", allowed=allowed)])


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_read(kind: Any) -> bool:
    """Whether values of a type may be those of a column: a list or a struct is none, and can stand for any number."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    few = pa.types.is_null(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind)
    return (
        few
        or _is_text(kind)
        or any(is_kind(kind) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))
    )


def _wanted(names: list[str], reader: Reader) -> list[str]:
    """The names in a file of columns that are read."""
    return [
        name for name, known in zip(names, reader.columns.named(names), strict=True) if known in reader.columns.known
    ]


def _check_size(size: int, most: float) -> None:
    if size > most:
        message = f"columns of {size} bytes are found, at most {most:.0f} are allowed; split the request"
        raise Refused(413, "body_too_large", message)


def _chunks(metadata: Any, wanted: list[str]) -> list[Any]:
    """What the file announces of the wanted columns in each row group; no column that is read has parts of its own.

    Of no other: `opened` has not looked whether that may be looked at.
    """
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    places = [index for index in range(metadata.num_columns) if metadata.schema.column(index).path in wanted]
    return [group.column(index) for group in groups for index in places]


def _is_delta(chunk: Any) -> bool:
    """Whether texts are stored by what they share with the one before, of which pyarrow has no short form."""
    return any("DELTA" in name for name in chunk.encodings) and chunk.physical_type == "BYTE_ARRAY"


def _repeated_bytes(column: Any) -> int:
    """Letters of the texts of all rows of a column, which may have each of them once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_listed = pa.types.is_dictionary(column.type)
    texts = column.dictionary if is_listed else column
    if not _is_text(texts.type):
        return 0
    lengths = pc.call_function("binary_length", [texts])
    return pc.call_function("sum", [lengths.take(column.indices) if is_listed else lengths]).as_py() or 0


def _values(column: Any) -> list[Any]:
    """The values of a column; those of a dictionary once each, however many rows have them."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        each = column.dictionary.to_pylist()
        return [None if index is None else each[index] for index in column.indices.to_pylist()]
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _moments(column)
    return column.to_pylist()


def _moments(column: Any) -> list[Any]:
    """Timestamps and dates to the microsecond, zoned ones in UTC; those of no calendar as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = getattr(column.type, "tz", None)
    exact = pc.CastOptions(pa.timestamp("us", zone), allow_time_truncate=True)
    numbers = pc.cast(column, options=exact).view(pa.int64()).to_pylist()
    return [None if number is None else _moment(number, UTC if zone else None) for number in numbers]


def _moment(microseconds: int, zone: tzinfo | None) -> datetime | str:
    try:
        return datetime(1970, 1, 1, tzinfo=zone) + timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds} microseconds since 1970"
