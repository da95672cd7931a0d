"""A folder named like a column is no column, in whatever room files are read as a table; damage is told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workloads import parquet

ROWS = pa.table({"y": [0, 1, 0], "x": [1.5, None, 2.5]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "y=7" / "data" / "x=9" / "z=8" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(ROWS, path)
    return path


def test_a_file_has_its_own_columns(file: Path) -> None:
    assert parquet.read(file).equals(ROWS)
    assert parquet.read(file, ["y"]).equals(ROWS.select(["y"]))


def test_so_have_all_files_below_a_directory(file: Path) -> None:
    pq.write_table(ROWS, file.parents[2] / "part-1.parquet")
    assert parquet.read(file.parents[2]).sort_by("y").equals(pa.concat_tables([ROWS, ROWS]).sort_by("y"))
    assert parquet.read(file.parents[4], ["x"]).num_rows == 6


def test_a_column_that_is_a_folders_alone_is_none(file: Path) -> None:
    assert parquet.read(file.parents[2]).column_names == ["y", "x"]
    with pytest.raises(pa.ArrowInvalid, match="No match for FieldRef"):
        parquet.read(file.parents[2], ["z"])


def test_no_room_reads_paths_by_another_way() -> None:
    """By pyarrow's own, or by duckdb's; what lies in memory has no folders, and a benchmark reads its own files."""
    root = Path(parquet.__file__).parents[1]
    rooms = ("automation", "components", "contracts", "local", "settings", "shapes", "workloads")
    texts = {path: path.read_text(encoding="utf-8") for room in rooms for path in (root / room).rglob("*.py")}
    own = {Path(parquet.__file__), root / "workloads/engine.py"}
    assert own <= texts.keys()
    other = re.compile(r"\bread_table\((?!io\.BytesIO)|\bParquetDataset\(|\bread_parquet\(|\bpyarrow\.dataset\b")
    found = {path.relative_to(root) for path, text in texts.items() if other.search(text)} - {
        path.relative_to(root) for path in own
    }
    assert {path for path in found if "benchmark" not in path.parts} == set()


def test_no_damage_of_a_footer_ends_the_process_or_is_another_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.workloads.footers", str(tmp_path / "damaged.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    counts = {name: (int(taken), int(refused)) for name, taken, refused in map(str.split, done.stdout.splitlines())}
    assert counts.keys() == {"validation", "service"}
    assert len({sum(each) for each in counts.values()}) == 1
    assert min(refused for _, refused in counts.values()) > 500
