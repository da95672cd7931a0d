"""What the benchmark of training compares is the same work."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb

from workloads.measuring import ROOT
from workloads.training.benchmark import data
from workloads.training.benchmark.__main__ import ours


def test_both_are_given_the_same_rows_and_the_job_says_what_its_fit_costs(tmp_path: Path) -> None:
    data.write(tmp_path, 4000)
    for part, rows in (("train", 3400), ("validation", 600)):
        table = duckdb.read_parquet(str(tmp_path / f"input/data/{part}/part.parquet"))
        columns = table.project(", ".join((*data.FEATURES, data.LABEL)))
        assert len(columns) == rows
        assert duckdb.read_csv(str(tmp_path / f"{part}.csv")).fetchall() == columns.fetchall()
    cost, found = ours(tmp_path, sys.executable)
    assert (found["rounds"] > 10, 0.4 < found["loss"] < 0.6) == (True, True)
    assert 0 < found["cpu"] < cost.cpu


def test_the_naive_script_has_the_xgboost_of_the_image() -> None:
    wanted = "workloads/training/benchmark/requirements.txt", "workloads/training/requirements.lock"
    pins = [re.findall(r"^xgboost-cpu==([\w.]+)", (ROOT / path).read_text(), re.M) for path in wanted]
    assert (len(pins[0]), pins[0]) == (1, pins[1])
