"""One evaluation: the candidate and the champion on the same test rows, and the gate's decision on it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from numpy.typing import NDArray

from contracts.schema import Contract
from workloads import tasks
from workloads.evaluation import gate, judges, most_wrong, segments
from workloads.evaluation.champion import Champion
from workloads.evaluation.intervals import Comparison, Interval
from workloads.evaluation.judges import Judge
from workloads.evaluation.model import Model, require_finite
from workloads.model_tests import battery, footprint
from workloads.model_tests.trial import Subject

#: What is said of a model whose latency nobody measured here.
UNTIMED: Final = "latency is not measured, as an image of others is asked in a batch; the endpoint's alarms watch it"


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """evaluation.json as a dictionary, and the labels (n,) and outputs behind it."""

    report: Mapping[str, Any]
    judge: Judge
    labels: NDArray[Any]
    outputs: NDArray[Any]
    champion_outputs: NDArray[Any] | None


def evaluate(
    candidate: Model, champion: Champion | None, rows: pa.Table, contract: Contract, package: Path | None = None
) -> Evaluated:
    """Judge `candidate` on test rows that hold entity, raw columns, label and segments of `contract`.

    `package` is the directory that its archive was unpacked to; without it its service is not tried.
    """
    judge = judges.of(contract, threshold=tasks.of_package(contract, candidate.metadata).threshold)
    entities = rows.column(contract.entity).combine_chunks().dictionary_encode().indices.to_numpy()  # numbers sort fast
    labels = rows.column(contract.label).to_numpy()
    features = candidate.features(rows)
    outputs = require_finite(candidate.scores(features), "test")
    champion_outputs = (
        require_finite(champion.model.scores(champion.model.features(rows)), "test") if champion else None
    )
    measured = judge.measure(labels, outputs, entities)
    comparison = None if champion_outputs is None else judge.compare(labels, outputs, champion_outputs, entities)
    groups = {segment.name: segments.of(rows.column(segment.name)) for segment in contract.segments}
    disparities = {name: judge.disparities(labels, outputs, each) for name, each in groups.items()}
    by_class = {name: found.by_class for name, found in disparities.items() if found.by_class}
    subject = Subject(model=candidate, rows=rows, features=features, judge=judge, package=package)
    decision = gate.decide(
        quality=contract.quality,
        measured=measured,
        rows=len(labels),
        comparison=comparison,
        model_tests=battery.run(subject),
        fairness=gate.fair(contract.fairness, disparities),
        at_threshold=dict.fromkeys(judge.at_threshold, judge.threshold),
    )
    report = {
        "dataset_version": candidate.metadata["dataset_version"],
        "origin": candidate.origin,
        "rows": len(labels),
        **judge.described(labels, outputs),
        "headline": {
            "metric": judge.headline,
            "value": measured[judge.headline].value,
            "text": _plainly(judge.headline, measured[judge.headline]),
        },
        "summary": judge.summary(measured, len(labels)),
        "metrics": {name: dataclasses.asdict(value) for name, value in measured.items()},
        "champion": None if champion is None or comparison is None else _compared(champion, comparison),
        "segments": {name: judge.by_segment(labels, outputs, each) for name, each in groups.items()},
        "segments_left_out": {name: rest for name, each in groups.items() if (rest := each.left_out())},
        "fairness": {name: found.values for name, found in disparities.items()},
        **({"fairness_by_class": by_class} if by_class else {}),
        "importance": {
            name: float(value) for name, value in zip(candidate.names, candidate.importances(features), strict=True)
        },
        "importance_unit": candidate.unit or f"mean |SHAP| ({judge.margin})",
        "most_wrong": most_wrong.rows(candidate, judge, rows, features, outputs),
        "gate": dataclasses.asdict(decision),
        "warnings": [*([] if candidate.at_hand else [UNTIMED]), *footprint.unmeasured(subject)],
    }
    return Evaluated(report=report, judge=judge, labels=labels, outputs=outputs, champion_outputs=champion_outputs)


def questions(candidate: Model, rows: pa.Table, contract: Contract) -> None:
    """Ask `candidate` all that `evaluate` asks it, for whoever has to know before."""
    judge, features = judges.of(contract, threshold=contract.threshold), candidate.features(rows)
    candidate.scores(features)
    candidate.importances(features)
    battery.run(Subject(model=candidate, rows=rows, features=features, judge=judge))


def _plainly(metric: str, value: Interval) -> str:
    """A metric in the letters that a package's metadata may have (SageMaker API reference, CreateModelPackage)."""
    return f"{metric} {value.value:.4f} from {value.low:.4f} to {value.high:.4f}"


def _compared(champion: Champion, comparison: Comparison) -> dict[str, Any]:
    lossless = not math.isfinite(comparison.difference.value)
    return {
        **({"reason": "the champion is without loss on these rows, and the candidate is not"} if lossless else {}),
        "package_arn": champion.package_arn,
        comparison.metric: dataclasses.asdict(comparison.champion),
        "difference": {"bound": comparison.bound, **dataclasses.asdict(comparison.difference)},
    }
