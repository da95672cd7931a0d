"""A CSV of a gigabyte is judged within 300 MB of memory (`full`: minutes)."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.loader import load
from contracts.schema import to_json
from workloads.etl.benchmark import data
from workloads.measuring import ROOT, apart, measured

ROWS = 19_000_000
FAULTY = ROWS // 1_000  # with each of three faults
REPEATED = 1_000  # the first rows once more, of which three have a fault


@pytest.mark.full
def test_a_csv_of_a_gigabyte_takes_300_megabytes(tmp_path: Path) -> None:
    source, contract = tmp_path / "delivered.csv", tmp_path / "contract.json"
    apart(data.write, source, ROWS)
    with source.open("rb") as file:
        file.readline()
        rows = [file.readline() for _ in range(REPEATED)]
    with source.open("ab") as file:
        file.writelines(rows)
    assert source.stat().st_size > 1_000_000_000
    churn = load(ROOT / "contracts/churn.yaml")  # the last events lie a year ahead of the benchmark's clock
    contract.write_text(to_json(replace(churn, ingestion=replace(churn.ingestion, max_future_minutes=1_000_000))))
    program = [sys.executable, str(ROOT / "workloads/etl/benchmark/our_validation.py")]
    cost = apart(measured, [*program, str(source), str(tmp_path / "output"), str(contract)])
    assert cost.memory <= 300, cost
    verdict = ast.literal_eval((tmp_path / "output" / "verdict").read_text())
    assert (verdict["rows_in"], verdict["accepted"]) == (ROWS + REPEATED, ROWS - 3 * FAULTY)
    assert verdict["reasons"] == {
        "below_minimum": FAULTY + 1,
        "not_allowed": FAULTY + 1,
        "wrong_type": FAULTY + 1,
        "duplicate_row": REPEATED - 3,
    }
