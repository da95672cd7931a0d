"""The validation of churn as one would write it with pandas: the same checks and outputs. Arguments: CSV, output."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd

NUMBERS = {"user_tenure_months": (0, 600), "transaction_volume": (0, 1_000_000), "support_tickets": (0, 1000)}
NOW = pd.Timestamp("2026-11-29", tz="UTC")


def main(source: Path, output: Path) -> None:
    """Read all as texts, convert, collect the reasons of each row, write both files."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    texts = pd.read_csv(source, dtype=str)
    rows, reasons = pd.DataFrame(), pd.Series([""] * len(texts), index=texts.index)
    rows["customer_id"] = texts["customer_id"].str.strip()
    reasons[rows["customer_id"].isna()] += "customer_id null;"
    rows["event_time"] = pd.to_datetime(texts["event_time"], utc=True, format="ISO8601", errors="coerce")
    reasons[rows["event_time"].isna()] += "event_time bad_timestamp;"
    reasons[rows["event_time"] > NOW + pd.Timedelta(minutes=5)] += "event_time future_event;"
    reasons[rows["event_time"] < NOW - pd.Timedelta(days=400)] += "event_time late_event;"
    for name, (low, high) in NUMBERS.items():
        rows[name] = pd.to_numeric(texts[name], errors="coerce")
        reasons[rows[name].isna() & texts[name].notna()] += f"{name} wrong_type;"
        if name != "transaction_volume":
            reasons[rows[name] % 1 > 0] += f"{name} wrong_type;"
        reasons[rows[name] < low] += f"{name} below_minimum;"
        reasons[rows[name] > high] += f"{name} above_maximum;"
    rows["churn_label"] = pd.to_numeric(texts["churn_label"], errors="coerce")
    reasons[rows["churn_label"].isna()] += "churn_label null;"
    reasons[~rows["churn_label"].isin([0, 1])] += "churn_label not_allowed;"
    keys = ["customer_id", "event_time"]
    conflicting = rows.duplicated(keys, keep=False) & ~rows.duplicated(keep=False)
    reasons[conflicting & (reasons == "")] += "conflicting_rows;"
    reasons[rows.duplicated() & (reasons == "")] += "duplicate_row;"
    bad = reasons != ""
    quarantined = texts[bad].assign(quarantine_row=texts.index[bad] + 1, quarantine_reason=reasons[bad])
    quarantined.to_parquet(output / "quarantine.parquet", compression="zstd", index=False)
    whole = ("user_tenure_months", "support_tickets", "churn_label")
    accepted = rows[~bad].astype(dict.fromkeys(whole, "Int64"))
    accepted.to_parquet(output / "accepted.parquet", compression="zstd", index=False)
    summary = {name: (accepted[name].mean(), accepted[name].std()) for name in (*NUMBERS, "churn_label")}
    (output / "verdict").write_text(f"{digest} {len(texts)} {bad.sum()} {summary}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
