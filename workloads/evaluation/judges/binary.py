"""A binary classifier, by `workloads.evaluation.metrics`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workloads.evaluation import bootstrap, fairness, metrics, plots
from workloads.evaluation.fairness import Disparities
from workloads.evaluation.intervals import Comparison
from workloads.evaluation.judges.judge import Array, Judge, Measured, shown
from workloads.evaluation.segments import Groups


class BinaryJudge(Judge):
    """Outputs are probabilities of the label 1."""

    headline = "auc"
    at_threshold = metrics.AT_THRESHOLD
    sound, unsound = "scores are probabilities", "outside [0, 1]"

    def described(self, labels: Array, outputs: Array) -> Mapping[str, Any]:
        """The positive rows, the threshold, and by costs what a row costs there."""
        found = {"positives": int(labels.sum()), "threshold": self.threshold}
        if (cost := self.contract.cost) is None:
            return found
        return {**found, "cost": metrics.cost(labels, outputs, self.threshold, cost)}

    def measure(self, labels: Array, outputs: Array, entities: Array) -> Measured:
        """AUC, the metrics at the threshold, and how good the scores are as probabilities."""
        draws = bootstrap.of(entities)
        return {
            "auc": metrics.auc(labels, outputs, entities),
            **metrics.decided(labels, outputs, self.threshold, entities, draws),
            **metrics.probabilities(labels, outputs, entities, draws),
        }

    def compare(self, labels: Array, candidate: Array, champion: Array, entities: Array) -> Comparison:
        """By AUC."""
        return Comparison(
            metric="auc",
            bound="auc_loss",
            champion=metrics.auc(labels, champion, entities),
            difference=metrics.auc_difference(labels, candidate, champion, entities),
            larger_is_better=True,
        )

    def by_segment(self, labels: Array, outputs: Array, groups: Groups) -> list[dict[str, Any]]:
        """Shares decided positive, recall and accuracy."""
        return metrics.by_segment(labels, outputs, groups, self.threshold)

    def decisions(self, outputs: Array) -> Array:
        """Whether each score reaches the threshold."""
        return metrics.decisions(outputs, self.threshold)

    def disparities(self, labels: Array, outputs: Array, groups: Groups) -> Disparities:
        """Of the decisions at the threshold."""
        return fairness.of_decisions(labels, self.decisions(outputs), groups)

    def wrong(self, labels: Array, outputs: Array) -> Array:
        """The distance of score and label where the decision is wrong."""
        distance = np.abs(outputs.astype(np.float64) - labels)
        return np.where(self.decisions(outputs) == (labels == 1), 0.0, distance)

    def faulty(self, outputs: Array) -> int:
        """NaN counts as outside."""
        return int((~((outputs >= 0) & (outputs <= 1))).sum())

    def watched(self, outputs: Array) -> Array:
        """The scores."""
        return outputs.astype(np.float64)

    def plots(self, labels: Array, outputs: Array, champion: Array | None) -> Mapping[str, str]:
        """ROC, calibration and the scores of both classes."""
        return {
            "ROC": plots.roc(labels, outputs, champion),
            "Calibration": plots.calibration(labels, outputs),
            "Scores": plots.distribution(labels, outputs, self.threshold),
        }

    def summary(self, measured: Measured, rows: int) -> str:
        """AUC, accuracy and F1."""
        accuracy, f1 = measured["accuracy"].value, measured["f1"].value
        return f"AUC {shown(measured['auc'])} on {rows} test rows, accuracy {accuracy:.3f}, F1 {f1:.3f}"
