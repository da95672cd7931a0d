"""What the benchmark compares does the same work, and a difference is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.workloads.etl.accepted import CHURN
from workloads.etl.benchmark import data
from workloads.etl.embedded import run


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data set of ours, and one of the SQL by hand."""
    home = tmp_path_factory.mktemp("sets")
    (home / "in").mkdir()
    data.write(home / "in" / "accepted.parquet", 3000)
    manifest = run(home / "in", CHURN, home / "ours")
    (home / "hand").mkdir()
    program = [sys.executable, "-m", "workloads.etl.benchmark.by_hand"]
    subprocess.run([*program, str(home / "in" / "accepted.parquet"), str(home / "hand"), "0"], check=True)
    assert (home / "hand" / "version").read_text() == manifest["dataset_version"]
    return home / "ours", home / "hand"


def test_sql_by_hand_makes_the_same_data_set(sets: tuple[Path, Path], tmp_path: Path) -> None:
    assert data.difference(*sets, CHURN, tmp_path) <= 1e-12


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("REPLACE (churn_label + (churn_label = 0)::TINYINT AS churn_label)", "rows differ"),
        ("REPLACE (NULL::DOUBLE AS log_volume)", "rows differ"),
    ],
)
def test_a_row_that_differs_is_no_rounding(sets: tuple[Path, Path], tmp_path: Path, change: str, found: str) -> None:
    ours, hand = sets
    for part in ("train", "validation", "test"):
        (tmp_path / part).mkdir()
        rows = duckdb.read_parquet(str(hand / part / "part.parquet"))
        rows.project(f"* {change}").write_parquet(str(tmp_path / part / "part.parquet"))
    with pytest.raises(ValueError, match=found):
        data.difference(ours, tmp_path, CHURN, tmp_path)


def test_a_data_set_that_lacks_rows_differs(sets: tuple[Path, Path], tmp_path: Path) -> None:
    ours, hand = sets
    for part in ("train", "validation", "test"):
        (tmp_path / part).mkdir()
        rows = duckdb.read_parquet(str(hand / part / "part.parquet"))
        rows.limit(10_000, offset=1).write_parquet(str(tmp_path / part / "part.parquet"))
    with pytest.raises(ValueError, match="the data sets have"):
        data.difference(ours, tmp_path, CHURN, tmp_path)
