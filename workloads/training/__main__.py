"""Train a model as SageMaker asks for it: `python3 -m workloads.training`.

Reads channels and hyper-parameters below /opt/ml, and writes model.ubj, contract.json and metadata.json into its model
directory. The package also says which predictor serves it, with the proof (`workloads.inference.packaging`).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
from typing import Any

import xgboost as xgb

from contracts import schema
from workloads import job, tasks
from workloads.features import categories
from workloads.inference import packaging
from workloads.training import container, data, external, threshold, train
from workloads.training.container import Job


@job.entry("training", __doc__)
def main(_: argparse.Namespace) -> job.Outcome:
    """Train."""
    return run(container.read(job.root(), os.environ))


def run(work: Job) -> job.Outcome:
    """Train what `work` describes, or package the model that it was given."""
    if work.imported is not None:
        from workloads.training import imported  # onnxruntime takes 0.2 s to load, and is seldom needed

        return imported.package(work, work.imported)
    try:
        return _train(work)
    finally:
        shutil.rmtree(work.scratch, ignore_errors=True)


def _train(work: Job) -> job.Outcome:
    threads = len(os.sched_getaffinity(0))
    parts = work.channels["train"], work.channels["validation"]
    values = sum(external.rows(data.files(part)) for part in parts) * len(work.contract.features)
    cache = external.cache(work.scratch, values, external.free())
    training, validation, lists = data.matrices(*parts, work.contract, threads, cache)
    task = tasks.of(work.contract)
    fitted = train.fit(training, validation, task, work.hyperparameters, threads=threads, checkpoints=work.checkpoints)
    work.model.mkdir(parents=True, exist_ok=True)
    fitted.booster.save_model(work.model / "model.ubj")
    (work.model / "contract.json").write_text(schema.to_json(work.contract))
    facts = metadata(work, fitted, rows=training.num_row(), threads=threads)
    if lists:
        facts[categories.KEY] = lists
    if work.contract.cost is not None:
        scores = fitted.booster.predict(validation)
        facts[tasks.CHOSEN] = threshold.least_cost(validation.get_label(), scores, work.contract.cost)
    (work.model / "metadata.json").write_text(json.dumps(facts, sort_keys=True, indent=1))
    packaging.finish(work.model)
    return job.Outcome(message=f"trained {facts['rounds']} rounds", fields=facts)


def metadata(work: Job, fitted: train.Fitted, *, rows: int, threads: int) -> dict[str, Any]:
    """Where the model came from; nothing that depends on the clock, so that equal runs give equal bytes."""
    return {
        "features": list(work.contract.feature_names),
        "dataset_version": work.manifest["dataset_version"],
        "code_version": os.environ.get("CODE_VERSION", ""),
        "xgboost_version": xgb.__version__,
        "hyperparameters": dataclasses.asdict(work.hyperparameters),
        "threads": threads,
        "training_rows": rows,
        "best_round": fitted.best_round,
        "loss": tasks.of(work.contract).loss,
        "validation_loss": fitted.history[fitted.best_round],
        "rounds": len(fitted.history),
    }


if __name__ == "__main__":
    job.leave(main())
