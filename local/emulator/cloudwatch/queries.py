"""GetMetricStatistics and GetMetricData with percentiles, exact dimensions and simple metric math.

moto answers percentiles with nothing, matches dimensions by their order and ignores the namespace when any are given.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from local.emulator.cloudwatch import expressions, series
from local.emulator.cloudwatch.series import Metric, Sample
from local.emulator.extension import replace


def by_period(found: Iterable[Sample], start: float, end: float, period: float) -> dict[float, list[Sample]]:
    """Samples in [start, end) by the start of their period; periods are aligned to the epoch, as on CloudWatch."""
    periods: dict[float, list[Sample]] = {}
    for sample in found:
        if start <= sample.time < end:
            periods.setdefault(sample.time - sample.time % period, []).append(sample)
    return dict(sorted(periods.items()))


def _samples(backend: CloudWatchBackend, wanted: Metric, unit: str | None) -> list[Sample]:
    """The samples of a metric, those that moto's own services provide included."""
    return [
        series.sample(datum)
        for datum in backend.get_all_metrics()
        if series.metric(datum.namespace, datum.name, datum.dimensions) == wanted and unit in (None, datum.unit)
    ]


def _wanted(namespace: str, name: str, dimensions: list[dict[str, str]] | None) -> Metric:
    named = frozenset((d["Name"], d["Value"]) for d in dimensions or [])
    return Metric(namespace=namespace, name=name, dimensions=named)


def _statistic(name: str, chosen: list[Sample]) -> float | None:
    try:
        return series.statistic(name, chosen)
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error


def get_metric_statistics(self: CloudWatchResponse) -> ActionResult:
    """GetMetricStatistics."""
    request = self._get_params()
    start, end = series.epoch(request["StartTime"]), series.epoch(request["EndTime"])
    if start >= end:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    wanted = _wanted(request["Namespace"], request["MetricName"], request.get("Dimensions"))
    found = _samples(self.cloudwatch_backend, wanted, request.get("Unit"))
    points: list[dict[str, Any]] = []
    for moment, chosen in by_period(found, start, end, float(request["Period"])).items():
        point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(moment, UTC), "Unit": chosen[0].unit or "None"}
        point |= {name: _statistic(name, chosen) for name in request.get("Statistics") or []}
        extended = {name: _statistic(name, chosen) for name in request.get("ExtendedStatistics") or []}
        points.append(point | ({"ExtendedStatistics": extended} if extended else {}))
    return ActionResult({"Label": request["MetricName"], "Datapoints": points})


def get_metric_data(
    self: CloudWatchBackend,
    queries: list[dict[str, Any]],
    start_time: datetime,
    end_time: datetime,
    scan_by: str = "TimestampDescending",
) -> list[dict[str, Any]]:
    """GetMetricData."""
    start, end = series.epoch(start_time), series.epoch(end_time)
    if start >= end:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    read = {q["Id"]: _read(self, q["MetricStat"], start, end) for q in queries if q.get("MetricStat")}
    results: list[dict[str, Any]] = []
    for query in queries:
        if query.get("ReturnData", True):
            points = read[query["Id"]] if query["Id"] in read else _computed(query, read)
            ordered = sorted(points.items(), reverse=scan_by != "TimestampAscending")
            results.append(
                {
                    "id": query["Id"],
                    "label": query.get("Label") or _label(query),
                    "timestamps": [datetime.fromtimestamp(moment, UTC) for moment, _ in ordered],
                    "values": [value for _, value in ordered],
                    "status_code": "Complete",
                }
            )
    return results


def _label(query: dict[str, Any]) -> str:
    return query["MetricStat"]["Metric"]["MetricName"] if query.get("MetricStat") else query["Id"]


def _read(backend: CloudWatchBackend, stat: dict[str, Any], start: float, end: float) -> dict[float, float]:
    named = stat["Metric"]
    found = _samples(
        backend, _wanted(named["Namespace"], named["MetricName"], named.get("Dimensions")), stat.get("Unit")
    )
    points = {
        moment: _statistic(stat["Stat"], chosen)
        for moment, chosen in by_period(found, start, end, float(stat["Period"])).items()
    }
    return {moment: value for moment, value in points.items() if value is not None}


def _computed(query: dict[str, Any], read: dict[str, dict[float, float]]) -> dict[float, float]:
    try:
        tree = expressions.parse(query["Expression"])
    except expressions.UnsupportedExpression as error:
        raise ValidationError(f"Error in expression '{query['Id']}': {error}") from error
    unknown = expressions.names(tree) - set(read)
    if unknown:
        raise ValidationError(f"Error in expression '{query['Id']}': no metric {', '.join(sorted(unknown))}")
    moments = sorted({moment for points in read.values() for moment in points})
    values = {m: expressions.evaluate(tree, {name: read[name].get(m) for name in read}) for m in moments}
    return {moment: value for moment, value in values.items() if value is not None}


def get_filtered_metrics(
    self: CloudWatchBackend, metric_name: str, namespace: str, dimensions: list[dict[str, str]]
) -> list[MetricDatumBase]:
    """ListMetrics: each metric once. moto compares every datum with every other, which takes minutes of an hour's."""
    once = {series.metric(datum.namespace, datum.name, datum.dimensions): datum for datum in self.get_all_metrics()}
    return [datum for datum in once.values() if datum.filter(namespace, metric_name, dimensions)]


def install() -> None:
    """Answer queries here."""
    replace(CloudWatchBackend, "get_filtered_metrics", get_filtered_metrics)
    replace(CloudWatchResponse, "get_metric_statistics", get_metric_statistics)
    replace(CloudWatchBackend, "get_metric_data", get_metric_data)
