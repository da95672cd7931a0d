"""What watches and answers: logs, alarms, dashboards, functions, messages."""

from __future__ import annotations

import json
from typing import Any

from automation.cost import Traffic
from tests.automation.cost.written import estimated, items, resource

DAYS = 365 / 12


def test_logs_are_kept_as_long_as_the_group_says_and_at_most_since_the_stack_is_there() -> None:
    ever = resource("cloudwatch/logGroup:LogGroup", name="/aws/lambda/f")
    assert items(estimated(ever)) == {"logs ingestion": 0.01, "logs storage": 0.018}
    assert items(estimated(ever, traffic=Traffic(months=24)))["logs storage"] == 0.036


def test_alarms_cost_by_metric_and_more_below_a_minute() -> None:
    alarm = "cloudwatch/metricAlarm:MetricAlarm"
    assert items(estimated(resource(alarm, period=60))) == {"alarm, standard": 1}
    assert items(estimated(resource(alarm, period=10))) == {"alarm, high resolution": 1}
    share = [{"id": "share", "expression": "a / b"}, {"id": "a", "metric": {"period": 300}}]
    assert items(estimated(resource(alarm, metricQueries=[*share, {"id": "b", "metric": {"period": 300}}]))) == {
        "alarm, standard": 2
    }


def test_the_first_three_dashboards_are_free() -> None:
    boards = [resource("cloudwatch/dashboard:Dashboard", f"board-{number}") for number in range(5)]
    assert [line.resource for line in estimated(*boards).lines] == ["board-3", "board-4"]


def test_a_function_costs_its_memory_by_processor_and_its_traces() -> None:
    written: dict[str, Any] = {"memorySize": 256, "architectures": ["arm64"], "tracingConfig": {"mode": "Active"}}
    assert items(estimated(resource("lambda/function:Function", **written))) == {
        "requests": 0.0001,
        "duration arm": 250,
        "traces recorded": 0.0001,
    }
    assert items(estimated(resource("lambda/function:Function"))) == {"requests": 0.0001, "duration x86": 125}


def test_a_person_costs_mails_and_a_function_nothing() -> None:
    subscription = "sns/topicSubscription:TopicSubscription"
    assert items(estimated(resource(subscription, protocol="email"))) == {"email notifications": 0.001}
    assert items(estimated(resource(subscription, protocol="lambda"))) == {}


def test_topics_queues_and_queries_cost_by_use() -> None:
    found = estimated(
        resource("sns/topic:Topic", "t"),
        resource("sqs/queue:Queue", "q"),
        resource("athena/workgroup:Workgroup", "w"),
    )
    assert (items(found, "t"), items(found, "q"), items(found, "w")) == (
        {"requests": 0.001},
        {"requests": 0.001},
        {"scanned": 0.01},
    )


def test_a_state_machine_costs_its_transitions_and_the_jobs_of_thirty_objects() -> None:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {"ProcessingResources": {"ClusterConfig": cluster}},
    }
    told = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {}}
    definition = json.dumps({"States": {"Validate": task, "Prepare": task, "Tell": told, "Done": {"Type": "Succeed"}}})
    found = estimated(resource("sfn/stateMachine:StateMachine", definition=definition)).lines
    assert [line.quantity for line in found if line.item == "standard transitions"] == [0.12]
    assert [line.quantity for line in found if line.item == "instance ml.m5.large"] == [30 * 5 / 60] * 2
