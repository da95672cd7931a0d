"""PutDashboard refuses a body that CloudWatch could not draw; moto takes any JSON.

Source: CloudWatch API reference, "Dashboard body structure and syntax", and PutDashboard, DashboardValidationMessages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from local.emulator.errors import AwsError
from local.emulator.extension import wrap

#: What the properties of a widget must have, by its type. A metric widget may show an alarm in place of metrics.
_REQUIRED = {
    "metric": ("region",),
    "text": ("markdown",),
    "log": ("query", "region"),
    "alarm": ("alarms",),
    "explorer": ("metrics",),
    "custom": ("endpoint",),
}
_BOUNDS = {"x": (0, 23), "y": (0, 1_000_000), "width": (1, 24), "height": (1, 1000)}
_MOST_WIDGETS = 500


def faults(body: Any) -> list[tuple[str, str]]:
    """Data path and message of everything that CloudWatch would refuse in a body."""
    if not isinstance(body, dict):
        return [("", "should be object")]
    widgets = body.get("widgets")
    if not isinstance(widgets, list):
        return [("/widgets", "should be array")]
    found = [("/widgets", f"should NOT have more than {_MOST_WIDGETS} items")] if len(widgets) > _MOST_WIDGETS else []
    return found + [fault for index, widget in enumerate(widgets) for fault in _of_widget(widget, f"/widgets/{index}")]


def _of_widget(widget: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(widget, dict) or widget.get("type") not in _REQUIRED:
        yield f"{path}/type", f"should be equal to one of the allowed values: {', '.join(_REQUIRED)}"
        return
    for key, (least, most) in _BOUNDS.items():
        value = widget.get(key, least)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            yield f"{path}/{key}", f"should be integer >= {least} and <= {most}"
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield f"{path}/properties", "should be object"
        return
    for key in _REQUIRED[widget["type"]]:
        if not properties.get(key):
            yield f"{path}/properties", f"should have required property '{key}'"
    if widget["type"] == "metric":
        yield from _of_graph(properties, f"{path}/properties")


def _of_graph(properties: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    metrics = properties.get("metrics", [])
    alarms = (properties.get("annotations") or {}).get("alarms")
    if not metrics and not alarms:
        yield f"{path}/metrics", "should NOT have fewer than 1 items"
    for index, metric in enumerate(metrics):
        named = [part for part in metric if isinstance(part, str)] if isinstance(metric, list) else []
        computed = isinstance(metric, list) and any(isinstance(part, dict) and "expression" in part for part in metric)
        if not computed and (len(named) < 2 or len(named) % 2):
            yield f"{path}/metrics/{index}", "should be a namespace, a metric, and pairs of dimension and value"


def install() -> None:
    """Refuse such bodies."""
    wrap(CloudWatchResponse, "put_dashboard", _checked)


def _checked(original: Callable[..., ActionResult], self: CloudWatchResponse) -> ActionResult:
    try:
        found = faults(json.loads(self._get_param("DashboardBody")))
    except ValueError:
        return original(self)  # moto refuses what is not JSON
    if found:
        messages = json.dumps([{"dataPath": path, "message": message} for path, message in found])
        text = f"The dashboard body is invalid, there are {len(found)} validation errors: {messages}"
        raise AwsError("InvalidParameterInput", text)
    return original(self)
