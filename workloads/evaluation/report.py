"""The evaluation as one HTML file for people: plots as inline SVG, opens without a network."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, cast

import jinja2
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn import metrics

Array = NDArray[Any]
#: Without this matplotlib salts the ids of an SVG, and equal reports would differ.
mpl.rcParams["svg.hashsalt"] = "evaluation"


def render(evaluation: Mapping[str, Any], *, labels: Array, scores: Array, champion_scores: Array | None) -> str:
    """The report of one evaluation.json with the scores (n,) behind it."""
    plots = {
        "ROC": roc(labels, scores, champion_scores),
        "Calibration": calibration(labels, scores),
        "Scores": distribution(labels, scores, evaluation["threshold"]),
        "Importance": importance(evaluation["importance"]),
    }
    return _TEMPLATE.render(e=evaluation, plots=plots)


def roc(labels: Array, scores: Array, champion_scores: Array | None) -> str:
    """ROC curve of the candidate, and of the champion if there is one, as SVG."""
    axes = _axes("false positive rate", "true positive rate")
    for name, values in (("candidate", scores), ("champion", champion_scores)):
        if values is not None:
            fpr, tpr, _ = metrics.roc_curve(labels, values)
            axes.plot(fpr, tpr, label=f"{name}, AUC {metrics.auc(fpr, tpr):.3f}")
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


def importance(values: Mapping[str, float]) -> str:
    """Mean absolute SHAP value per feature, as SVG."""
    axes = _axes("mean |SHAP| (log odds)", "")
    names = sorted(values, key=lambda name: values[name])[-20:]
    axes.barh(names, [values[name] for name in names])
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


_TEMPLATE = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Evaluation</title>
<style>
 body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
 table { border-collapse: collapse } td, th { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: left }
 .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem }
 .no { color: #b00020; font-weight: 600 }
</style></head><body>
<h1>Evaluation: {{ e.gate.decision }}</h1>
<p>{{ e.gate.reason }}</p>
<p>{{ e.rows }} test rows, data {{ e.dataset_version }}, decision threshold {{ e.threshold }}.
{% if e.champion %}Champion: {{ e.champion.package_arn }}.{% else %}No champion yet.{% endif %}</p>
{% for warning in e.warnings %}<p class="no">{{ warning }}</p>{% endfor %}
<h2>Gate</h2>
<table><tr><th>check<th>found<th>allowed<th>contract<th></tr>
{% for c in e.gate.checks %}<tr{% if not c.passed %} class="no"{% endif %}><td>{{ c.name }}<td>{{ c.found }}
<td>{{ c.allowed }}<td>{{ c.key }}<td>{{ "holds" if c.passed else "fails" }}</tr>{% endfor %}</table>
<h2>Metrics</h2>
<table>{% for name, m in e.metrics.items() %}<tr><td>{{ name }}<td>{{ "%.4f" | format(m.value) }}
<td>{% if m.low is defined %}[{{ "%.4f" | format(m.low) }}, {{ "%.4f" | format(m.high) }}]{% endif %}</tr>{% endfor %}
</table>
{% for name, rows in e.segments.items() %}<h2>By {{ name }}</h2>
<table><tr><th>value<th>rows<th>positives<th>decided positive<th>recall<th>accuracy</tr>
{% for r in rows %}<tr><td>{{ "missing" if r.segment is none else r.segment }}<td>{{ r.rows }}<td>{{ r.positives }}
<td>{{ "%.3f" | format(r.positive_share) }}<td>{{ "none" if r.recall is none else "%.3f" | format(r.recall) }}
<td>{{ "%.3f" | format(r.accuracy) }}</tr>{% endfor %}</table>{% endfor %}
<div class="plots">{% for name, svg in plots.items() %}<figure><figcaption>{{ name }}</figcaption>{{ svg | safe }}
</figure>{% endfor %}</div>
</body></html>
""")
