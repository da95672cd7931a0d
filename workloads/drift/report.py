"""The drift report as one HTML file for people: plots as inline SVG, opens without a network."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import jinja2
import matplotlib as mpl
from matplotlib.figure import Figure

BEFORE, NOW = "#8a8f98", "#1f6feb"


def render(report: Mapping[str, Any]) -> str:
    """The page for a report of `detection.detect`: a table of all distances and a plot a feature, most drifted
    first.
    """
    features = dict(sorted(report["features"].items(), key=lambda item: -item[1]["score"]))
    compared = features | ({"model score": report["score"]} if report["score"] else {})
    plots = {name: distribution(name, values) for name, values in compared.items()}
    return _TEMPLATE.render(r=report, compared=compared, plots=plots)


def distribution(name: str, values: Mapping[str, Any]) -> str:
    """Shares of rows a bin, in the baseline and live, as SVG. Bins that are empty in both are left out."""
    shown = [i for i in range(len(values["bins"])) if values["before"][i] or values["now"][i]]
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):  # equal reports are equal bytes
        figure = Figure(figsize=(5.4, 3.2), layout="constrained")
        axes = figure.add_subplot()
        positions = range(len(shown))
        for offset, key, color in ((-0.2, "before", BEFORE), (0.2, "now", NOW)):
            shares = [100 * values[key][i] for i in shown]
            axes.bar([p + offset for p in positions], shares, width=0.4, color=color, label=_LEGEND[key])
        axes.set_xticks(list(positions), [values["bins"][i] for i in shown], rotation=40, ha="right", fontsize=8)
        axes.set_ylabel("% of rows")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return "<svg" + text.getvalue().partition("<svg")[2]  # embedded in HTML: no XML prologue


_LEGEND = {"before": "training data", "now": "live"}

_TEMPLATE = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Drift of {{ r.endpoint }}</title>
<style>
 body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
 table { border-collapse: collapse } td, th { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right }
 td:first-child, th:first-child { text-align: left }
 .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem }
 .plots figure { margin: 0 } .plots svg { width: 100%; height: auto }
 .no { color: #b00020; font-weight: 600 }
</style></head><body>
<h1>Drift of {{ r.endpoint }}: <span{% if r.drifted %} class="no"{% endif %}>{{ r.status }}</span></h1>
{% if r.drift_score is none %}
<p>{{ r.rows }} rows were captured; {{ r.min_rows }} are needed for a score.</p>
{% else %}
<p>DriftScore <b>{{ "%.3f" | format(r.drift_score) }}</b> (limit {{ r.max_score }}), most drifted: {{ r.most_drifted }}.
It is the largest Jensen-Shannon distance of a feature, 0 to 1.</p>
{% endif %}
<p>{{ r.rows }} rows of {{ r.captured.records }} requests, from {{ r.captured.first or "never" }} to
{{ r.captured.last or "never" }}, against {{ r.baseline.rows }} training rows of data set
{{ r.baseline.dataset_version or "(unnamed)" }}.</p>
{% for reason, count in r.captured.unreadable.items() %}
<p class="no">{{ count }} requests could not be read: {{ reason }}.</p>
{% endfor %}
{% if compared %}
<table><tr><th>feature<th>Jensen-Shannon<th>PSI<th>Kolmogorov-Smirnov<th>missing before<th>missing now</tr>
{% for name, f in compared.items() %}
<tr{% if name in r.features and f.score > r.max_score %} class="no"{% endif %}><td>{{ name }}
<td>{{ "%.3f" | format(f.jensen_shannon) }}<td>{{ "%.3f" | format(f.psi) }}
<td>{{ "none" if f.ks is none else "%.3f" | format(f.ks) }}
<td>{{ "%.1f" | format(100 * f.missing_rate_before) }} %<td>{{ "%.1f" | format(100 * f.missing_rate_now) }} %</tr>
{% endfor %}</table>
<div class="plots">{% for name, svg in plots.items() %}<figure><figcaption>{{ name }}</figcaption>{{ svg | safe }}
</figure>{% endfor %}</div>
{% endif %}
</body></html>
""")
