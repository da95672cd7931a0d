from __future__ import annotations

import json

from components.operations.dashboard import dashboard
from components.watch import Series, Widget

CALLS = Series(namespace="AWS/Lambda", metric="Errors", dimensions={"FunctionName": "f"}, statistic="Sum")


def test_a_widget_is_a_graph_of_its_series() -> None:
    body = dashboard("eu-west-1", [Widget(title="Functions", series=[CALLS], period_seconds=3600)])
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    (placed,) = json.loads(body)["widgets"]
    assert placed["properties"] == {
        "title": "Functions",
        "region": "eu-west-1",
        "view": "timeSeries",
        "stacked": False,
        "period": 3600,
        "metrics": [["AWS/Lambda", "Errors", "FunctionName", "f", {"stat": "Sum"}]],
    }


def test_widgets_fill_a_grid_without_overlap() -> None:
    placed = json.loads(dashboard("eu-west-1", [Widget(title=str(i), series=[CALLS]) for i in range(7)]))["widgets"]
    cells = [(w["x"], w["y"]) for w in placed]
    assert cells == [(0, 0), (8, 0), (16, 0), (0, 6), (8, 6), (16, 6), (0, 12)]
    assert {(w["width"], w["height"]) for w in placed} == {(8, 6)}
