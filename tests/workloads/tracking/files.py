"""Files that jobs of a run leave, small."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

BUCKET = "123456789012-prod-ai-artifacts"
RUN = "runs/churn/n3ddexkp0fjj/"
TRAINED = f"{RUN}Train/output/pipelines-n3ddexkp0fjj-Train-a/output/output.tar.gz"
TRIAL = f"{RUN}Tune/output/n3ddexkp0fjj-Tune-b-001-c/output/output.tar.gz"
EVALUATED = f"{RUN}Evaluate/evaluation/evaluation.json"
FACTS: dict[str, Any] = {
    "best_round": 2,
    "code_version": "0a5f7d8",
    "dataset_version": "11ca36479cc6924a",
    "features": ["a", "b"],
    "hyperparameters": {"eta": 0.1, "max_depth": 4, "num_round": 4},
    "loss": "logloss",
    "rounds": 4,
    "threads": 2,
    "training_rows": 1000,
    "validation_loss": 0.25,
    "xgboost_version": "3.2.0",
}
REPORT: dict[str, Any] = {
    "champion": {"difference": {"value": 0.01, "low": -0.01, "high": 0.03}},
    "code_version": "0a5f7d8",
    "dataset_version": "11ca36479cc6924a",
    "gate": {"decision": "register", "reason": "every check passed"},
    "headline": {"metric": "auc", "text": "AUC 0.9", "value": 0.9},
    "inference_image": "image@sha256:00",
    "metrics": {"auc": {"value": 0.9, "low": 0.8, "high": None}},
    "origin": "trained here",
}


def archive(name: str = "history.json", **changes: Any) -> bytes:
    """A training job's output.tar.gz."""
    history = {"facts": FACTS, "first": 0, "losses": [0.5, 0.375, 0.25, 0.3125]} | changes
    content = json.dumps(history).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        files.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def report(**changes: Any) -> bytes:
    """An evaluation.json."""
    return json.dumps(REPORT | changes).encode()
