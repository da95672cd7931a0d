"""The run as one HTML file: figures, timeline, and the jobs' own reports inside. Opens without a network."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import jinja2
import matplotlib as mpl
from matplotlib.figure import Figure

from local.loop.console import Step

mpl.rcParams["svg.hashsalt"] = "loop"


def render(*, title: str, figures: Mapping[str, str], steps: Sequence[Step], reports: Mapping[str, str]) -> str:
    """The page. `figures` are name -> value; `reports` are title -> complete HTML page of a job (shown as it is)."""
    return _TEMPLATE.render(title=title, figures=figures, steps=steps, timeline=timeline(steps), reports=reports)


def timeline(steps: Sequence[Step]) -> str:
    """When each step ran, in seconds since the start, as SVG."""
    figure = Figure(figsize=(11, 0.36 * len(steps) + 0.8), layout="constrained")
    axes = figure.add_subplot()
    positions = range(len(steps))
    axes.barh(positions, [step.end - step.start for step in steps], left=[step.start for step in steps])
    axes.set_yticks(positions, [f"{number}  {step.title}" for number, step in enumerate(steps, 1)])
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.grid(axis="x", alpha=0.3)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().partition("<!DOCTYPE")[2].partition(">")[2]  # embedded in HTML: no XML prologue


_TEMPLATE = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<style>
 body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
 table { border-collapse: collapse } td { padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #ddd }
 td:first-child { color: #555 }
 pre { background: #f6f6f6; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0 }
 iframe { width: 100%; height: 46rem; border: 1px solid #ddd } summary { cursor: pointer; font-weight: 600 }
 svg { max-width: 100%; height: auto }
</style></head><body>
<h1>{{ title }}</h1>
<table>{% for name, value in figures.items() %}<tr><td>{{ name }}<td>{{ value }}</tr>{% endfor %}</table>
<h2>Timeline</h2>
{{ timeline | safe }}
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
