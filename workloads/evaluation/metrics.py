"""Quality of a binary classifier on labelled rows, with confidence intervals.

Labels are an array (n,) of 0 and 1, scores an array (n,) of probabilities in [0, 1].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from contracts.schema import Cost
from workloads.evaluation.bootstrap import Draws
from workloads.evaluation.intervals import Interval, TooFewError, around, mean
from workloads.evaluation.segments import Groups
from workloads.inference.decision import decider

Array = NDArray[Any]
#: Metrics that depend on the decision threshold.
AT_THRESHOLD = ("accuracy", "f1", "precision", "recall", "positive_share")


def auc(labels: Array, scores: Array, entities: Array | None = None) -> Interval:
    """Area under the ROC curve with DeLong's interval.

    `entities` (n,) say which rows belong together, so that ten rows of one customer do not count as ten customers;
    without them every row stands alone.
    """
    return around(*_delong(labels, scores[None, :], entities), low=0.0, high=1.0)


def auc_difference(labels: Array, candidate: Array, champion: Array, entities: Array | None = None) -> Interval:
    """AUC(candidate) - AUC(champion) on the same rows. The scores are correlated, which makes the interval narrow."""
    values, covariance = _delong(labels, np.stack([candidate, champion]), entities)
    contrast = np.array([1.0, -1.0])
    return around(contrast @ values, contrast @ covariance @ contrast, low=-1.0, high=1.0)


def at_threshold(labels: Array, scores: Array, threshold: float) -> dict[str, float]:
    """Accuracy, F1, precision, recall and the share of rows decided positive, deciding as the service does."""
    decided = decisions(scores, threshold)
    precision, recall, f1 = (float(found[1]) for found in of_classes(confusion(labels, decided, 2)))
    return {
        "accuracy": float((decided == (labels == 1)).mean()),
        "f1": f1,
        "precision": precision,
        "recall": recall,
        "positive_share": float(decided.mean()),
    }


def confusion(labels: Array, decided: Array, classes: int) -> Array:
    """How many rows of each class (first axis) are decided to be each (classes, classes); both (n,) hold positions."""
    cells = labels.astype(int) * classes + decided
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def of_classes(counts: Array) -> tuple[Array, Array, Array]:
    """Precision, recall and F1 (classes,) by what `confusion` has counted; 0 where there is nothing to divide by."""
    right, rows, decided = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return rates(np.concatenate([right, rows, decided]))


def rates(sums: Array) -> tuple[Array, Array, Array]:
    """As `of_classes` (..., classes), of sums (..., 3 classes): the right rows of each class, its rows, and those
    that are decided to be it."""
    right, rows, decided = np.split(sums, 3, axis=-1)
    return _shares(right, decided), _shares(right, rows), _shares(2 * right, rows + decided)


def rate_sums(labels: Array, decided: Array, classes: int, draws: Draws) -> Array:
    """What `rates` reads (blocks, 3 classes) of the blocks of `draws`."""
    right = draws.sums(labels, classes, (labels == decided).astype(np.float64))
    return np.concatenate([right, draws.sums(labels, classes), draws.sums(decided, classes)], axis=1)


def roc(labels: Array, scores: Array) -> tuple[Array, Array]:
    """The ROC curve from (0, 0) to (1, 1): false and true positive rate (k,) at its corners.

    Equal scores are one step, however their rows are ordered (Fawcett, "An introduction to ROC analysis", 2006), and
    points between two others on one straight line are left out: a plot of millions of rows stays small.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # of the rows that have the same score
    hits = np.append(0, np.cumsum(labels[order] == 1)[last])
    alarms = np.append(0, last + 1) - hits
    up, right = np.diff(hits), np.diff(alarms)
    kept = np.concatenate([[True], up[:-1] * right[1:] != up[1:] * right[:-1], [True]])
    return alarms[kept] / alarms[-1], hits[kept] / hits[-1]


def cost(labels: Array, scores: Array, threshold: float, of: Cost) -> dict[str, float]:
    """The mean cost of a row at the threshold, and of what can be had without a model: to act always, or never."""
    decided, positive = decisions(scores, threshold), labels == 1
    wrong = of.false_positive * (decided & ~positive) + of.false_negative * (~decided & positive)
    share = float(positive.mean())
    return {
        "mean": float(wrong.mean()),
        "always": of.false_positive * (1 - share),
        "never": of.false_negative * share,
    }


def decided(labels: Array, scores: Array, threshold: float, entities: Array, draws: Draws) -> dict[str, Interval]:
    """`at_threshold` with intervals: of means by entities, of what is a ratio of both by drawing them."""
    positive = decisions(scores, threshold)
    right = positive == (labels == 1)
    sums = rate_sums(labels, positive, 2, draws)
    precision, recall, f1 = (draws.share(sums, lambda sums, i=i: rates(sums)[i][..., 1]) for i in range(3))
    return {
        "accuracy": mean(right.astype(np.float64), entities, low=0.0, high=1.0),
        "f1": f1,
        "precision": precision,
        "recall": recall,
        "positive_share": mean(positive.astype(np.float64), entities, low=0.0, high=1.0),
    }


def probabilities(labels: Array, scores: Array, entities: Array, draws: Draws) -> dict[str, Interval]:
    """How good the scores are as probabilities: log loss, Brier score and expected calibration error.

    A score of 0 or 1 counts as the nearest one that its type tells from it, or one such row made all others not count.
    """
    closest = float(np.finfo(scores.dtype).eps)
    exact, positive = scores.astype(np.float64), labels == 1
    said = np.clip(np.where(positive, exact, 1 - exact), closest, 1 - closest)
    return {
        "logloss": mean(-np.log(said), entities, low=0.0),
        "brier": mean((exact - positive) ** 2, entities, low=0.0, high=1.0),
        "calibration_error": calibration_error(labels, scores, draws),
    }


def calibration_error(labels: Array, scores: Array, draws: Draws, bins: int = 10) -> Interval:
    """Expected calibration error over equal-width bins (Guo et al., "On Calibration of Modern Networks", ICML 2017)."""
    index = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = draws.sums(index, bins, labels - scores.astype(np.float64))
    return draws.distance(gaps, draws.sums(index, bins), lambda rows: rows.sum(axis=-1), high=1.0)


def by_segment(labels: Array, scores: Array, groups: Groups, threshold: float) -> list[dict[str, Any]]:
    """Per segment: rows, share decided positive (demographic parity), recall (equal opportunity), accuracy.

    The recall of a group without positives is None: it says nothing, and is no 0.
    """
    report: list[dict[str, Any]] = []
    for value, here in groups.reported():
        found = at_threshold(labels[here], scores[here], threshold)
        positives = int(labels[here].sum())
        report.append(
            {
                "segment": value,
                "rows": here.size,
                "positives": positives,
                "positive_share": found["positive_share"],
                "recall": found["recall"] if positives else None,
                "accuracy": found["accuracy"],
            }
        )
    return report


def decisions(scores: Array, threshold: float) -> Array:
    """The decisions (n,), as the service makes them."""
    return np.array(list(map(decider(threshold), scores.tolist())), dtype=bool)


def _shares(parts: Array, wholes: Array) -> Array:
    return np.divide(parts, wholes, out=np.zeros(parts.shape), where=wholes > 0)


def _delong(labels: Array, scores: Array, entities: Array | None) -> tuple[Array, Array]:
    """AUC of each row of `scores` (k, n) and their covariance (k, k).

    DeLong et al., Biometrics 44 (1988), in the O(n log n) form of Sun and Xu, IEEE Signal Processing Letters 21 (2014),
    with the sums over the rows of an entity of Obuchowski, Biometrics 53 (1997); where no entity has two rows it is
    DeLong's.
    """
    positive = labels == 1
    hits, misses = scores[:, positive].astype(float), scores[:, ~positive].astype(float)
    m, n = hits.shape[1], misses.shape[1]
    owners = np.arange(len(labels)) if entities is None else np.unique(entities, return_inverse=True)[1]
    of_hits, of_misses = (np.unique(owners[part]).size for part in (positive, ~positive))
    if of_hits < 2 or of_misses < 2:
        raise TooFewError(
            f"the test set has positive rows of {of_hits} and negative rows of {of_misses} entities; "
            "at least 2 of each are needed; give more data, or a larger split.test in the contract"
        )
    together = stats.rankdata(np.concatenate([hits, misses], axis=1), axis=1)
    among_hits, among_misses = stats.rankdata(hits, axis=1), stats.rankdata(misses, axis=1)
    values = (together[:, :m].sum(axis=1) - m * (m + 1) / 2) / (m * n)
    placed_hits = (together[:, :m] - among_hits) / n
    placed_misses = 1 - (together[:, m:] - among_misses) / m
    x = _sums(placed_hits - values[:, None], owners[positive], owners.max() + 1) / m
    y = _sums(placed_misses - values[:, None], owners[~positive], owners.max() + 1) / n
    count = np.unique(owners).size
    both = x @ y.T * count / (count - 1)  # of entities with rows of both classes
    return values, x @ x.T * of_hits / (of_hits - 1) + y @ y.T * of_misses / (of_misses - 1) + both + both.T


def _sums(values: Array, owners: Array, count: int) -> Array:
    """The sums (k, count) over each owner's columns of `values` (k, n)."""
    return np.stack([np.bincount(owners, weights=row, minlength=count) for row in values])
