"""A Parquet file whose rows are not those of its statistics is damaged; one that has none, or others' ways, is read."""

from __future__ import annotations

import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.workloads.validation import shapes
from tests.workloads.validation.delivered import read_rows
from workloads.validation import Status, chunks
from workloads.validation.verdict import RefusedError

PLAIN: dict[str, Any] = {"compression": "none", "use_dictionary": False}
CONTENT = shapes.parquet(**PLAIN)
#: Every type that validation reads, with nulls, values that only some order, and names that look like paths.
TYPES = pa.table(
    {
        "int8": pa.array([1, -2, None], pa.int8()),
        "uint64": pa.array([2**63 + 5, 1, None], pa.uint64()),
        "double": [1.5, float("nan"), -0.0],
        "NaN": [float("nan")] * 3,
        "infinite": [float("inf"), 0.0, None],
        "float16": pa.array([1.5, 2, None], pa.float16()),
        "boolean": [True, None, False],
        "text": ["b", None, "ä" * 300],
        "large text": pa.array(["", "b", None], pa.large_string()),
        "dictionary": pa.array(["y", "x", None]).dictionary_encode(),
        "bytes": [b"\xff", b"a", None],
        "decimal": [Decimal("1.50"), None, Decimal("-2.00")],
        "nanoseconds": pa.array([1, 2, None], pa.timestamp("ns", "UTC")),
        "seconds": pa.array([1, 2, None], pa.timestamp("s")),
        "date": pa.array([1, -900_000, None], pa.date32()),
        "date64": pa.array([86_400_000, 0, None], pa.date64()),
        "list": [[1], [2, 3], None],
        "nothing": pa.nulls(3),
        "a.b": [1, 2, 3],
    }
)


def replaced(content: bytes, old: float, new: float) -> bytes:
    """The data of a file with one number in place of another, its statistics as they were."""
    found, other = struct.pack("<d", old), struct.pack("<d", new)
    data, footer = content[:-1400], content[-1400:]
    before, cut, after = data.rpartition(found)  # the first ones are statistics of the page
    assert cut
    return before + other + after + footer


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (replaced(CONTENT, 14.5, 999_999.0), "column transaction_volume, row group 1: the greatest value"),
        (replaced(CONTENT, 39.5, 14.5), "column transaction_volume, row group 1: the greatest value"),
        (replaced(CONTENT, 14.5, 0.5), "column transaction_volume, row group 1: the least value"),
        (replaced(CONTENT, 10.5, 14.5), "column transaction_volume, row group 1: the least value"),
        (CONTENT.replace(b"C0004", b"D0004", 1), "column customer_id, row group 1: the greatest value"),
        (CONTENT.replace(b"C0004", b"B0004", 1), "column customer_id, row group 1: the least value"),
    ],
)
def test_a_value_beyond_the_statistics_is_damage(tmp_path: Path, content: bytes, what: str) -> None:
    assert content != CONTENT
    verdict = shapes.judged(content, tmp_path)
    assert verdict.status is Status.REFUSED
    assert [finding.text for finding in verdict.findings] == [
        f"the Parquet file is cut off or damaged ({what} is not the one that the file says); deliver it again"
    ]


def test_a_value_within_the_statistics_is_beyond_what_can_be_known(tmp_path: Path) -> None:
    verdict = shapes.judged(replaced(CONTENT, 14.5, 15.25), tmp_path)
    assert verdict.status is Status.ACCEPTED
    assert read_rows(tmp_path / "output" / "accepted.parquet")[4]["transaction_volume"] == 15.25


@pytest.mark.parametrize(
    "options",
    [
        {},
        PLAIN,
        {"data_page_version": "2.0", "compression": "zstd"},
        {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY", "bytes": "DELTA_LENGTH_BYTE_ARRAY"}},
        {"write_statistics": False},
        {"row_group_size": 1},
        {"store_schema": False},
        {"store_decimal_as_integer": True},
        {"use_deprecated_int96_timestamps": True},
        {"coerce_timestamps": "ms", "allow_truncated_timestamps": True},
    ],
    ids=str,
)
def test_every_type_and_way_of_writing_agrees_with_its_own_statistics(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "types.parquet"
    pq.write_table(TYPES, path, **options)
    chunks.verify(path, TYPES.column_names)


def facts(table: pa.Table) -> tuple[int, int, int | None, int | None]:
    """What statistics say: rows, nulls, least and greatest value."""
    values = [value for value in table.column("x").to_pylist() if value is not None]
    return table.num_rows, table.column("x").null_count, min(values, default=None), max(values, default=None)


def test_of_every_bit_of_a_file_none_turns_over_unseen_what_statistics_say(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"x": pa.array([7, None, 3, 12, None, 5], pa.int32())})
    pq.write_table(table, path, store_schema=False, **PLAIN)
    content = path.read_bytes()
    footer = content.index(b"schema") - 20
    seen, expected = 0, facts(table)
    for place in range(8 * footer):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = facts(pq.read_table(path))
        except (pa.ArrowException, OSError):
            continue
        if found != expected:
            seen += 1
            with pytest.raises(RefusedError, match="cut off or damaged"):
                chunks.verify(path, ["x"])
    assert seen >= 20
