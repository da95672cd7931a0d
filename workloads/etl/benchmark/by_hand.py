"""The ETL of churn in SQL written by hand, its content hash and the options of its files as ours, so that the files are
equal and what was gained by options is not counted. Arguments: input, output, MiB.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from contracts.loader import load
from workloads.engine import PARQUET
from workloads.etl.version import dataset_version, rows_digest

ROOT = Path(__file__).parents[3]
PARTS = ("test", "train", "validation")  # by their number in `rows`
ROWS = """
    CREATE TABLE rows AS
    SELECT customer_id, event_time, churn_label::TINYINT AS churn_label, user_tenure_months, transaction_volume,
           support_tickets, (CASE WHEN position < 70 THEN 1 WHEN position < 85 THEN 2 ELSE 0 END)::UTINYINT AS part
    FROM (SELECT *, ('0x' || substr(sha256(customer_id), 1, 8))::BIGINT % 100 AS position FROM read_parquet($source))
    ORDER BY part, customer_id, event_time"""
REPEATED = "SELECT count(*) FROM (SELECT 1 FROM rows GROUP BY customer_id, event_time HAVING count(*) > 1)"
RAW = """
    SELECT customer_id, event_time, churn_label, user_tenure_months, transaction_volume, support_tickets
    FROM rows WHERE part = {}"""
DATA = """
    SELECT customer_id, event_time,
           CASE WHEN user_tenure_months IS NOT NULL THEN least(greatest(user_tenure_months, 0), 120) END::DOUBLE
               AS tenure_months,
           ln(1 + transaction_volume) AS log_volume,
           (transaction_volume IS NULL)::DOUBLE AS volume_missing,
           least(greatest(coalesce(support_tickets, 0), 0), 50)::DOUBLE AS tickets,
           4 * coalesce(support_tickets, 0)::DOUBLE / (coalesce(user_tenure_months, 0) / 12.0::DOUBLE + 1)
               AS tickets_per_year,
           transaction_volume / (coalesce(user_tenure_months, 0) + 1) AS volume_per_tenure,
           churn_label,
           ((coalesce(user_tenure_months, 0) >= 12)::INT + (coalesce(user_tenure_months, 0) >= 36)::INT)::DOUBLE
               AS tenure_band,
           user_tenure_months, transaction_volume, support_tickets
    FROM rows WHERE part = {}"""


def main(source: Path, output: Path, memory_mb: int) -> None:
    """Sort, check, hash, write three parts."""
    config: dict[str, str | bool | int | float | list[str]] = {"temp_directory": str(output / "spilled")}
    if memory_mb:
        config["memory_limit"] = f"{memory_mb}MiB"
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(ROWS, {"source": str(source)})
        if connection.execute(REPEATED).fetchall() != [(0,)]:
            raise ValueError("a customer and time occur more than once")
        digests = {
            name: rows_digest(connection.sql(RAW.format(number)).to_arrow_reader(100_000))
            for number, name in enumerate(PARTS)
        }
        (output / "version").write_text(dataset_version(digests, load(ROOT / "contracts/churn.yaml")))
        for number, name in enumerate(PARTS):
            (output / name).mkdir()
            target = output / name / "part.parquet"
            connection.execute(f"COPY ({DATA.format(number)}) TO '{target}' ({PARQUET})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
