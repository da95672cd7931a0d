"""The committed pipeline as a stack deploys it, in an emulated AWS, and data for it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts import loader, schema
from local.executor import ExecutionResult, Runner
from workloads.pipeline import render

ROOT = Path(__file__).parents[3]
NAME = "churn-staging"
ARN = f"arn:aws:sagemaker:eu-west-1:123456789012:pipeline/{NAME}"
ARTIFACTS, PROCESSED = str(render.EXAMPLES["artifacts_bucket"]), str(render.EXAMPLES["processed_bucket"])
CONTRACT = schema.to_json(loader.load(ROOT / "contracts" / "churn.yaml"))
SHA = hashlib.sha256(CONTRACT.encode()).hexdigest()[:16]


def accepted(path: Path, *, rows: int, signal: float, seed: int = 1) -> Path:
    """Accepted data as validation writes it; the label follows tickets and tenure as strongly as `signal` says."""
    random = np.random.default_rng(seed)
    tenure, tickets = random.integers(0, 120, rows), random.poisson(2.0, rows)
    odds = signal * (2.0 * (tickets - 2) - 0.12 * (tenure - 40))
    table = pa.table(
        {
            "customer_id": [f"C{i:06}" for i in range(rows)],
            "event_time": pa.array(1_760_000_000_000_000 + np.arange(rows) * 1_000_000, pa.timestamp("us", "UTC")),
            "user_tenure_months": pa.array(tenure, pa.int64()),
            "transaction_volume": pa.array(random.gamma(2.0, 60.0, rows), pa.float64()),
            "support_tickets": pa.array(tickets, pa.int64()),
            "churn_label": pa.array((random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int), pa.int64()),
        }
    )
    pq.write_table(table, path)
    return path


class Aws:
    """The clients, and executions of the pipeline as deployed with example values, or some of one's own."""

    def __init__(self, endpoint: str, workdir: Path, **own: str) -> None:
        self.endpoint, self.workdir = endpoint, workdir
        self.s3, self.sagemaker = self.client("s3"), self.client("sagemaker")
        values = {**render.EXAMPLES, "contract_sha": SHA, "num_round": 40, **own}
        self.definition: dict[str, Any] = json.loads(render.render(render.read("train"), values))
        ranges = {"tuning_num_round_min": "40", "tuning_num_round_max": "60", "tuning_eta_min": "0.1"}
        searched = {key: value for key, value in values.items() if key not in render.SEARCHED}
        values = {**render.TUNING_EXAMPLES, **searched, "tuning_jobs": 2, **ranges}
        self.search: dict[str, Any] = json.loads(render.render(render.read("tune"), values))
        self.executions = 0

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def run(self, *, tune: bool = False, **parameters: str) -> ExecutionResult:
        self.executions += 1
        identity = f"execution{self.executions}"
        definition = self.search if tune else self.definition
        return Runner(definition, parameters, self.endpoint, self.workdir, NAME, ARN, identity).run()
