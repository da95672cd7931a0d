"""What the benchmark of training compares is the same work."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb

from workloads.measuring import ROOT, Cost
from workloads.training.benchmark import data
from workloads.training.benchmark.__main__ import ours, shares


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


def test_what_is_around_the_fit_is_judged_by_the_median_round_in_time_and_in_processors() -> None:
    rounds = [
        (Cost(wall=wall, cpu=cpu, memory=1.0), {"wall": 10.0, "cpu": 20.0})
        for wall, cpu in ((13.0, 20.2), (11.0, 22.0), (12.0, 30.0))
    ]
    assert [(goal.text, round(goal.found, 9), goal.reached) for goal in shares(rounds, 1000)] == [
        ("around the fit of 1,000 rows, seconds, x fit", 0.2, False),
        ("around the fit of 1,000 rows, seconds of processors, x fit", 0.1, True),
    ]


def test_the_naive_script_has_the_xgboost_of_the_image() -> None:
    wanted = "workloads/training/benchmark/requirements.txt", "workloads/training/requirements.lock"
    pins = [re.findall(r"^xgboost-cpu==([\w.]+)", (ROOT / path).read_text(), re.M) for path in wanted]
    assert (len(pins[0]), pins[0]) == (1, pins[1])
