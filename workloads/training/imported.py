"""A model that others made, in place of one that is trained here: checked, and packaged as a trained one is.

What follows is the same: the gate judges it on this platform's test split, against this platform's champion. Whoever
made it elsewhere has to have left the entities of that split out, which nobody can see in the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from contracts import schema
from contracts.schema import Contract, Task
from workloads import job, tasks
from workloads.evaluation.model import require_finite
from workloads.inference import predictor
from workloads.inference.onnx_predictor import OnnxError, OnnxPredictor
from workloads.training import data, foreign, threshold
from workloads.training.container import Job


def package(work: Job, source: Path) -> job.Outcome:
    """Write model.onnx, contract.json and metadata.json. UserError for a model that does not answer the contract."""
    contract = work.contract
    lists = foreign.lists(contract)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    facts: dict[str, Any] = {
        "features": list(contract.feature_names),
        "dataset_version": work.manifest["dataset_version"],
        "code_version": os.environ.get("CODE_VERSION", ""),
        "origin": f"imported: sha256 {digest}",
    }
    model = opened(source, contract)
    try:
        scored = [
            (labels, require_finite(model.scores(features), "validation"))
            for features, labels in data.row_groups(work.channels["validation"], contract, lists)
        ]
    except OnnxError as error:
        raise job.UserError(str(error)) from error
    if contract.cost is not None:
        labels, scores = (np.concatenate(part) for part in zip(*scored, strict=True))
        facts[tasks.CHOSEN] = threshold.least_cost(labels, scores, contract.cost)
    facts["predictor"] = {
        "kind": predictor.ONNX,
        "reason": f"made by others ({model.producer})",
        "onnx_sha256": digest,
        "output": model.output,
    }
    work.model.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, work.model / predictor.model_file(facts))
    (work.model / "contract.json").write_text(schema.to_json(contract))
    (work.model / "metadata.json").write_text(json.dumps(facts, sort_keys=True, indent=1, allow_nan=False))
    return job.Outcome(message=f"packaged {source.name}", fields=facts)


def opened(source: Path, contract: Contract) -> OnnxPredictor:
    """The model, once a row of zeros has shown how many numbers it answers with. UserError for one that does not take
    the contract's features, or does not answer as its task asks.

    Two numbers a row are the probabilities of two classes: a regression has none.
    """
    row = np.zeros((1, len(contract.features)), dtype=np.float32)
    try:
        model = OnnxPredictor(source, len(contract.features), tasks.of(contract).outputs)
        if contract.task is Task.REGRESSION and (found := model.answers(row).shape[1]) != 1:
            raise job.UserError(f"the model answers with {found} numbers a row; allowed is 1 of a regression")
        model.scores(row)
    except OnnxError as error:
        raise job.UserError(str(error)) from error
    return model
