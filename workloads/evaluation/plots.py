"""The plots of an evaluation as inline SVG: they open without a network."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from workloads.evaluation import metrics

Array = NDArray[Any]
#: Without this matplotlib salts the ids of an SVG, and equal reports would differ.
mpl.rcParams["svg.hashsalt"] = "evaluation"
MOST_POINTS = 2_000
MOST_NAMES = 12  # of classes that can be read beside each other


def roc(labels: Array, scores: Array, champion_scores: Array | None) -> str:
    """ROC curve of the candidate, and of the champion if there is one, as SVG."""
    axes = _axes("false positive rate", "true positive rate")
    for name, values in (("candidate", scores), ("champion", champion_scores)):
        if values is not None:
            alarms, hits = metrics.roc(labels, values)
            axes.plot(alarms, hits, label=f"{name}, AUC {np.trapezoid(hits, alarms):.3f}")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.legend(loc="lower right")
    return _svg(axes)


def calibration(labels: Array, scores: Array, bins: int = 10) -> str:
    """Observed share of positives against the mean score, per equal-width bin, as SVG."""
    axes = _axes("mean score", "share of positives")
    index = np.minimum((scores * bins).astype(int), bins - 1)
    points = [(scores[index == b].mean(), labels[index == b].mean()) for b in np.unique(index)]
    axes.plot(*zip(*points, strict=True), marker="o")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    return _svg(axes)


def distribution(labels: Array, scores: Array, threshold: float) -> str:
    """Histogram of the scores of both classes with the decision threshold, as SVG."""
    axes = _axes("score", "rows")
    axes.hist([scores[labels == 0], scores[labels == 1]], bins=np.linspace(0, 1, 41).tolist(), stacked=True)
    axes.legend(["negative", "positive"])
    axes.axvline(threshold, color="0.3", linestyle="--")
    return _svg(axes)


def importance(values: Mapping[str, float], unit: str) -> str:
    """How much each feature moves the answers, as SVG; of the first twenty."""
    axes = _axes(unit, "")
    names = sorted(values, key=lambda name: values[name])[-20:]
    axes.barh(names, [values[name] for name in names])
    return _svg(axes)


def predicted(labels: Array, outputs: Array) -> str:
    """Predictions against labels, as SVG; of many rows every so-many-th."""
    axes = _axes("label", "prediction")
    step = -(-len(labels) // MOST_POINTS)
    axes.scatter(labels[::step], outputs[::step], s=6, alpha=0.4, linewidths=0)
    ends = [min(labels.min(), outputs.min()), max(labels.max(), outputs.max())]
    axes.plot(ends, ends, color="0.7", linewidth=1)
    return _svg(axes)


def residuals(labels: Array, outputs: Array, champion: Array | None) -> str:
    """The distribution of prediction - label, and that of the champion if there is one, as SVG."""
    axes = _axes("prediction - label", "rows")
    errors = {"candidate": outputs - labels} | ({} if champion is None else {"champion": champion - labels})
    bins = np.histogram_bin_edges(np.concatenate(list(errors.values())), bins=40).tolist()
    for name, values in errors.items():
        axes.hist(values, bins=bins, histtype="step", label=name)
    axes.axvline(0, color="0.3", linestyle="--")
    axes.legend()
    return _svg(axes)


def by_tenth(predictions: Array, observed: Array, rows: Array) -> str:
    """The mean label of each tenth of the predictions, as SVG."""
    axes = _axes("mean prediction", f"mean label (bins of {int(rows.min())} rows or more)")
    axes.plot(predictions, observed, marker="o")
    axes.plot(predictions[[0, -1]], predictions[[0, -1]], color="0.7", linewidth=1)
    return _svg(axes)


def confusion(counts: Array, names: Sequence[str]) -> str:
    """Which class is taken for which: the rows of each true class in shares, as SVG."""
    axes = _axes("predicted", "true")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts) if len(names) <= MOST_NAMES else ():
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=color)
    if len(names) <= MOST_NAMES:
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=8)
        axes.set_yticks(range(len(names)), names, fontsize=8)
    return _svg(axes)


def by_class(recalls: Mapping[str, Array], names: Sequence[str]) -> str:
    """The recall of each class, one bar a model, as SVG."""
    axes = _axes("", "recall")
    for index, (model, values) in enumerate(recalls.items()):
        places = np.arange(len(names)) + 0.4 * index
        axes.bar(places, values, width=0.4, label=model)
    if len(names) <= MOST_NAMES:
        axes.set_xticks(range(len(names)), list(names), rotation=40, ha="right", fontsize=8)
    axes.legend(loc="lower right")
    return _svg(axes)


def _axes(x: str, y: str) -> Axes:
    axes = Figure(figsize=(5, 3.6), layout="constrained").add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return axes


def _svg(axes: Axes) -> str:
    buffer = io.StringIO()
    cast(Figure, axes.get_figure(root=True)).savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().partition("<!DOCTYPE")[2].partition(">")[2]  # embedded in HTML: no XML prologue
