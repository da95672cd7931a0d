"""Whose fault an error of the engine is: the file's, which is a verdict, or the machine's, which is raised again."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workloads.validation.source import unreadable


@pytest.mark.parametrize(
    "text",
    [
        'IO Error: Could not write file "/tmp/x": No space left on device',
        'IO Error: Could not read from file "/tmp/day.csv": Input/output error',
        'IO Error: Cannot open file "/tmp/day.csv": Too many open files',
    ],
)
def test_a_fault_of_the_machine_is_not_blamed_on_the_file(text: str, tmp_path: Path) -> None:
    """Whether it names the file or not."""
    with pytest.raises(duckdb.IOException, match=text.rpartition(": ")[2]):
        unreadable(duckdb.IOException(text), tmp_path / "day.csv")


def test_a_place_beyond_the_end_is_the_files_fault(tmp_path: Path) -> None:
    """The engine finds it of columns that nothing reads before it does, such as lists of a file to propose for."""
    path = tmp_path / "day.parquet"
    pq.write_table(pa.table({"x": [list(range(1000))]}), path, compression="none")
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[:4] + content[footer:])
    with pytest.raises(duckdb.Error) as raised:
        duckdb.read_parquet(str(path)).fetchall()
    (finding,) = unreadable(raised.value, path).findings
    assert finding.text.startswith("Prefetch registered for bytes outside file: day.parquet, attempted range: [4, ")
    assert finding.text.endswith("; repair or deliver the whole file again")


@pytest.mark.parametrize(
    "text",
    [
        'Could not read enough bytes from file "{}": attempted to read 12273 bytes from location 401163',
        'Failed to read Parquet file "{}": root schema element has no children',
    ],
)
def test_so_is_what_a_bit_turned_over_in_a_footer_was_told_as(text: str) -> None:
    error = duckdb.IOException("IO Error: " + text.format("/tmp/day.parquet"))
    (finding,) = unreadable(error, Path("/tmp/day.parquet")).findings
    assert finding.text == f"IO Error: {text.format('day.parquet')}; repair or deliver the whole file again"
