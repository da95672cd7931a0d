"""Training data of the churn contract as ETL leaves it, and captured requests as SageMaker writes them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.loader import load
from workloads.features.frame import with_features

CHURN = load(Path("contracts/churn.yaml"))
START = datetime(2026, 11, 21, 10, tzinfo=UTC)

Row = dict[str, Any]


def customers(count: int, *, seed: int = 0, tenure: float = 30.0) -> list[Row]:
    """Raw inputs of `count` customers, some values missing; `tenure` moves them."""
    random = np.random.default_rng(seed)
    months = random.gamma(2.0, tenure / 2, count).astype(int)
    volume = random.gamma(2.0, 60.0, count).round(2)
    tickets = random.poisson(1.8, count)
    absent = random.random((count, 2)) < 0.05
    return [
        {
            "user_tenure_months": int(months[i]),
            "transaction_volume": None if absent[i, 0] else float(volume[i]),
            "support_tickets": None if absent[i, 1] else int(tickets[i]),
        }
        for i in range(count)
    ]


def write_training(directory: Path, rows: list[Row]) -> Path:
    """`rows` with their features as two files of a training part."""
    schema = pa.schema(
        {"user_tenure_months": pa.int64(), "transaction_volume": pa.float64(), "support_tickets": pa.int64()}
    )
    table = with_features(pa.Table.from_pylist(rows, schema), CHURN)
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.slice(0, len(rows) // 2), directory / "part-00000.parquet")
    pq.write_table(table.slice(len(rows) // 2), directory / "part-00001.parquet")
    return directory


def part(text: str, encoding: str, content_type: str) -> dict[str, str]:
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    return {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}


def record(asked: dict[str, str], answered: dict[str, str] | None, second: int = 0) -> str:
    data = {"endpointInput": asked} | ({"endpointOutput": answered} if answered else {})
    moment = (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {"eventId": "b5b1", "inferenceTime": moment}
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})


def json_record(row: Any, score: Any = 0.5, second: int = 0) -> str:
    """A request of one object as JSON, answered as JSON."""
    answer = json.dumps({"score": score, "decision": False, "model_version": "1"})
    return record(part(json.dumps(row), "JSON", "application/json"), part(answer, "JSON", "application/json"), second)


def records(rows: list[Row]) -> list[str]:
    """A request a row, a second apart."""
    return [json_record(row, score=(i % 100) / 100, second=i) for i, row in enumerate(rows)]
