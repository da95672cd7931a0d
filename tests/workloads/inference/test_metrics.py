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
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units.pop("ModelLatency") == "Microseconds"
    assert {name: (line[name], unit) for name, unit in units.items()} == {
        "Invocations": (4, "Count"),
        "Invocation4XXErrors": (1, "Count"),
        "Invocation5XXErrors": (1, "Count"),
        "Predictions": (20, "Count"),
        "PositiveDecisions": (5, "Count"),
    }
    # The 0 s in the first bucket's middle, the two of 2 ms within 1 to 2.5 ms, the one of 4 ms in the middle of its.
    assert line["ModelLatency"] == [50.0, 1375.0, 2125.0, 3750.0]
    quiet = json.loads(metrics.embedded("Own", counters.totals(), counters.totals(), {}, 0))
    assert quiet["Invocations"] == 0
    assert "ModelLatency" not in quiet


def test_as_many_latencies_as_a_metric_may_have_keep_the_percentiles() -> None:
    counters = Metrics()
    before = counters.totals()
    for number in range(10_000):
        counters.observe(200, 0.4 if number < 300 else 0.004)
    counters.observe(200, 100.0)  # above the last edge
    found = json.loads(metrics.embedded("Own", before, counters.totals(), {}, 0))["ModelLatency"]
    assert len(found) == metrics.MOST_VALUES
    assert found == sorted(found)
    slow = [each for each in found if each > 250_000]
    assert len(slow) == 3
    assert found[0] < 2600
    assert found[96] < 5000


def test_one_worker_speaks_for_all() -> None:
    counters = Metrics(3)
    assert [counters.worker(number).speaks for number in range(3)] == [True, False, False]
