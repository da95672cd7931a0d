"""Metrics of the services themselves: each of the platform's alarms reads one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator import Emulator
from local.emulator.sagemaker.host_metrics import usage


@pytest.fixture
def watch(cloudwatch: Any, name: str) -> Callable[..., Callable[[], str]]:
    """An alarm on more than 0 of a metric; answers with a function that tells its state."""

    def create(namespace: str, metric: str, **dimensions: str) -> Callable[[], str]:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Statistic="Maximum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
        return lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    return create


def test_a_failing_function_raises_its_alarm(emulator: Emulator, deploy_function: Any, watch: Any, name: str) -> None:
    state = watch("AWS/Lambda", "Errors", FunctionName=name)
    deploy_function(name, "def handle(event, context): return 1 / event['by']")
    functions = emulator.client("lambda")
    functions.invoke(FunctionName=name, Payload=b'{"by": 1}')
    assert state() == "OK"
    functions.invoke(FunctionName=name, Payload=b'{"by": 0}')
    assert state() == "ALARM"


def test_a_message_in_a_dead_letter_queue_raises_its_alarm(emulator: Emulator, watch: Any, name: str) -> None:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    state = watch("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=name)
    emulator.advance(60)
    assert state() == "OK"
    sqs.send_message(QueueUrl=url, MessageBody="x")
    emulator.advance(60)
    assert state() == "ALARM"


def test_the_load_of_a_model_server_is_measured(
    emulator: Emulator, cloudwatch: Any, serving: Any, runtime: Any, name: str
) -> None:
    serving.endpoint(name, serving.config(name, {"champion": (serving.model(name, busy=0.1), 1)}))
    emulator.advance(60)
    for _ in range(3):
        runtime.invoke_endpoint(EndpointName=name, Body=b"1")
    emulator.advance(60)
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "champion"}]

    def maximum(metric: str) -> float:
        read = {"Namespace": "/aws/sagemaker/Endpoints", "MetricName": metric, "Dimensions": dimensions}
        queries = [{"Id": "q", "MetricStat": {"Metric": read, "Period": 3600, "Stat": "Maximum"}}]
        span = {"StartTime": "2020-01-01", "EndTime": "2100-01-01"}
        return max(cloudwatch.get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"][0]["Values"])

    assert maximum("CPUUtilization") > 0
    assert 0 < maximum("MemoryUtilization") < 100


def test_a_process_that_is_gone_uses_nothing() -> None:
    gone = usage(2**22 + 1)
    assert (gone.cpu_seconds, gone.resident_bytes) == (0, 0)


def test_what_a_model_server_prints_is_in_its_log_group(
    emulator: Emulator, serving: Any, runtime: Any, name: str, eventually: Any
) -> None:
    serving.endpoint(name, serving.config(name, {"champion": (serving.model(name), 1)}))
    runtime.invoke_endpoint(EndpointName=name, Body=b"1")
    logs = emulator.client("logs")

    def messages() -> Any:
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/sagemaker/Endpoints/{name}")["logGroups"]
        if not groups:
            return None
        found = logs.filter_log_events(logGroupName=groups[0]["logGroupName"])["events"]
        told = {event["message"] for event in found}
        return told if '"POST /invocations HTTP/1.1" 200 -' in told else None

    assert "ready" in eventually(messages)
    streams = logs.describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{name}")["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["champion-1"]


def test_duration_and_invocations_of_functions(
    emulator: Emulator, cloudwatch: Any, deploy_function: Any, name: str
) -> None:
    deploy_function(name, "import time\ndef handle(event, context): time.sleep(0.2)")
    emulator.client("lambda").invoke(FunctionName=name, Payload=json.dumps({}).encode())
    read = {"Namespace": "AWS/Lambda", "Dimensions": [{"Name": "FunctionName", "Value": name}]}
    queries = [
        {"Id": metric.lower(), "MetricStat": {"Metric": read | {"MetricName": metric}, "Period": 3600, "Stat": "Sum"}}
        for metric in ("Duration", "Invocations")
    ]
    span = {"StartTime": "2020-01-01", "EndTime": "2100-01-01"}
    results = cloudwatch.get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"]
    found = {result["Id"]: result["Values"] for result in results}
    assert found["invocations"] == [1.0]
    assert found["duration"][0] > 200
