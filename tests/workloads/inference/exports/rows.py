"""The rows that the models beside this file were trained and asked with: `python -m ... ROWS.npz` writes them.

And the contract that each answers: churn's, with the label that the model was made for.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts import loader
from contracts.schema import ColumnType, Contract, Loss, Objective, Task
from tests.workloads.inference import serving
from workloads.features import frame, model_matrix
from workloads.training import __main__ as entry
from workloads.training.container import Job

HERE = Path(__file__).parent
COUNT, SEED = 600, 11
CHURN = loader.load(serving.CHURN)
BINARY = ("logistic", "forest", "lightgbm", "net")


def table() -> pa.Table:
    return serving.customers(COUNT, SEED)[0]


def features() -> np.ndarray[Any, Any]:
    return model_matrix.matrix(frame.with_features(table(), CHURN), CHURN)


def labels(name: str) -> np.ndarray[Any, Any]:
    churned, tenure = serving.customers(COUNT, SEED)[1], np.nan_to_num(features()[:, 0])
    return {"amount": churned + tenure, "classes": churned + (tenure > 36)}.get(name, churned)


def contract(name: str, **changes: Any) -> Contract:
    task: dict[str, Any] = {}
    if name in ("amount", "classes"):
        values = {"type": ColumnType.NUMBER, "allowed": ()} if name == "amount" else {"allowed": (0, 1, 2)}
        columns = tuple(dataclasses.replace(c, **values) if c.name == CHURN.label else c for c in CHURN.columns)
        kind = Task.REGRESSION if name == "amount" else Task.MULTICLASS_CLASSIFICATION
        task = {"task": kind, "columns": columns, "quality": ()}
        task |= {"objective": Objective(loss=Loss.SQUARED)} if name == "amount" else {}
    return dataclasses.replace(CHURN, **{**task, **changes})


def job(directory: Path, name: str, **changes: Any) -> Job:
    """A training job that is given the export `name` instead; its validation part are the rows."""
    part = directory / "validation"
    part.mkdir(parents=True)
    made = frame.with_features(table(), CHURN).append_column(CHURN.label, pa.array(labels(name)))
    pq.write_table(made, part / "part-0.parquet")
    wanted = contract(name, **changes)
    return Job(
        channels={"validation": part},
        model=directory / "model",
        checkpoints=directory / "checkpoints",
        output=directory / "output",
        scratch=directory / "scratch",
        contract=wanted,
        manifest={"dataset_version": "sha256:12"},
        hyperparameters=wanted.training,
        imported=HERE / f"{name}.onnx",
    )


def package(directory: Path, name: str, **changes: Any) -> Path:
    """The package that the training job makes of the export `name`."""
    work = job(directory, name, **changes)
    entry.run(work)
    return work.model


def write(target: Path) -> None:
    """These rows; and as `candidate_...` accepted ones, of which the pipeline's tests have others of the same kind."""
    from tests.local.executor.committed import accepted

    delivered = pq.read_table(accepted(target.with_suffix(".parquet"), rows=3000, signal=1.0, seed=2))
    np.savez(
        target,
        features=features(),
        labels=labels(""),
        candidate_features=model_matrix.matrix(frame.with_features(delivered, CHURN), CHURN),
        candidate_labels=delivered["churn_label"].to_numpy(),
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
