"""What an alarm reads: one statistic of one metric, or simple metric math over several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.models import Alarm

from local.emulator.cloudwatch import expressions, series
from local.emulator.cloudwatch.evaluation import COMPARISONS


class NotEvaluated(ValueError):  # noqa: N818  a finding about an alarm, not a failure
    """This alarm is of a kind the emulator stores but does not evaluate; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """One statistic of a metric; with a `unit`, only of the samples published in it."""

    metric: series.Metric
    name: str
    unit: str | None


@dataclass(frozen=True, kw_only=True)
class Source:
    """What an alarm computes for each period of `period` seconds: `expression` over statistics by id."""

    period: float
    statistics: dict[str, Statistic]
    expression: str


def source(alarm: Alarm) -> Source:
    """What an alarm reads.

    Raises:
        NotEvaluated: composite, anomaly-detection and complex metric-math alarms.
    """
    if alarm.rule is not None:
        raise NotEvaluated("composite alarms are not evaluated")
    if alarm.comparison_operator not in COMPARISONS:
        raise NotEvaluated(f"{alarm.comparison_operator} (anomaly detection) is not evaluated")
    if alarm.metric_data_queries:
        return _math(alarm)
    read = Statistic(
        metric=series.metric(alarm.namespace, alarm.metric_name, alarm.dimensions),
        name=alarm.extended_statistic or alarm.statistic,
        unit=alarm.unit,
    )
    return Source(period=float(alarm.period), statistics={"m": read}, expression="m")


def returns_data(query: Any) -> bool:
    """Whether a query's result is the alarm's; the API's default is that it is."""
    return query.return_data is None or bool(query.return_data)


def _math(alarm: Alarm) -> Source:
    statistics: dict[str, Statistic] = {}
    periods: set[float] = set()
    for query in alarm.metric_data_queries:
        if (stat := query.metric_stat) is not None:
            read = series.metric(stat.metric.namespace, stat.metric.metric_name, stat.metric.dimensions)
            statistics[query.id] = Statistic(metric=read, name=stat.stat, unit=stat.unit)
            periods.add(float(stat.period))
    returned = [query for query in alarm.metric_data_queries if returns_data(query)]
    if len(returned) != 1 or len(periods) != 1:
        raise NotEvaluated("a metric-math alarm needs one query with ReturnData and one period for all metrics")
    text = returned[0].expression or returned[0].id
    try:
        unknown = expressions.names(expressions.parse(text)) - set(statistics)
    except expressions.UnsupportedExpression as error:
        raise NotEvaluated(str(error)) from error
    if unknown:
        raise NotEvaluated(f"expression {text!r} reads {', '.join(sorted(unknown))}, no metric of the alarm")
    return Source(period=periods.pop(), statistics=statistics, expression=text)
