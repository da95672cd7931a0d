"""What is done by shares and spans, so that memory is bounded, has the outcome of what is done at once."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.workloads.validation.delivered import CHURN, NOW, good_rows, write_csv
from workloads.validation import Verdict, repeated, validate, written

ROWS = 2_000


@pytest.fixture
def delivered(tmp_path: Path) -> Path:
    """Rows with faults, others that come again as they were or with another value, near and far, and one key often."""
    chance = random.Random(9)  # noqa: S311  no secret
    rows = [{**row, "customer_id": f"C{number:05}"} for number, row in enumerate(good_rows(ROWS))]
    for number in chance.sample(range(ROWS), 150):
        rows[number] = dict(rows[chance.randrange(ROWS)])
    for number in chance.sample(range(ROWS), 150):
        rows[number] = {**rows[chance.randrange(ROWS)], "support_tickets": number % 7}
    for number in chance.sample(range(ROWS), 40):
        rows[number] = {**rows[0], "support_tickets": number % 3}
    for number in chance.sample(range(ROWS), 20):
        rows[number] = {**rows[number], "churn_label": 2}
    return write_csv(tmp_path / "delivered.csv", rows)


def judged(path: Path, output: Path) -> Verdict:
    lax = dataclasses.replace(CHURN, ingestion=dataclasses.replace(CHURN.ingestion, max_bad_row_share=0.9))
    return validate(path, lax, output=output, now=NOW, delivered=NOW)


def test_shares_and_spans_change_nothing(delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = judged(delivered, tmp_path / "whole")
    assert min(whole.reasons[code] for code in ("duplicate_row", "conflicting_rows", "not_allowed")) > 10
    monkeypatch.setattr(repeated, "_COUNTED", 170)
    monkeypatch.setattr(repeated, "_COMPARED", 300)
    monkeypatch.setattr(written, "_SPAN_VALUES", 1_000)
    assert judged(delivered, tmp_path / "parts") == whole
    for name in ("accepted.parquet", "quarantine.parquet"):
        parts, at_once = (pq.read_table(tmp_path / place / name) for place in ("parts", "whole"))
        # of several files duckdb does not know that no value is null, which it otherwise writes into the schema
        assert (parts.column_names, parts.columns) == (at_once.column_names, at_once.columns), name
    numbers = parts.column("quarantine_row").to_pylist()
    assert numbers == sorted(set(numbers))
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["accepted.parquet", "quarantine.parquet"]
