"""The embedded data set of the local run: churned customers as they might be delivered, faults included.

Deterministic: the same seed and day give the same bytes. The label depends on tenure, tickets and spend with a few per
cent of noise, so a good model reaches the contract's thresholds and a broken one does not.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS: tuple[str, ...] = (
    "customer_id",
    "event_time",
    "user_tenure_months",
    "transaction_volume",
    "support_tickets",
    "churn_label",
)
#: One row in a hundred has a fault, a different one each: validation must find them all and lose no other.
FAULTS: tuple[dict[str, str], ...] = (
    {"user_tenure_months": "-3"},
    {"transaction_volume": "lots"},
    {"customer_id": ""},
    {"event_time": "2199-01-01T00:00:00Z"},
    {"churn_label": "2"},
)


def write_churn(path: Path, *, rows: int = 20_000, day: dt.date, seed: int = 7) -> int:
    """Write `rows` customers as CSV, observed during the 60 days before `day`. Returns how many rows have a fault."""
    random = np.random.default_rng(seed)
    tenure = random.gamma(1.6, 18, rows).astype(int).clip(0, 240)
    volume = random.gamma(2.0, 60.0, rows).round(2)
    tickets = random.poisson(1.8, rows)
    age_days = np.sort(random.uniform(1, 60, rows))[::-1]
    churned = random.random(rows) < _churn_probability(tenure, volume, tickets)
    absent = random.random((rows, 2)) < 0.03
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    faulty = 0
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for i in range(rows):
            row: dict[str, Any] = {
                "customer_id": f"C{i:07}",
                "event_time": (midnight - dt.timedelta(days=float(age_days[i]))).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "user_tenure_months": tenure[i],
                "transaction_volume": "" if absent[i, 0] else volume[i],
                "support_tickets": "" if absent[i, 1] else tickets[i],
                "churn_label": int(churned[i]),
            }
            if i % 100 == 99:
                row |= FAULTS[i // 100 % len(FAULTS)]
                faulty += 1
            writer.writerow(row)
    return faulty


def _churn_probability(tenure: Any, volume: Any, tickets: Any) -> Any:
    """New customers with many tickets leave; spend has a sweet spot that a linear model does not see."""
    score = 2.2 - 0.11 * tenure + 1.5 * (tickets - 1.5) - 0.012 * volume + 1.5 * ((volume > 150) & (tickets > 2))
    return 0.02 + 0.96 / (1 + np.exp(-2.2 * score))
