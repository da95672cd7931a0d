"""What the benchmark compares does the same work, and a difference is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.workloads.etl.accepted import CHURN
from workloads.etl.benchmark import data
from workloads.etl.benchmark.__main__ import Cost, Goal, measured, ratio
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


def test_a_program_is_measured_with_its_own_memory_and_processor() -> None:
    cost = measured([sys.executable, "-c", "x = bytearray(200_000_000)"])
    assert cost.memory >= 190
    assert cost.cpu > 0
    with pytest.raises(subprocess.CalledProcessError) as caught:
        measured([sys.executable, "-c", "raise SystemExit('no data')"], {"PATH": os.defpath})
    assert (caught.value.returncode, caught.value.output) == (1, b"no data\n")


def test_a_result_is_the_median_of_the_rounds_ratios() -> None:
    def cost(wall: float) -> Cost:
        return Cost(wall=wall, cpu=0, memory=0)

    costs = {"a": [cost(4), cost(90), cost(9)], "b": [cost(2), cost(1), cost(3)]}
    assert ratio(costs, "a", "b", "wall") == 3
    assert str(Goal(text="x", found=3, bound=3, at_least=True)) == "reached  x: 3 (at least 3)"
    assert str(Goal(text="x", found=3.5, bound=3, at_least=False)) == "MISSED   x: 3.5 (at most 3)"
