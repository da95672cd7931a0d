"""Validation's work grows with the columns of a contract, and no faster."""

from __future__ import annotations

import time
from pathlib import Path

from tests.workloads.validation import wide
from tests.workloads.validation.delivered import NOW
from workloads.validation import Status, validate


def _seconds(directory: Path, columns: int) -> float:
    """The processor's, so that a busy neighbour does not count; the lesser of two runs."""
    contract = wide.contract(columns)
    path = wide.write(directory / f"{columns}.csv", contract, rows=1000)
    took: list[float] = []
    for _ in range(2):
        began = time.process_time()
        verdict = validate(path, contract, output=directory / "output", now=NOW)
        took.append(time.process_time() - began)
        assert (verdict.status, verdict.accepted, verdict.quarantined) == (Status.ACCEPTED, 990, 10)
        assert verdict.reasons == {"wrong_type": 10}
    return min(took)


def test_ten_times_the_columns_take_at_most_twelve_times_the_time(tmp_path: Path) -> None:
    assert _seconds(tmp_path, 500) <= 12 * _seconds(tmp_path, 50)
