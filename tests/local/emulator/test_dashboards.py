"""A dashboard that CloudWatch would refuse is refused here too, with the place and the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.cloudwatch.dashboards import faults

PLACE = {"x": 0, "y": 0, "width": 8, "height": 6}
NEEDS_ONE = "should NOT have fewer than 1 items"


def graph(**properties: Any) -> dict[str, Any]:
    metrics = [["AWS/Lambda", "Errors", "FunctionName", "f", {"stat": "Sum"}]]
    return {"type": "metric", **PLACE, "properties": {"region": "eu-west-1", "metrics": metrics} | properties}


TEXT = {"type": "text", **PLACE, "properties": {"markdown": "# hello"}}


@pytest.mark.parametrize(
    "widget",
    [
        graph(),
        graph(metrics=[["AWS/Lambda", "Errors"]]),
        graph(metrics=[[{"expression": "a + b", "id": "c"}]]),
        graph(metrics=[], annotations={"alarms": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"]}),
        TEXT,
        {"type": "alarm", "properties": {"alarms": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"]}},
    ],
)
def test_what_cloudwatch_draws_is_accepted(widget: dict[str, Any]) -> None:
    assert faults({"widgets": [widget]}) == []


@pytest.mark.parametrize(
    ("widget", "path", "message"),
    [
        (graph(metrics=[]), "/properties/metrics", NEEDS_ONE),
        (graph(metrics=[], annotations={"alarms": []}), "/properties/metrics", NEEDS_ONE),
        (
            graph(metrics=[["AWS/Lambda"]]),
            "/properties/metrics/0",
            "should be a namespace, a metric, and pairs of dimension and value",
        ),
        (
            graph(metrics=[["AWS/Lambda", "Errors", "FunctionName", {"stat": "Sum"}]]),
            "/properties/metrics/0",
            "should be a namespace, a metric, and pairs of dimension and value",
        ),
        (graph(region=""), "/properties", "should have required property 'region'"),
        (TEXT | {"width": 25}, "/width", "should be integer >= 1 and <= 24"),
        (TEXT | {"x": -1}, "/x", "should be integer >= 0 and <= 23"),
        (TEXT | {"height": 1.5}, "/height", "should be integer >= 1 and <= 1000"),
        (TEXT | {"properties": {}}, "/properties", "should have required property 'markdown'"),
        (TEXT | {"properties": None}, "/properties", "should be object"),
        (
            TEXT | {"type": "grph"},
            "/type",
            "should be equal to one of the allowed values: metric, text, log, alarm, explorer, custom",
        ),
    ],
)
def test_what_cloudwatch_refuses_is_refused_at_its_place(widget: dict[str, Any], path: str, message: str) -> None:
    assert faults({"widgets": [TEXT, widget]}) == [(f"/widgets/1{path}", message)]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ([], [("", "should be object")]),
        ({}, [("/widgets", "should be array")]),
        ({"widgets": [TEXT] * 501}, [("/widgets", "should NOT have more than 500 items")]),
    ],
)
def test_a_body_needs_a_list_of_widgets_of_bounded_length(body: Any, found: list[tuple[str, str]]) -> None:
    assert faults(body) == found


def test_the_api_answers_with_all_faults_and_keeps_nothing(cloudwatch: Any, name: str) -> None:
    body = json.dumps({"widgets": [graph(metrics=[]), graph(region="")]})
    with pytest.raises(ClientError) as refused:
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterInput"
    assert error["Message"] == (
        "The dashboard body is invalid, there are 2 validation errors: "
        '[{"dataPath": "/widgets/0/properties/metrics", "message": "should NOT have fewer than 1 items"}, '
        '{"dataPath": "/widgets/1/properties", "message": "should have required property \'region\'"}]'
    )
    assert [d for d in cloudwatch.list_dashboards()["DashboardEntries"] if d["DashboardName"] == name] == []
    with pytest.raises(ClientError, match="InvalidParameterInput"):
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{")
