"""The ETL of churn as one would write it with pandas; run in an environment of its own. Arguments: input, output."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd

RAW = ["customer_id", "event_time", "churn_label", "user_tenure_months", "transaction_volume", "support_tickets"]
FEATURES = ["tenure_months", "log_volume", "volume_missing", "tickets", "tickets_per_year", "volume_per_tenure"]
COLUMNS = [*RAW[:2], *FEATURES, "churn_label", "tenure_band", *RAW[3:]]


def part(customer: str) -> str:
    """Of a customer."""
    position = int(hashlib.sha256(customer.encode()).hexdigest()[:8], 16) % 100
    if position < 70:
        return "train"
    return "validation" if position < 85 else "test"


def main(source: Path, output: Path) -> None:
    """Features, split, sort, content hash."""
    rows = pd.read_parquet(source, columns=RAW)
    rows = rows.drop_duplicates(["customer_id", "event_time"], keep="last").sort_values(["customer_id", "event_time"])
    rows["split"] = rows["customer_id"].map(part)
    tenure, volume, tickets = rows["user_tenure_months"], rows["transaction_volume"], rows["support_tickets"]
    known = tenure.fillna(0)
    rows["tenure_months"] = tenure.clip(0, 120)
    rows["log_volume"] = np.log1p(volume)
    rows["volume_missing"] = volume.isna().astype(float)
    rows["tickets"] = tickets.fillna(0).clip(0, 50)
    rows["tickets_per_year"] = 4 * tickets.fillna(0) / (known / 12 + 1)
    rows["volume_per_tenure"] = volume / (known + 1)
    rows["tenure_band"] = (known >= 12).astype(float) + (known >= 36)
    for name in ("user_tenure_months", "support_tickets"):
        rows[name] = rows[name].astype("Int64")
    rows["churn_label"] = rows["churn_label"].astype("int8")
    digest = hashlib.sha256()
    for name in RAW:
        digest.update(pd.util.hash_pandas_object(rows[name], index=False).to_numpy().tobytes())
    (output / "version").write_text(digest.hexdigest())
    for name, chosen in rows.groupby("split"):
        (output / str(name)).mkdir()
        chosen[COLUMNS].to_parquet(output / str(name) / "part.parquet", compression="zstd", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
