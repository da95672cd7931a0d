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
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.inference import predictor
from workloads.inference.onnx_predictor import OnnxError, OnnxPredictor
from workloads.training import data, threshold
from workloads.training.container import Job


def package(work: Job, source: Path) -> job.Outcome:
    """Write model.onnx, contract.json and metadata.json. UserError for a model that does not answer the contract."""
    contract = work.contract
    task, lists = tasks.of(contract), _lists(contract)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    facts: dict[str, Any] = {
        "features": list(contract.feature_names),
        "dataset_version": work.manifest["dataset_version"],
        "code_version": os.environ.get("CODE_VERSION", ""),
        "origin": f"imported: sha256 {digest}",
    }
    try:
        model = OnnxPredictor(source, len(contract.features), task.outputs)
        _answers_one_number(model, contract)
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


def _lists(contract: Contract) -> Lists:
    """Of the categories. UserError for one whose list only a training here would learn."""
    lists = categories.declared(contract)
    if unknown := sorted(categories.columns(contract).keys() - lists.keys()):
        raise job.UserError(
            f"the features {', '.join(unknown)} are categories whose texts the contract does not list, so nobody knows "
            "by which numbers the model calls them; list them (columns.<name>.allowed) in the order it was made for"
        )
    return lists


def _answers_one_number(model: OnnxPredictor, contract: Contract) -> None:
    """Two numbers a row are the probabilities of two classes: UserError where the task has none."""
    if contract.task is Task.REGRESSION:
        row = np.zeros((1, len(contract.features)), dtype=np.float32)
        if (found := model.answers(row).shape[1]) != 1:
            raise job.UserError(f"the model answers with {found} numbers a row; allowed is 1 of a regression")
