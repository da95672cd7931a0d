"""Accepted churn data as validation leaves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.loader import load
from workloads.stored import DELIVERED

CHURN = load(Path("contracts/churn.yaml"))
SCHEMA = pa.schema(
    {
        "customer_id": pa.string(),
        "event_time": pa.timestamp("us", "UTC"),
        "user_tenure_months": pa.int64(),
        "transaction_volume": pa.float64(),
        "support_tickets": pa.int64(),
        "churn_label": pa.int64(),
    }
)
START = datetime(2026, 11, 1, tzinfo=UTC)


def accepted_rows(count: int = 200) -> list[dict[str, Any]]:
    """`count` customers, with nulls here and there."""
    return [
        {
            "customer_id": f"C{index:05d}",
            "event_time": START + timedelta(minutes=37 * index % 20_000),
            "user_tenure_months": None if index % 11 == 0 else index % 130,
            "transaction_volume": None if index % 7 == 0 else 0.1 * index,
            "support_tickets": None if index % 13 == 0 else index % 9,
            "churn_label": int(index % 3 == 0),
        }
        for index in range(count)
    ]


def delivered(path: Path, rows: list[dict[str, Any]], when: datetime) -> Path:
    """Like `write`, with the note of validation that the file came in at `when`."""
    noted = SCHEMA.append(pa.field(DELIVERED, pa.timestamp("us", "UTC")))
    return write(path, [row | {DELIVERED: when} for row in rows], noted)


def write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema = SCHEMA) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path
