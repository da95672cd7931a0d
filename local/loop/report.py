"""The run as one HTML file: figures, timeline, and the jobs' own reports inside. Opens without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jinja2

from local.loop.console import Step


def render(
    *, title: str, ending: str, figures: Mapping[str, str], steps: Sequence[Step], reports: Mapping[str, str]
) -> str:
    """The page. `ending` says why the run stopped before its end, or is empty; `figures` are name -> value; `reports`
    are title -> complete HTML page of a job (shown as it is).
    """
    return _TEMPLATE.render(title=title, ending=ending, figures=figures, steps=steps, reports=reports)


_TEMPLATE = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<style>
 body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
 table { border-collapse: collapse } td { padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #ddd }
 td:first-child { color: #555 }
 pre { background: #f6f6f6; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0 }
 iframe { width: 100%; height: 46rem; border: 1px solid #ddd } summary { cursor: pointer; font-weight: 600 }
 .timeline { width: 100% } .timeline td:nth-child(2) { width: 60%; padding: .2rem 0 }
 .timeline div { background: #4477aa; height: .9rem; min-width: 2px }
</style></head><body>
<h1>{{ title }}</h1>
{% if ending %}<p><strong>{{ ending }}</strong></p>{% endif %}
<table>{% for name, value in figures.items() %}<tr><td>{{ name }}<td>{{ value }}</tr>{% endfor %}</table>
<h2>Timeline</h2>
<table class="timeline">{% set seconds = [steps[-1].end, 0.001] | max %}{% for step in steps %}
<tr><td>{{ loop.index }}. {{ step.title }}<td><div style="margin-left: {{ (100 * step.start / seconds) | round(2) }}%;\
 width: {{ (100 * (step.end - step.start) / seconds) | round(2) }}%"></div>
<td>{{ "%.1f" | format(step.start) }} to {{ "%.1f" | format(step.end) }} s</tr>{% endfor %}
</table>
<h2>Reports of the jobs</h2>
{% for name, page in reports.items() %}<details{% if loop.first %} open{% endif %}><summary>{{ name }}</summary>
<iframe title="{{ name }}" srcdoc="{{ page }}"></iframe></details>
{% endfor %}
<h2>What happened</h2>
{% for step in steps %}<h3>{{ loop.index }}. {{ step.title }} ({{ "%.1f" | format(step.end - step.start) }} s)</h3>
<pre>{{ step.lines | join("\\n") }}</pre>
{% endfor %}
</body></html>
""")
