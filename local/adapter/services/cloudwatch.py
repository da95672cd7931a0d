"""Amazon CloudWatch: alarms and dashboards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.adapter.conversions import json_text, one_of
from local.adapter.rules import exactly_one
from local.adapter.table import Call, ResourceType, To, text
from shapes.check import Fault

SERVICE = "cloudwatch"

_FAST_PERIODS = (10, 20, 30)
_MINUTE = 60


def _period(seconds: Any) -> Any:
    """PutMetricAlarm: 10, 20, 30 or a multiple of 60 seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return seconds
    if seconds not in _FAST_PERIODS and (seconds <= 0 or seconds % _MINUTE):
        raise ValueError("must be 10, 20, 30 or a multiple of 60 seconds")
    return seconds


def _metric_stat(metric: Any) -> Any:
    """A metric of a query: the API keeps what is measured apart from how."""
    if not isinstance(metric, Mapping):
        return metric
    how = {key: item for key, item in metric.items() if key in ("period", "stat", "unit")}
    what = {key: item for key, item in metric.items() if key not in how}
    return {"metric": what, **how}


def _datapoints(inputs: Mapping[str, Any]) -> Iterator[Fault]:
    """PutMetricAlarm: an "M out of N" alarm with M above N can never go off."""
    breaching, periods = inputs.get("datapointsToAlarm"), inputs.get("evaluationPeriods")
    if isinstance(breaching, int | float) and isinstance(periods, int | float) and breaching > periods:
        yield Fault(
            path="datapointsToAlarm", found=breaching, allowed=f"must be at most evaluationPeriods, {periods:g}"
        )


def _statistic(inputs: Mapping[str, Any]) -> Iterator[Fault]:
    if inputs.get("metricName") is not None:
        yield from exactly_one("statistic", "extendedStatistic")(inputs)


_DELETE_ALARMS = (Call("DeleteAlarms"),)

TYPES = (
    ResourceType(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        arn="alarm:{name}",
        fields={
            "metricQueries": "Metrics",
            "metricQueries.metric": To("MetricStat", _metric_stat),
            "name": "AlarmName",
            "period": To("Period", _period),
            "treatMissingData": To("TreatMissingData", one_of("breaching", "ignore", "missing", "notBreaching")),
        },
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        rules=(exactly_one("metricName", "metricQueries", "evaluationCriteria"), _statistic, _datapoints),
        delete=_DELETE_ALARMS,
    ),
    ResourceType(
        "aws:cloudwatch/dashboard:Dashboard",
        create=(Call("PutDashboard", failures="DashboardValidationMessages[0].Message"),),
        fields={"dashboardBody": To("DashboardBody", json_text)},
        delete=(Call("DeleteDashboards"),),
        outputs={"dashboardArn": text("arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}")},
    ),
)
