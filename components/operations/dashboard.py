"""The body of a CloudWatch dashboard as a pure function: what people look at when an alarm calls them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from components.watch import Widget

#: A dashboard is 24 units wide (Amazon CloudWatch API reference, "Dashboard body structure and syntax").
WIDTH: Final = 24
HEIGHT: Final = 6
PER_ROW: Final = 3


def dashboard(region: str, widgets: Sequence[Widget]) -> str:
    """The widgets in rows of three, as JSON in a stable order."""
    width = WIDTH // PER_ROW
    placed = [
        {"type": "metric", "x": i % PER_ROW * width, "y": i // PER_ROW * HEIGHT, "width": width, "height": HEIGHT}
        | {"properties": _properties(region, widget)}
        for i, widget in enumerate(widgets)
    ]
    return json.dumps({"widgets": placed}, sort_keys=True, separators=(",", ":"))


def _properties(region: str, widget: Widget) -> dict[str, Any]:
    return {
        "title": widget.title,
        "region": region,
        "view": "timeSeries",
        "stacked": False,
        "period": widget.period_seconds,
        "metrics": [
            [s.namespace, s.metric, *(part for pair in s.dimensions.items() for part in pair), {"stat": s.statistic}]
            for s in widget.series
        ],
    }
