"""The model that every server serves: 150 trees of depth 6 over three raw columns, in each server's own form."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import xgboost as xgb

from contracts import loader, schema
from contracts.schema import Contract, Feature
from workloads.inference import packaging

ROOT = Path(__file__).parents[3]
COLUMNS = ("user_tenure_months", "transaction_volume", "support_tickets")


def contract() -> Contract:
    """The churn contract with its columns as features: what the naive service computes, no more."""
    churn = loader.load(ROOT / "contracts" / "churn.yaml")
    return dataclasses.replace(churn, features=tuple(Feature(name=name, expression=name) for name in COLUMNS))


def make(directory: Path) -> None:
    """Train once and write model.joblib for the peers and a package for the service."""
    rng = np.random.default_rng(7)
    rows = 20_000
    tenure, tickets = rng.integers(0, 73, rows), rng.poisson(1.6, rows)
    volume = np.round(rng.gamma(2.0, 60.0, rows), 2)
    matrix = np.column_stack([tenure, volume, tickets]).astype(float)
    logit = -1.2 - 0.05 * tenure + 0.45 * tickets + 0.004 * volume + 0.5 * np.sin(volume / 40) * (tickets > 1)
    labels = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    classifier = xgb.XGBClassifier(n_estimators=150, learning_rate=0.05, max_depth=6)
    classifier.fit(matrix, labels)
    directory.mkdir(parents=True, exist_ok=True)
    joblib.dump(classifier, directory / "model.joblib")
    classifier.get_booster().save_model(directory / "model.ubj")
    compiled = contract()
    (directory / "contract.json").write_text(schema.to_json(compiled))
    (directory / "metadata.json").write_text(json.dumps({"features": list(compiled.feature_names)}))
    choice = packaging.finish(directory, matrix.astype(np.float32))
    if choice["kind"] != "forest":
        raise RuntimeError(f"the compiled predictor cannot be measured here: {choice['reason']}")
    write_requests(directory, matrix[:1000])


def write_requests(directory: Path, rows: np.ndarray[Any, Any]) -> None:
    """Whole HTTP requests: one row as JSON, one row in the V2 protocol, a thousand rows as CSV."""
    row = json.dumps({COLUMNS[0]: 14, COLUMNS[1]: 86.5, COLUMNS[2]: 3})
    tensor = {"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [14, 86.5, 3]}
    lines = "".join(f"{int(tenure)},{volume},{int(tickets)}\n" for tenure, volume, tickets in rows.tolist())
    bodies = {
        "json": ("/v1/predict", "application/json", row),
        "v2": ("/v2/models/churn/infer", "application/json", json.dumps({"inputs": [tensor]})),
        "csv": ("/invocations", "text/csv", lines),
    }
    for name, (path, kind, body) in bodies.items():
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        (directory / f"{name}.request").write_bytes((head + body).encode())
