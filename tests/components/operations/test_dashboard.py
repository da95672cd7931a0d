from __future__ import annotations

import json
from typing import Any

from components.operations.dashboard import dashboard
from tests.components.engine import NAMES


def widgets(variants: list[str]) -> dict[str, dict[str, Any]]:
    body = dashboard(NAMES, variants=variants, functions=["rollback"], dead_letters="churn-staging-dead-letters")
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    return {widget["properties"]["title"]: widget for widget in json.loads(body)["widgets"]}


def test_before_the_first_release_there_is_no_endpoint_to_show() -> None:
    assert list(widgets([])) == ["Training pipeline", "Functions", "Dead letters"]


def test_a_live_endpoint_is_shown_by_variant() -> None:
    found = widgets(["champion", "challenger"])
    assert list(found) == [
        "Invocations",
        "Errors",
        "Model latency (microseconds)",
        "CPU (percent, summed over cores) and memory (percent)",
        "Invocations per instance",
        "Model quality",
        "Training pipeline",
        "Functions",
        "Dead letters",
    ]
    assert found["Invocations"]["properties"]["metrics"] == [
        ["AWS/SageMaker", "Invocations", "EndpointName", "churn-staging", "VariantName", variant, {"stat": "Sum"}]
        for variant in ("champion", "challenger")
    ]
    assert found["Model quality"]["properties"]["metrics"] == [
        ["MLPipeline/ModelQuality", "DriftScore", "Endpoint", "churn-staging", {"stat": "Maximum"}],
        ["MLPipeline/ModelQuality", "PredictionAccuracy", "Endpoint", "churn-staging", {"stat": "Average"}],
    ]
    assert found["Functions"]["properties"]["metrics"][0] == [
        "AWS/Lambda",
        "Invocations",
        "FunctionName",
        "churn-staging-rollback",
        {"stat": "Sum"},
    ]


def test_widgets_fill_a_grid_without_overlap() -> None:
    found = widgets(["champion"])
    cells = [(w["x"], w["y"]) for w in found.values()]
    assert cells == [(x, y) for y in (0, 6, 12) for x in (0, 8, 16)]
    assert {(w["width"], w["height"]) for w in found.values()} == {(8, 6)}
    assert {w["properties"]["region"] for w in found.values()} == {"eu-west-1"}
