"""Amazon CloudWatch: alarms and dashboards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.adapter.conversions import json_text, one_of
from local.adapter.rules import exactly_one
from local.adapter.table import ID, INLINE, Autoname, Call, ResourceType, Tagging, To, arn, text, value
from shapes.check import Fault

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


_TAGS = Tagging(tag="TagResource", untag="UntagResource", given={"ResourceARN": value("arn")})

METRIC_ALARM = ResourceType(
    type="aws:cloudwatch/metricAlarm:MetricAlarm",
    service="cloudwatch",
    autoname=Autoname(longest=255),
    create=(Call(operation="PutMetricAlarm"),),
    fields={
        "metricQueries": "Metrics",
        "metricQueries.metric": To("MetricStat", _metric_stat),
        "name": "AlarmName",
        "period": To("Period", _period),
        "treatMissingData": To("TreatMissingData", one_of("breaching", "ignore", "missing", "notBreaching")),
    },
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    rules=(exactly_one("metricName", "metricQueries", "evaluationCriteria"), _statistic, _datapoints),
    update=(Call(operation="PutMetricAlarm"),),
    delete=(Call(operation="DeleteAlarms", given={"AlarmNames[]": ID}),),
    replace=("name",),
    id=value("name"),
    outputs={"arn": arn("cloudwatch", "alarm:{name}")},
    tags=_TAGS,
)

COMPOSITE_ALARM = ResourceType(
    type="aws:cloudwatch/compositeAlarm:CompositeAlarm",
    service="cloudwatch",
    create=(Call(operation="PutCompositeAlarm"),),
    fields={
        "actionsSuppressor": INLINE,
        "actionsSuppressor.alarm": "ActionsSuppressor",
        "actionsSuppressor.extensionPeriod": "ActionsSuppressorExtensionPeriod",
        "actionsSuppressor.waitPeriod": "ActionsSuppressorWaitPeriod",
    },
    defaults={"actionsEnabled": True},
    update=(Call(operation="PutCompositeAlarm"),),
    delete=(Call(operation="DeleteAlarms", given={"AlarmNames[]": ID}),),
    replace=("alarmName",),
    id=value("alarmName"),
    outputs={"arn": arn("cloudwatch", "alarm:{alarmName}")},
    tags=_TAGS,
)

DASHBOARD = ResourceType(
    type="aws:cloudwatch/dashboard:Dashboard",
    service="cloudwatch",
    create=(Call(operation="PutDashboard", failures="DashboardValidationMessages[0].Message"),),
    fields={"dashboardBody": To("DashboardBody", json_text)},
    update=(Call(operation="PutDashboard", failures="DashboardValidationMessages[0].Message"),),
    delete=(Call(operation="DeleteDashboards", given={"DashboardNames[]": ID}),),
    replace=("dashboardName",),
    id=value("dashboardName"),
    outputs={"dashboardArn": text("arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}")},
)

TYPES = (METRIC_ALARM, COMPOSITE_ALARM, DASHBOARD)
