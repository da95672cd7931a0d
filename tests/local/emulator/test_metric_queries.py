from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
SPAN = {"StartTime": NOW - timedelta(minutes=10), "EndTime": NOW + timedelta(minutes=10)}
DIMENSIONS = [{"Name": "EndpointName", "Value": "churn"}, {"Name": "VariantName", "Value": "champion"}]


@pytest.fixture
def namespace(cloudwatch: Any, name: str) -> str:
    """100 latencies (1 .. 100) three minutes ago, one (500) now; another variant's beside them."""

    def datum(values: list[float], minutes: int, variant: str = "champion") -> dict[str, Any]:
        dimensions = [DIMENSIONS[0], {"Name": "VariantName", "Value": variant}]
        moment = NOW - timedelta(minutes=minutes)
        return {"MetricName": "Latency", "Dimensions": dimensions, "Values": values, "Timestamp": moment}

    data = [datum([float(n) for n in range(1, 101)], 3), datum([500.0], 0), datum([9999.0], 0, "challenger")]
    cloudwatch.put_metric_data(Namespace=name, MetricData=data)
    return name


def stat(namespace: str, statistic: str, **more: Any) -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": "Latency", "Dimensions": DIMENSIONS[::-1]}
    return {"Id": "latency", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}} | more


def test_statistics_by_period(cloudwatch: Any, namespace: str) -> None:
    found = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="Latency",
        Dimensions=DIMENSIONS[::-1],
        Period=60,
        Statistics=["Average", "SampleCount"],
        **SPAN,
    )["Datapoints"]
    assert [(p["Timestamp"], p["Average"], p["SampleCount"]) for p in found] == [
        (NOW - timedelta(minutes=3), 50.5, 100),
        (NOW, 500.0, 1),
    ]


def test_extended_statistics(cloudwatch: Any, namespace: str) -> None:
    found = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="Latency",
        Dimensions=DIMENSIONS,
        Period=60,
        ExtendedStatistics=["p50", "p99"],
        **SPAN,
    )["Datapoints"]
    assert found[0]["ExtendedStatistics"] == pytest.approx({"p50": 50.5, "p99": 99.01})


def test_metric_data_newest_first_unless_asked_otherwise(cloudwatch: Any, namespace: str) -> None:
    query = [stat(namespace, "p99")]
    newest = cloudwatch.get_metric_data(MetricDataQueries=query, **SPAN)["MetricDataResults"][0]
    oldest = cloudwatch.get_metric_data(MetricDataQueries=query, ScanBy="TimestampAscending", **SPAN)
    assert newest["Values"] == pytest.approx([500.0, 99.01])
    assert oldest["MetricDataResults"][0]["Values"] == pytest.approx([99.01, 500.0])


def test_metric_math_over_metric_data(cloudwatch: Any, namespace: str) -> None:
    queries = [stat(namespace, "Maximum", ReturnData=False), {"Id": "ms", "Expression": "latency / 1000"}]
    results = cloudwatch.get_metric_data(MetricDataQueries=queries, **SPAN)["MetricDataResults"]
    assert [(r["Id"], r["Values"]) for r in results] == [("ms", [0.5, 0.1])]


def test_queries_that_cannot_be_answered(cloudwatch: Any, namespace: str) -> None:
    with pytest.raises(ClientError, match=r"Error in expression 'e': no metric nobody"):
        cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "e", "Expression": "nobody * 2"}], **SPAN)
    with pytest.raises(ClientError, match=r"statistic is 'tm90', allowed are "):
        cloudwatch.get_metric_data(MetricDataQueries=[stat(namespace, "tm90")], **SPAN)
    with pytest.raises(ClientError, match="StartTime must be less than the parameter EndTime"):
        swapped = {"StartTime": SPAN["EndTime"], "EndTime": SPAN["StartTime"]}
        cloudwatch.get_metric_data(MetricDataQueries=[stat(namespace, "Sum")], **swapped)


def test_a_metric_is_listed_once_however_many_data_it_has(cloudwatch: Any, name: str) -> None:
    def put(metric: str, *dimensions: tuple[str, str]) -> None:
        named = [{"Name": key, "Value": value} for key, value in dimensions]
        datum = {"MetricName": metric, "Value": 1.0, "Dimensions": named}
        cloudwatch.put_metric_data(Namespace=name, MetricData=[datum] * 3)

    put("alone")
    put("two", ("a", "1"), ("b", "2"))
    put("two", ("b", "2"), ("a", "1"))
    put("two", ("a", "1"))
    listed = cloudwatch.list_metrics(Namespace=name)["Metrics"]
    assert sorted((m["MetricName"], len(m["Dimensions"])) for m in listed) == [("alone", 0), ("two", 1), ("two", 2)]
    found = cloudwatch.list_metrics(Namespace=name, MetricName="two", Dimensions=[{"Name": "b", "Value": "2"}])
    assert [m["MetricName"] for m in found["Metrics"]] == ["two"]
