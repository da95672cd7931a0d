"""What ETL wrote, read back, and rows that differ in something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.workloads.etl.accepted import CHURN
from workloads.features.split import PARTS

OUTPUT_COLUMNS = [
    ("customer_id", pa.string()),
    ("event_time", pa.timestamp("us", "UTC")),
    *((name, pa.float64()) for name in CHURN.feature_names),
    ("churn_label", pa.int8()),
    ("tenure_band", pa.float64()),
    ("user_tenure_months", pa.int64()),
    ("transaction_volume", pa.float64()),
    ("support_tickets", pa.int64()),
]


def rows_of(output: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: pq.read_table(output / name).to_pylist() for name in PARTS}


def contents(output: Path) -> dict[str, bytes]:
    return {str(path.relative_to(output)): path.read_bytes() for path in sorted(output.rglob("*.*"))}


def changed(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return row | changes
