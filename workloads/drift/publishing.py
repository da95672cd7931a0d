"""The drift metrics in CloudWatch, namespace MLPipeline/ModelQuality."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

NAMESPACE = "MLPipeline/ModelQuality"
MAX_DATA_PER_CALL = 1000  # CloudWatch API reference, PutMetricData


def metric_data(report: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The metrics of one report; none when there were not enough rows.

    DriftScore by Endpoint (what the alarm watches) and by Endpoint and Feature; ScoreDrift by Endpoint: the distance of
    the model's scores, where the baseline has them.
    """
    if report["drift_score"] is None:
        return []
    endpoint = {"Name": "Endpoint", "Value": report["endpoint"]}
    values = [("DriftScore", [endpoint], report["drift_score"])]
    values += [
        ("DriftScore", [endpoint, {"Name": "Feature", "Value": name}], feature["score"])
        for name, feature in report["features"].items()
    ]
    if report["score"] is not None:
        values.append(("ScoreDrift", [endpoint], report["score"]["score"]))
    return [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": now, "Value": value, "Unit": "None"}
        for name, dimensions, value in values
    ]


def publish(cloudwatch: Any, report: Mapping[str, Any], now: datetime) -> int:
    """Put the report's metrics (`cloudwatch` is a boto3 client); how many there were."""
    data = metric_data(report, now)
    for start in range(0, len(data), MAX_DATA_PER_CALL):
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + MAX_DATA_PER_CALL])
    return len(data)
