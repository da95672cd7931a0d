"""A problem for each task and each loss of a regression: a contract, learnable rows, and a trained package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost as xgb

from contracts import loader
from contracts.schema import Contract
from workloads.training import __main__ as entry
from workloads.training.container import Job

_HEAD = """\
name: toy
task: {task}
entity: id
event_time: {{from: delivery}}
label: y
columns:
  id: {{type: integer}}
  a:  {{type: number, nullable: true}}
  b:  {{type: number, nullable: true}}
{texts}  y:  {label}
features: {{a: a, b: b, both: a * b{categories}}}
segments: {{side: "bucket(fill(b, 0), 0)"}}
training: {{num_round: 30, eta: 0.3, max_depth: 3, early_stopping_rounds: 5}}
"""
#: Categories: one whose texts training learns, and one that lists them.
_TEXTS = """\
  plan: {type: string, nullable: true}
  size: {type: string, nullable: true, allowed: [S, M, "L, large"], values: {small: S}}
"""
PLANS, SIZES = ("gold", "basic", "Basic", "häuslich ☂", 'it\'s "quoted"', "a, b"), ("S", "M", "L, large")
POSITIVE = "{type: number, minimum: 0.001}"
#: By name: the task, the label's column, and what the contract says besides.
PROBLEMS = {
    "costly": (
        "binary_classification",
        "{type: integer, allowed: [0, 1]}",
        "cost: {false_positive: 1, false_negative: 2}\nclass_weights: {1: 2, 0: 1}",
    ),
    "categorical": ("binary_classification", "{type: integer, allowed: [0, 1]}", "threshold: 0.5"),
    "binary": ("binary_classification", "{type: integer, allowed: [0, 1]}", "threshold: 0.5"),
    "multiclass": ("multiclass_classification", '{type: string, allowed: [red, "dark, blue", green]}', ""),
    "numbered": ("multiclass_classification", "{type: integer, allowed: [10, 20, 5, 7]}", ""),
    "squared": ("regression", "{type: number}", ""),
    "absolute": ("regression", "{type: integer}", "objective: absolute"),
    "poisson": ("regression", "{type: integer, minimum: 0}", "objective: poisson"),
    "gamma": ("regression", POSITIVE, "objective: gamma"),
    "tweedie": ("regression", "{type: number, minimum: 0}", "objective: {tweedie: 1.3}"),
    "quantile": ("regression", "{type: number}", "objective: {quantile: 0.9}"),
}


def contract_text(problem: str, more: str = "") -> str:
    task, label, own = PROBLEMS[problem]
    texts, features = (_TEXTS, ", plan: plan, kind: size") if problem == "categorical" else ("", "")
    head = _HEAD.format(task=task, label=label, texts=texts, categories=features)
    return head + f"{own}\n{more}\n"


def contract(problem: str, more: str = "") -> Contract:
    return loader.loads(contract_text(problem, more))


def rows(problem: str, count: int, seed: int) -> pa.Table:
    """Rows of a data set: what ETL makes, with the label as the task has it; a tenth of `a` is missing."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=count), rng.normal(size=count)
    signal = a + 0.5 * a * b
    plan, size = rng.integers(-1, len(PLANS), count), rng.integers(-1, len(SIZES), count)
    weight = np.array([0.8, -0.8, 0.5, -0.5, 0.9, -0.9, 0.0])
    labels: Any = {
        "costly": lambda: (rng.random(count) < 1 / (1 + np.exp(4 - 9 * signal))).astype(np.int8),
        "categorical": lambda: (
            rng.random(count) < 1 / (1 + np.exp(-5 * (signal + weight[plan] + weight[size])))
        ).astype(np.int8),
        "binary": lambda: (rng.random(count) < 1 / (1 + np.exp(-9 * signal))).astype(np.int8),
        "multiclass": lambda: np.digitize(signal + rng.normal(0, 0.3, count), [-0.5, 0.5]).astype(np.int8),
        "numbered": lambda: np.digitize(signal + rng.normal(0, 0.3, count), [-0.8, 0, 0.8]).astype(np.int8),
        "squared": lambda: 40 + 10 * signal + rng.normal(0, 3, count),
        "absolute": lambda: np.round(40 + 10 * signal + rng.standard_t(2, count)),
        "poisson": lambda: rng.poisson(np.exp(0.7 * signal)).astype(float),
        "gamma": lambda: np.maximum(rng.gamma(5, np.exp(0.7 * signal) / 5), 0.001),
        "tweedie": lambda: np.where(rng.random(count) < 0.3, 0.0, rng.gamma(5, np.exp(0.7 * signal) / 5)),
        "quantile": lambda: 40 + 10 * signal + rng.normal(0, 3, count),
    }[problem]()
    hidden = rng.random(count) < 0.1
    table = {"id": np.arange(count), "a": pa.array(a, mask=hidden), "b": b, "y": labels}
    side = np.where(b >= 0, 1.0, 0.0)
    if problem == "categorical":
        sizes = [(*SIZES, None)[index] for index in size]
        table |= {"plan": [(*PLANS, None)[index] for index in plan], "size": sizes, "kind": sizes}
    return pa.table({**table, "both": pa.array(a * b, mask=hidden), "side": side})


@dataclass(frozen=True)
class Package:
    """A package as the training job leaves it, and the booster in it."""

    directory: Path
    contract: Contract
    booster: xgb.Booster
    metadata: dict[str, Any]


def package(directory: Path, problem: str, more: str = "") -> Package:
    """Train on 2,000 rows as the training job does."""
    made = contract(problem, more)
    for part, (count, seed) in {"train": (2000, 1), "validation": (600, 2)}.items():
        (directory / part).mkdir(parents=True)
        pq.write_table(rows(problem, count, seed), directory / part / "part-0.parquet")
    model = directory / "model"
    entry.run(
        Job(
            channels={part: directory / part for part in ("train", "validation")},
            model=model,
            checkpoints=directory / "checkpoints",
            output=directory / "output",
            scratch=directory / "scratch",
            contract=made,
            manifest={"dataset_version": "sha256:12"},
            hyperparameters=made.training,
        )
    )
    booster = xgb.Booster({"nthread": 1}, model_file=model / "model.ubj")
    return Package(model, made, booster, json.loads((model / "metadata.json").read_text()))
