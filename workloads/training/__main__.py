"""The entry point of the training container: `python3 -m workloads.training [--root /opt/ml]`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import xgboost as xgb

from contracts import schema
from workloads.inference import packaging
from workloads.runtime import leave
from workloads.training import data, job, train
from workloads.training.errors import TrainingError
from workloads.training.job import Job


def main() -> int:
    """Train; on failure write the failure file that SageMaker shows as FailureReason. Exit codes: `errors`."""
    parser = argparse.ArgumentParser(prog="workloads.training", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("/opt/ml"), help="the container's SageMaker directory")
    root: Path = parser.parse_args().root
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        run(job.read(root, os.environ))
    except TrainingError as error:
        return _fail(root, error)
    except Exception as error:  # noqa: BLE001 - whatever it is, SageMaker must get a reason
        return _fail(root, TrainingError("training failed", caused_by=error))
    return 0


def run(work: Job) -> None:
    """Train what `work` describes and write model.ubj, contract.json and metadata.json into its model directory.

    The package also says which predictor serves it, with the proof (`workloads.inference.packaging`).
    """
    threads = len(os.sched_getaffinity(0))
    training, validation = data.matrices(work.channels["train"], work.channels["validation"], work.contract, threads)
    fitted = train.fit(training, validation, work.hyperparameters, threads=threads, checkpoints=work.checkpoints)
    work.model.mkdir(parents=True, exist_ok=True)
    fitted.booster.save_model(work.model / "model.ubj")
    (work.model / "contract.json").write_text(schema.to_json(work.contract))
    facts = metadata(work, fitted, rows=training.num_row(), threads=threads)
    (work.model / "metadata.json").write_text(json.dumps(facts, sort_keys=True, indent=1))
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
        "validation_logloss": fitted.history[fitted.best_round],
        "rounds": len(fitted.history),
    }


def _fail(root: Path, error: TrainingError) -> int:
    logging.getLogger(__name__).exception(str(error))
    path = job.failure_file(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(error)[:1024])
    return error.exit_code


if __name__ == "__main__":
    leave(main())
