"""The evaluation as one HTML file for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from workloads.evaluation import plots
from workloads.evaluation.judges import Judge
from workloads.evaluation.judges.judge import Array

#: Features that the page tells of a row.
MOST_MOVED = 5


def render(
    evaluation: Mapping[str, Any], *, judge: Judge, labels: Array, outputs: Array, champion_outputs: Array | None
) -> str:
    """The report of one evaluation.json with the labels (n,) and outputs behind it."""
    drawn = {
        **judge.plots(labels, outputs, champion_outputs),
        "Importance": plots.importance(evaluation["importance"], evaluation["importance_unit"]),
    }
    return _TEMPLATE.render(e=evaluation, plots=drawn, margin=judge.margin)


def _cell(value: Any) -> str:
    """A figure of a segment."""
    return "none" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def _moved(features: Mapping[str, Mapping[str, Any]]) -> str:
    """The features that moved an answer most, with their values."""
    largest = sorted(features, key=lambda name: -abs(features[name]["contribution"]))[:MOST_MOVED]
    return ", ".join(
        f"{name} {'missing' if (value := features[name]['value']) is None else _cell(value)}: "
        f"{features[name]['contribution']:+.3f}"
        for name in largest
    )


_ENVIRONMENT = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
_ENVIRONMENT.filters |= {"cell": _cell, "moved": _moved}
_TEMPLATE = _ENVIRONMENT.from_string("""\
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
<p>{{ e.rows }} test rows, data {{ e.dataset_version }}
{%- if e.threshold is defined %}, decision threshold {{ "%.4g" | format(e.threshold) }}{% endif %}.
{%- if e.cost is defined %} It costs {{ "%.4g" | format(e.cost.mean) }} a row, to act always
{{ "%.4g" | format(e.cost.always) }}, never {{ "%.4g" | format(e.cost.never) }}.{% endif %}
{% if e.champion %}Champion: {{ e.champion.package_arn }}.{% else %}No champion yet.{% endif %}</p>
{% for warning in e.warnings %}<p class="no">{{ warning }}</p>{% endfor %}
<h2>Gate</h2>
<table><tr><th>check<th>found<th>allowed<th>contract<th></tr>
{% for c in e.gate.checks %}<tr{% if not c.passed %} class="no"{% endif %}><td>{{ c.name }}<td>{{ c.found }}
<td>{{ c.allowed }}<td>{{ c.key }}
<td>{{ "holds" if c.passed else "fails" }}{{ ": " if c.advice }}{{ c.advice }}</tr>{% endfor %}</table>
<h2>Metrics</h2>
<table>{% for name, m in e.metrics.items() %}<tr><td>{{ name }}<td>{{ "%.4f" | format(m.value) }}
<td>[{{ "%.4f" | format(m.low) }}, {{ "%.4f" | format(m.high) }}]</tr>{% endfor %}
</table>
{% for name, rows in e.segments.items() %}<h2>By {{ name }}</h2>
<table><tr><th>value{% for key in rows[0] if key != "segment" %}<th>{{ key | replace("_", " ") }}{% endfor %}</tr>
{% for r in rows %}<tr><td>{{ "missing" if r.segment is none else r.segment }}
{% for key, value in r.items() if key != "segment" %}<td>{{ value | cell }}{% endfor %}</tr>{% endfor %}</table>
{% if name in e.segments_left_out %}{% with left = e.segments_left_out[name] %}
<p>Not shown are {{ left.groups }} smaller groups with {{ left.rows }} rows together:
{% for value in left["values"] %}{{ "missing" if value is none else value }}{{ ", " if not loop.last }}{% endfor %}
{%- if left.groups > left["values"] | length %} and others{% endif %}.</p>{% endwith %}{% endif %}
{% endfor %}
{% if e.fairness %}<h2>Fairness</h2>
<table><tr><th>segment{% for name in (e.fairness.values() | first) %}<th>{{ name | replace("_", " ") }}{% endfor %}</tr>
{% for name, found in e.fairness.items() %}<tr><td>{{ name }}{% for value in found.values() %}<td>{{ value | cell }}
{% endfor %}</tr>{% endfor %}</table>{% endif %}
{% for segment, classes in (e.fairness_by_class | default({})).items() %}
<h3>Each class against all others, by {{ segment }}</h3>
<table><tr><th>class{% for name in (classes.values() | first) %}<th>{{ name | replace("_", " ") }}{% endfor %}</tr>
{% for name, found in classes.items() %}<tr><td>{{ name }}{% for value in found.values() %}<td>{{ value | cell }}
{% endfor %}</tr>{% endfor %}</table>{% endfor %}
{% if e.most_wrong %}<h2>Most wrong</h2>
<table><tr><th>entity<th>label<th>answer<th>moved most by (contributions, {{ margin }})</tr>
{% for r in e.most_wrong %}<tr><td>{{ r.entity | default("personal") }}<td>{{ r.label }}
<td>{% for name, value in r.answer.items() if value is not mapping %}{{ name }} {{ value | cell }} {% endfor %}
<td>{{ r.features | default({}) | moved }}</tr>{% endfor %}</table>{% endif %}
<div class="plots">{% for name, svg in plots.items() %}<figure><figcaption>{{ name }}</figcaption>{{ svg | safe }}
</figure>{% endfor %}</div>
</body></html>
""")
