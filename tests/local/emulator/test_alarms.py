from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from tests.local.emulator import conftest as stand_ins


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Of this file alone: what others left deploying would hurry the minutes that data lie back."""
    started = stand_ins.begun(tmp_path_factory.mktemp("emulator"), "1")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def cloudwatch(emulator: Emulator) -> Any:
    return emulator.client("cloudwatch")


@pytest.fixture
def alarm(cloudwatch: Any, name: str) -> Callable[..., str]:
    """Creates an alarm on metric `Errors` of a namespace of its own: more than 10 in 2 x 5 minutes."""

    def create(**changes: Any) -> str:
        values: dict[str, Any] = {
            "AlarmName": name,
            "Namespace": name,
            "MetricName": "Errors",
            "Dimensions": [{"Name": "EndpointName", "Value": "churn"}, {"Name": "VariantName", "Value": "champion"}],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 2,
            "Threshold": 10,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        }
        cloudwatch.put_metric_alarm(**{k: v for k, v in (values | changes).items() if v is not None})
        return name

    return create


@pytest.fixture
def put(cloudwatch: Any, name: str) -> Callable[..., None]:
    """Publishes one value, `age` seconds old."""

    def publish(value: float, age: float = 0, **changes: Any) -> None:
        datum: dict[str, Any] = {
            "MetricName": "Errors",
            # In the other order than the alarm's: dimensions are a set.
            "Dimensions": [{"Name": "VariantName", "Value": "champion"}, {"Name": "EndpointName", "Value": "churn"}],
            "Value": value,
            "Timestamp": datetime.now(UTC) - timedelta(seconds=age),
        }
        datum |= changes
        cloudwatch.put_metric_data(Namespace=name, MetricData=[{k: v for k, v in datum.items() if v is not None}])

    return publish


def described(cloudwatch: Any, name: str) -> dict[str, Any]:
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]


def state(cloudwatch: Any, name: str) -> str:
    return described(cloudwatch, name)["StateValue"]


def test_a_new_alarm_knows_nothing_or_what_missing_data_mean(cloudwatch: Any, alarm: Callable[..., str]) -> None:
    found = described(cloudwatch, alarm(TreatMissingData="missing"))
    assert (found["StateValue"], found["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert state(cloudwatch, alarm(TreatMissingData="notBreaching")) == "OK"


def test_two_periods_over_the_threshold(cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]) -> None:
    name = alarm()
    put(11, age=310)
    assert state(cloudwatch, name) == "OK"
    put(6)
    put(6)
    found = described(cloudwatch, name)
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"].startswith("Threshold Crossed: 2 out of the last 2 datapoints [12.0 (")
    assert found["StateReason"].endswith(
        "were greater than the threshold (10.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    reason = json.loads(found["StateReasonData"])
    assert (reason["statistic"], reason["period"], reason["threshold"]) == ("Sum", 300, 10)
    assert reason["recentDatapoints"] == [11.0, 12.0]


def test_one_of_two_is_enough_when_the_alarm_says_so(
    cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]
) -> None:
    name = alarm(DatapointsToAlarm=1)
    put(11)
    assert state(cloudwatch, name) == "ALARM"


@pytest.mark.parametrize(
    "other",
    [
        {"MetricName": "Others"},
        {"Dimensions": [{"Name": "EndpointName", "Value": "churn"}]},
        {"Dimensions": [{"Name": "EndpointName", "Value": "churn"}, {"Name": "VariantName", "Value": "challenger"}]},
    ],
)
def test_other_metrics_do_not_count(
    cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None], other: dict[str, Any]
) -> None:
    name = alarm(EvaluationPeriods=1)
    put(100, **other)
    assert state(cloudwatch, name) == "OK"


def test_an_alarm_with_a_unit_reads_only_data_in_it(
    cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]
) -> None:
    name = alarm(EvaluationPeriods=1, Unit="Count")
    put(100)
    assert state(cloudwatch, name) == "OK"
    put(100, Unit="Count")
    assert state(cloudwatch, name) == "ALARM"


def test_percentiles(cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]) -> None:
    name = alarm(Statistic=None, ExtendedStatistic="p90", EvaluationPeriods=1)
    put(None, Values=[1.0, 100.0], Counts=[95, 5])  # pyright: ignore[reportArgumentType]
    assert state(cloudwatch, name) == "OK"
    put(None, Values=[100.0], Counts=[10])  # pyright: ignore[reportArgumentType]
    assert state(cloudwatch, name) == "ALARM"


def test_few_samples_do_not_make_a_percentile(
    cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]
) -> None:
    name = alarm(
        Statistic=None, ExtendedStatistic="p90", EvaluationPeriods=1, EvaluateLowSampleCountPercentile="ignore"
    )
    put(None, Values=[100.0], Counts=[99])  # pyright: ignore[reportArgumentType]
    assert state(cloudwatch, name) == "INSUFFICIENT_DATA"
    put(100)
    assert state(cloudwatch, name) == "ALARM"


def test_time_brings_an_alarm_back(
    emulator: Emulator, cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]
) -> None:
    name = alarm(EvaluationPeriods=1)
    put(11)
    assert state(cloudwatch, name) == "ALARM"
    emulator.advance(1300)
    found = described(cloudwatch, name)
    assert found["StateValue"] == "OK"
    assert found["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[NonBreaching]."
    )


def test_no_time_of_an_alarm_lies_in_the_future_however_far_the_clock_is_ahead(
    emulator: Emulator, cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]
) -> None:
    emulator.advance(86_400)
    name = alarm(EvaluationPeriods=1)
    put(11)
    found = described(cloudwatch, name)
    (evaluated,) = json.loads(found["StateReasonData"])["evaluatedDatapoints"]
    period = datetime.strptime(evaluated["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert period < found["StateUpdatedTimestamp"] <= datetime.now(UTC)
    assert found["StateUpdatedTimestamp"] - period < timedelta(seconds=600)
    assert f"({period:%d/%m/%y %H:%M:%S})" in found["StateReason"]


def test_an_update_keeps_the_state(cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]) -> None:
    name = alarm(EvaluationPeriods=1)
    put(11)
    alarm(EvaluationPeriods=1, AlarmDescription="now with words")
    assert state(cloudwatch, name) == "ALARM"
    alarm(EvaluationPeriods=1, Threshold=20)
    assert state(cloudwatch, name) == "OK"


def test_simple_metric_math(cloudwatch: Any, name: str) -> None:
    def query(metric: str) -> dict[str, Any]:
        read = {"Metric": {"Namespace": name, "MetricName": metric}, "Period": 60, "Stat": "Sum"}
        return {"Id": metric, "MetricStat": read, "ReturnData": False}

    rate = {"Id": "rate", "Expression": "100 * errors / requests", "ReturnData": True}
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Metrics=[query("errors"), query("requests"), rate],
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    assert state(cloudwatch, name) == "INSUFFICIENT_DATA"
    for metric, value in (("requests", 100), ("errors", 6)):
        cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": metric, "Value": value}])
    assert state(cloudwatch, name) == "ALARM"


def test_what_is_not_evaluated_is_said(emulator: Emulator, cloudwatch: Any, name: str) -> None:
    band = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m, 2)", "ReturnData": True}
    read = {"Metric": {"Namespace": name, "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Metrics=[{"Id": "m", "MetricStat": read, "ReturnData": False}, band],
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    row = next(row for row in emulator.alarms() if row["name"] == name)
    assert row["evaluated"] is False
    assert row["reason"].startswith("metric math 'ANOMALY_DETECTION_BAND(m, 2)' is not evaluated here; supported are ")


def test_a_change_reaches_topic_queue_and_rule(
    emulator: Emulator, cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None], name: str, open_queue: Any
) -> None:
    sns, sqs, events = emulator.client("sns"), emulator.client("sqs"), emulator.client("events")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queues = {key: open_queue(f"{name}-{key}") for key in ("topic", "rule")}
    arns = {key: f"arn:aws:sqs:eu-west-1:123456789012:{name}-{key}" for key in queues}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns["topic"])
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arns["rule"]}])
    alarm(EvaluationPeriods=1, AlarmActions=[topic], AlarmDescription="errors of churn")
    put(11)

    body = json.loads(sqs.receive_message(QueueUrl=queues["topic"])["Messages"][0]["Body"])
    assert body["Subject"] == f'ALARM: "{name}" in EU (Ireland)'
    message = json.loads(body["Message"])
    assert (message["AlarmName"], message["OldStateValue"], message["NewStateValue"]) == (name, "OK", "ALARM")
    assert (message["AWSAccountId"], message["Region"]) == ("123456789012", "EU (Ireland)")
    assert message["Trigger"]["Dimensions"] == [
        {"value": "churn", "name": "EndpointName"},
        {"value": "champion", "name": "VariantName"},
    ]
    assert (message["Trigger"]["Statistic"], message["Trigger"]["DatapointsToAlarm"]) == ("SUM", 1)

    event = json.loads(sqs.receive_message(QueueUrl=queues["rule"])["Messages"][0]["Body"])
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"]
    assert event["detail"]["previousState"]["value"] == "OK"
    assert event["detail"]["configuration"]["description"] == "errors of churn"
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["period"] == 300


def test_disabled_actions_stay_silent(
    emulator: Emulator, cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None], name: str
) -> None:
    topic = emulator.client("sns").create_topic(Name=name)["TopicArn"]
    alarm(EvaluationPeriods=1, AlarmActions=[topic], ActionsEnabled=False)
    put(11)
    assert state(cloudwatch, name) == "ALARM"
    assert [d for d in emulator.deliveries() if d["target"] == topic] == []


def test_an_action_that_cannot_be_delivered_is_logged(
    emulator: Emulator, cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None], name: str
) -> None:
    missing = f"arn:aws:sns:eu-west-1:123456789012:{name}-missing"
    scaling = f"arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:{name}"
    host = "arn:aws:automate:eu-west-1:ec2:stop"
    alarm(EvaluationPeriods=1, AlarmActions=[missing, scaling, host])
    put(11)
    assert state(cloudwatch, name) == "ALARM"
    found = {(d["target"], d["status"]): d["detail"] for d in emulator.deliveries()}
    assert found[missing, "failed"] == {"error": "the topic does not exist"}
    assert found[scaling, "failed"] == {"error": "no such policy, or none of its target"}
    assert found[host, "not emulated"] == {"reason": "alarm actions of automate"}


def test_set_alarm_state_acts_until_the_next_evaluation(
    emulator: Emulator, cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None], name: str
) -> None:
    topic = emulator.client("sns").create_topic(Name=name)["TopicArn"]
    alarm(AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by hand")
    assert described(cloudwatch, name)["StateReason"] == "by hand"
    assert [d["status"] for d in emulator.deliveries() if d["target"] == topic] == ["delivered"]
    put(0)
    assert state(cloudwatch, name) == "OK"


def test_set_alarm_state_refuses_bad_input(cloudwatch: Any, alarm: Callable[..., str]) -> None:
    name = alarm()
    with pytest.raises(ClientError, match="Member must satisfy enum value set"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="RED", StateReason="by hand")
    with pytest.raises(ClientError) as error:
        cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="by hand")
    assert error.value.response["Error"]["Code"] in ("ResourceNotFound", "404")
    assert state(cloudwatch, name) == "OK"


def test_many_samples_are_evaluated_quickly(
    cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]
) -> None:
    alarm(Statistic=None, ExtendedStatistic="p99")
    put(None, Values=[float(n) for n in range(150)], Counts=[100.0] * 150)  # pyright: ignore[reportArgumentType]
    began = time.perf_counter()
    put(1)
    assert time.perf_counter() - began < 5


def test_alarms_are_told_by_name_and_state_together(
    cloudwatch: Any, alarm: Callable[..., str], put: Callable[..., None]
) -> None:
    name = alarm()
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    for state in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        told = cloudwatch.describe_alarms(AlarmNames=[name], StateValue=state)["MetricAlarms"]
        assert [each["AlarmName"] for each in told] == [name] * (found["StateValue"] == state)
