"""Validation's work grows with the columns of a contract, and no faster."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow.parquet as pq

from tests.workloads.validation import wide
from tests.workloads.validation.delivered import NOW
from workloads.validation import Status, validate


def _seconds(directory: Path, columns: int) -> float:
    """The processor's, so that a busy neighbour counts as little as it can: caches and memory it takes all the same."""
    contract = wide.contract(columns)
    path = wide.write(directory / f"{columns}.csv", contract, rows=1000)
    began = time.process_time()
    verdict = validate(path, contract, output=directory / "output", now=NOW)
    took = time.process_time() - began
    assert (verdict.status, verdict.accepted, verdict.quarantined) == (Status.ACCEPTED, 990, 10)
    assert verdict.reasons == {"wrong_type": 10}
    return took


def test_ten_times_the_columns_take_at_most_twelve_times_the_time(tmp_path: Path) -> None:
    """Of several pairs measured side by side one is enough: a neighbour disturbs some, the fault (50 times) each."""
    ratios: list[float] = []
    while not ratios or (min(ratios) > 12 and len(ratios) < 4):
        ratios.append(_seconds(tmp_path, 500) / _seconds(tmp_path, 50))
    assert min(ratios) <= 12, ratios


def test_little_memory_changes_nothing_of_the_outcome(tmp_path: Path) -> None:
    contract = wide.contract(50)
    path = wide.write(tmp_path / "rows.csv", contract, rows=5_000)
    free, bound = (
        validate(path, contract, output=tmp_path / str(limit), now=NOW, memory_limit_mb=limit) for limit in (None, 100)
    )
    assert bound == free
    assert (bound.accepted, bound.quarantined) == (4_950, 50)
    for name in ("accepted.parquet", "quarantine.parquet"):
        assert pq.read_table(tmp_path / "100" / name).equals(pq.read_table(tmp_path / "None" / name)), name
