"""Train a model as SageMaker asks for it: `python3 -m workloads.training`.

Reads channels and hyper-parameters below /opt/ml, and writes model.ubj, contract.json and metadata.json into its model
directory. The package also says which predictor serves it, with the proof (`workloads.inference.packaging`).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import shutil
from typing import Any

import numpy as np
import xgboost as xgb

from contracts import schema
from workloads import job, tasks
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.inference import packaging
from workloads.training import contained, container, continued, data, device, external, history, hosts, threshold, train
from workloads.training.container import Job
from workloads.training.continued import Former

_log = logging.getLogger(__name__)


@job.entry("training", __doc__)
def main(_: argparse.Namespace) -> job.Outcome:
    """Train."""
    return run(container.read(job.root(), os.environ))


def run(work: Job) -> job.Outcome:
    """Train what `work` describes, or package the model that it was given."""
    if work.imported is not None:
        if work.imported.name == container.IMAGE_FILE:
            return contained.package(work, work.imported)
        from workloads.training import imported  # onnxruntime takes 0.2 s to load, and is seldom needed

        return imported.package(work, work.imported)
    try:
        return _train(work)
    finally:
        shutil.rmtree(work.scratch, ignore_errors=True)


def _train(work: Job) -> job.Outcome:
    threads = len(os.sched_getaffinity(0))
    parts = work.channels["train"], work.channels["validation"]
    rows = [external.rows(data.files(part)) for part in parts]
    cache = external.cache(work.scratch, sum(rows) * len(work.contract.features), external.free())
    task = tasks.of(work.contract)
    learns_on = device.of(work.gpus, work.hosts, cache)
    former, why_not = _former(work)
    with hosts.joined(work.hosts):
        training, validation, lists, bins = data.matrices(
            *parts, work.contract, threads, cache=cache, hosts=work.hosts, former=former
        )
        fitted = train.fit(
            training,
            validation,
            task,
            work.hyperparameters,
            threads=threads,
            checkpoints=work.checkpoints,
            together=work.hosts,
            bins=bins,
            former=former,
            device=learns_on,
        )
    facts = metadata(work, fitted, rows=rows[0], threads=threads)
    if learns_on != "cpu":
        facts["device"] = learns_on
    if former:
        facts["former"] = {"dataset_version": former.metadata["dataset_version"], "rounds": former.rounds}
        facts["learned_rows"] = training.num_row()
    elif why_not:
        facts["trained_anew"] = why_not
    if work.hosts.rank == 0:
        history.leave(work.output, fitted, facts)
        _leave(work, fitted, facts, lists)
    return job.Outcome(message=f"trained {facts['rounds']} rounds", fields=facts)


def _former(work: Job) -> tuple[Former | None, str]:
    """The champion that is to be gone on from; without one, why there is none where one was given."""
    if work.former is None or work.contract.incremental is None:
        return None, ""
    found = continued.read(work.former, work.contract, work.contract.incremental, work.scratch / container.FORMER)
    if isinstance(found, Former):
        return found, ""
    _log.info("trained anew", extra={"reason": found})
    return None, found


def _leave(work: Job, fitted: train.Fitted, facts: dict[str, Any], lists: Lists) -> None:
    """The package."""
    work.model.mkdir(parents=True, exist_ok=True)
    fitted.booster.save_model(work.model / "model.ubj")
    (work.model / "contract.json").write_text(schema.to_json(work.contract))
    if lists:
        facts[categories.KEY] = lists
    if work.contract.cost is not None:
        batches = data.row_groups(work.channels["validation"], work.contract, lists)
        scored = [(labels, fitted.booster.inplace_predict(features)) for features, labels in batches]
        labels, scores = (np.concatenate(part) for part in zip(*scored, strict=True))
        facts[tasks.CHOSEN] = threshold.least_cost(labels, scores, work.contract.cost)
    (work.model / "metadata.json").write_text(json.dumps(facts, sort_keys=True, indent=1, allow_nan=False))
    packaging.finish(work.model)


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
        "validation_loss": min(fitted.history),
        "rounds": fitted.first + len(fitted.history),
        continued.LAST_EVENT: work.manifest.get("event_times", {}).get("last"),
    }


if __name__ == "__main__":
    job.leave(main())
