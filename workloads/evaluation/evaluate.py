"""One evaluation: the candidate and the champion on the same test rows, and the gate's decision on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contracts.schema import Contract
from workloads.evaluation import gate, metrics, model_tests
from workloads.evaluation.champion import Champion
from workloads.evaluation.model import Model

#: SHAP is exact but slow; a sample of rows is enough for a mean.
EXPLAINED_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """evaluation.json as a dictionary, and the labels and scores (n,) behind it."""

    report: Mapping[str, Any]
    labels: NDArray[Any]
    scores: NDArray[Any]
    champion_scores: NDArray[Any] | None


def evaluate(candidate: Model, champion: Champion | None, rows: pa.Table, contract: Contract) -> Evaluated:
    """Judge `candidate` on test rows that hold entity, raw columns, label and segments of `contract`."""
    entities = rows.column(contract.entity).to_numpy()
    labels = rows.column(contract.label).cast(pa.int8()).to_numpy()
    features = candidate.features(rows)
    scores = candidate.scores(features)
    champion_scores = champion.model.scores(champion.model.features(rows)) if champion else None
    area = metrics.auc(labels, scores, entities)
    difference = (
        metrics.auc_difference(labels, scores, champion_scores, entities) if champion_scores is not None else None
    )
    plain = metrics.at_threshold(labels, scores, contract.threshold) | metrics.probabilities(labels, scores)
    tests = model_tests.run(candidate, features, contract.bounds(gate.LATENCY).max)
    decision = gate.decide(
        quality=contract.quality,
        measured={"auc": area.value, **plain},
        threshold=contract.threshold,
        rows=len(labels),
        auc_difference=difference,
        model_tests=tests,
    )
    report = {
        "dataset_version": candidate.metadata["dataset_version"],
        "rows": len(labels),
        "positives": int(labels.sum()),
        "threshold": contract.threshold,
        "metrics": {"auc": dataclasses.asdict(area)} | {name: {"value": value} for name, value in plain.items()},
        "champion": _comparison(champion, labels, champion_scores, entities, difference),
        "segments": {
            segment.name: metrics.by_segment(labels, scores, rows.column(segment.name).to_pylist(), contract.threshold)
            for segment in contract.segments
        },
        "importance": _importance(candidate, features),
        "gate": dataclasses.asdict(decision),
    }
    return Evaluated(report=report, labels=labels, scores=scores, champion_scores=champion_scores)


def _comparison(
    champion: Champion | None,
    labels: NDArray[Any],
    scores: NDArray[Any] | None,
    entities: NDArray[Any],
    difference: metrics.Interval | None,
) -> dict[str, Any] | None:
    if champion is None or scores is None or difference is None:
        return None
    return {
        "package_arn": champion.package_arn,
        "auc": dataclasses.asdict(metrics.auc(labels, scores, entities)),
        "auc_difference": dataclasses.asdict(difference),
    }


def _importance(model: Model, features: NDArray[np.float32]) -> dict[str, float]:
    mean = np.abs(model.contributions(features[:EXPLAINED_ROWS])[:, :-1]).mean(axis=0)
    return {name: float(value) for name, value in zip(model.contract.feature_names, mean, strict=True)}
