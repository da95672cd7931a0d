"""Counters: shared strips, Prometheus text, CloudWatch's embedded format."""

from __future__ import annotations

import json
import os

from workloads.inference import metrics
from workloads.inference.metrics import Metrics


def test_workers_write_their_own_strips_and_read_all() -> None:
    counters = Metrics(workers=3)
    for number in (1, 2):
        if os.fork() == 0:
            mine = counters.worker(number)
            mine.predicted(10 * number, number)
            mine.observe(200, 0.003)
            os._exit(0)
        os.wait()
    counters.predicted(1, 0)
    counters.observe(599, 100.0)
    totals = counters.totals()
    assert (totals.values["predictions"], totals.values["positives"]) == (31, 3)
    assert (totals.status(200), totals.status(500)) == (2, 1)  # a status without a cell counts as 500
    assert totals.values["bucket_5"] == 2  # 2.5 to 5 ms


def test_a_dead_workers_gauges_are_reset() -> None:
    counters = Metrics()
    counters.add("receiving")
    counters.add("reloads")
    counters.reset_gauges()
    assert counters.totals().values["receiving"] == 0
    assert counters.totals().values["reloads"] == 1


def test_prometheus_text() -> None:
    counters = Metrics()
    for seconds in (0.00005, 0.0001, 0.7, 1000.0):
        counters.observe(200, seconds)
    lines = counters.prometheus({"version": 'a"b\\c\nd', "name": "churn"}).decode().splitlines()
    assert 'inference_model_info{version="a\\"b\\\\c\\nd",name="churn"} 1' in lines
    buckets = [line for line in lines if line.startswith("inference_request_seconds_bucket")]
    assert buckets[0] == 'inference_request_seconds_bucket{le="0.0001"} 2'  # an edge is within its bucket
    assert buckets[-2] == 'inference_request_seconds_bucket{le="60.0"} 3'
    assert buckets[-1] == 'inference_request_seconds_bucket{le="+Inf"} 4'
    for line in lines:
        assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2


def test_embedded_metric_format() -> None:
    counters = Metrics()
    before = counters.totals()
    counters.predicted(20, 5)
    for status, seconds in ((200, 0.002), (200, 0.004), (422, 0.0), (503, 0.002)):
        counters.observe(status, seconds)
    line = json.loads(metrics.embedded("Own", before, counters.totals(), {"Model": "churn"}, 1_700_000_000_000))
    directive = line["_aws"]["CloudWatchMetrics"][0]
    assert (line["_aws"]["Timestamp"], directive["Namespace"], directive["Dimensions"]) == (
        1_700_000_000_000,
        "Own",
        [["Model"]],
    )
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}["MeanLatencyMs"] == "Milliseconds"
    assert {name: line[name] for name in ("Model", "Requests", "Predictions", "PositiveDecisions")} == {
        "Model": "churn",
        "Requests": 4,
        "Predictions": 20,
        "PositiveDecisions": 5,
    }
    assert (line["Errors4xx"], line["Errors5xx"], line["MeanLatencyMs"]) == (1, 1, 2.0)
    quiet = json.loads(metrics.embedded("Own", counters.totals(), counters.totals(), {}, 0))
    assert (quiet["Requests"], quiet["MeanLatencyMs"]) == (0, 0.0)
