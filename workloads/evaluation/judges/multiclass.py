"""A classifier of several classes: how often the likeliest is right, of each class and over all, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workloads.evaluation import bootstrap, fairness, intervals, plots
from workloads.evaluation.fairness import Disparities
from workloads.evaluation.intervals import Comparison
from workloads.evaluation.judges.judge import Array, Judge, Measured, shown
from workloads.evaluation.metrics import calibration_error, confusion, of_classes, rate_sums, rates
from workloads.evaluation.segments import Groups

#: XGBoost's probabilities are float32: the sum of a row's may be off by as much.
_ROUNDING = 1e-5
_LEAST = float(np.finfo(np.float64).tiny)


class MulticlassJudge(Judge):
    """Labels are positions of classes, outputs the probabilities of all."""

    headline = "accuracy"
    sound, unsound = "scores are probabilities that add up to 1", "do not"
    margin = "margin"

    def described(self, labels: Array, outputs: Array) -> Mapping[str, Any]:
        """The rows of each class."""
        counts = np.bincount(labels.astype(int), minlength=len(self.contract.classes)).tolist()
        return {"classes": dict(zip(map(str, self.contract.classes), counts, strict=True))}

    def measure(self, labels: Array, outputs: Array, entities: Array) -> Measured:
        """Over all rows, and over the classes."""
        labels, likeliest = labels.astype(int), outputs.argmax(axis=1)
        right = (likeliest == labels).astype(float)
        losses = row_losses(labels, outputs)
        draws = bootstrap.of(entities)
        sums = rate_sums(labels, likeliest, len(self.contract.classes), draws)
        return {
            "accuracy": intervals.mean(right, entities, low=0.0, high=1.0),
            "balanced_accuracy": draws.share(sums, lambda sums: rates(sums)[1].mean(axis=-1)),
            "macro_f1": draws.share(sums, lambda sums: rates(sums)[2].mean(axis=-1)),
            "least_recall": draws.share(sums, lambda sums: rates(sums)[1].min(axis=-1), moved=True),
            "logloss": intervals.mean(losses, entities, low=0.0),
            "d2": intervals.explained(losses, _of_shares(labels), entities),
            "calibration_error": calibration_error(right, outputs.max(axis=1), draws),
        }

    def compare(self, labels: Array, candidate: Array, champion: Array, entities: Array) -> Comparison:
        """By log loss, as a share of the champion's."""
        ours, theirs = (row_losses(labels.astype(int), outputs) for outputs in (candidate, champion))
        return intervals.loss_increase("logloss", ours, theirs, entities)

    def by_segment(self, labels: Array, outputs: Array, groups: Groups) -> list[dict[str, Any]]:
        """Accuracy and log loss of each group, and the share of its rows for which each class is said."""
        labels, likeliest = labels.astype(int), outputs.argmax(axis=1)
        losses = row_losses(labels, outputs)
        return [
            {
                "segment": value,
                "rows": here.size,
                "accuracy": float((likeliest[here] == labels[here]).mean()),
                "logloss": float(losses[here].mean()),
                **{
                    f"said_{name}": float((likeliest[here] == index).mean())
                    for index, name in enumerate(self.contract.classes)
                },
            }
            for value, here in groups.reported()
        ]

    def decisions(self, outputs: Array) -> Array:
        """The positions of the likeliest classes."""
        return outputs.argmax(axis=1)

    def disparities(self, labels: Array, outputs: Array, groups: Groups) -> Disparities:
        """Of the likeliest class, of each class against all others."""
        return fairness.of_classes(labels, outputs.argmax(axis=1), list(map(str, self.contract.classes)), groups)

    def wrong(self, labels: Array, outputs: Array) -> Array:
        """The probability of the likeliest class where it is another one."""
        return np.where(outputs.argmax(axis=1) == labels, 0.0, outputs.max(axis=1))

    def faulty(self, outputs: Array) -> int:
        """Rows with NaN, with something outside 0 to 1, or that do not add up."""
        within = ((outputs >= 0) & (outputs <= 1)).all(axis=1)
        return int((~(within & (np.abs(outputs.sum(axis=1, dtype=np.float64) - 1) < _ROUNDING))).sum())

    def watched(self, outputs: Array) -> Array:
        """The positions of the likeliest classes."""
        return outputs.argmax(axis=1).astype(np.float64)

    def plots(self, labels: Array, outputs: Array, champion: Array | None) -> Mapping[str, str]:
        """Which class is taken for which, how sure the model is rightly, and the recalls against the champion's."""
        labels, likeliest = labels.astype(int), outputs.argmax(axis=1)
        names = list(map(str, self.contract.classes))
        counts = confusion(labels, likeliest, len(names))
        recalls = {"candidate": of_classes(counts)[1]}
        if champion is not None:
            recalls["champion"] = of_classes(confusion(labels, champion.argmax(axis=1), len(names)))[1]
        return {
            "Confusion": plots.confusion(counts, names),
            "Calibration": plots.calibration((likeliest == labels).astype(float), outputs.max(axis=1)),
            "Recall": plots.by_class(recalls, names),
        }

    def summary(self, measured: Measured, rows: int) -> str:
        """Accuracy, and how the classes fare."""
        accuracy, f1, least = (shown(measured[name]) for name in ("accuracy", "macro_f1", "least_recall"))
        return f"accuracy {accuracy} on {rows} test rows, macro F1 {f1}, least recall of a class {least}"


def row_losses(labels: Array, outputs: Array) -> Array:
    """The log loss (n,) of each row; a class that was held for impossible has the largest finite one."""
    total = outputs.sum(axis=1, dtype=np.float64)
    said = outputs[np.arange(len(labels)), labels].astype(np.float64) / total
    return -np.log(np.maximum(said, _LEAST))


def _of_shares(labels: Array) -> Array:
    """The log loss (n,) of who says the classes' shares of every row (McFadden's pseudo-R² compares with it, 1974)."""
    shares = np.bincount(labels) / len(labels)
    return -np.log(shares[labels])
