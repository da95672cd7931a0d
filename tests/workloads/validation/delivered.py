"""A valid churn delivery, which each test breaks in one place, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.loader import load
from workloads.engine import connect
from workloads.validation import Verdict, validate

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHURN = load(Path("contracts/churn.yaml"))
HEADER = tuple(column.name for column in CHURN.columns)
EARLIEST = "2025-10-17T12:00:00Z"  # NOW - 400 days
LATEST = "2026-11-21T12:05:00Z"  # NOW + 5 minutes

Row = dict[str, Any]


def good_row(index: int = 0, **changes: Any) -> Row:
    row = {
        "customer_id": f"C{index:04d}",
        "event_time": f"2026-11-{1 + index % 20:02d}T08:00:00Z",
        "user_tenure_months": index % 60,
        "transaction_volume": 10.5 + index,
        "support_tickets": index % 4,
        "churn_label": int(index % 3 == 0),
    }
    return row | changes


def good_rows(count: int = 60) -> list[Row]:
    return [good_row(index) for index in range(count)]


def write_csv(path: Path, rows: list[Row], header: tuple[str, ...] = HEADER, delimiter: str = ",") -> Path:
    lines = [header, *(["" if row[name] is None else str(row[name]) for name in header] for row in rows)]
    path.write_text("".join(delimiter.join(line) + "\n" for line in lines), encoding="utf-8")
    return path


def read_rows(path: Path) -> list[Row]:
    """The rows of a Parquet file; zoned timestamps as text in UTC. Empty where there is no file."""
    if not path.exists():
        return []
    relation = connect(path.parent).read_parquet(str(path))
    columns = [  # duckdb needs pytz to hand out zoned timestamps; as text they need nothing
        f'strftime("{name}", \'%Y-%m-%dT%H:%M:%SZ\') AS "{name}"' if "TIME ZONE" in str(kind) else f'"{name}"'
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.project(", ".join(columns)).fetchall()]


class Judged:
    """A verdict with the rows of both files."""

    def __init__(self, path: Path, **options: Any) -> None:
        output = path.parent / "output"
        defaults: dict[str, Any] = {"contract": CHURN, "output": output, "now": NOW}
        self.verdict: Verdict = validate(path, **(defaults | options))
        self.accepted = read_rows(output / "accepted.parquet")
        self.quarantined = read_rows(output / "quarantine.parquet")


def judge(directory: Path, rows: list[Row], **options: Any) -> Judged:
    """Judge `rows`, delivered as CSV."""
    return Judged(write_csv(directory / "delivered.csv", rows), **options)
