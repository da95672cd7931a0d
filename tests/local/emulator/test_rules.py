from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator

ARN = "arn:aws:{}:eu-west-1:123456789012:{}"


@pytest.fixture(scope="session")
def events(emulator: Emulator) -> Any:
    return emulator.client("events")


@pytest.fixture
def queue(emulator: Emulator, name: str, open_queue: Any) -> Callable[..., list[dict[str, Any]]]:
    """The messages of a queue of this test, made on first use by `queue.arn(key)`."""
    sqs = emulator.client("sqs")

    class Queue:
        def arn(self, key: str = "main") -> str:
            open_queue(f"{name}-{key}")
            return ARN.format("sqs", f"{name}-{key}")

        def __call__(self, key: str = "main") -> list[dict[str, Any]]:
            url = sqs.get_queue_url(QueueName=f"{name}-{key}")["QueueUrl"]
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            return found.get("Messages", [])

    return Queue()


def send(events: Any, name: str, detail: dict[str, Any]) -> None:
    entry = {"Source": f"tests.{name}", "DetailType": "Test", "Detail": json.dumps(detail)}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def rule(events: Any, name: str, *targets: dict[str, Any], **more: Any) -> str:
    pattern = json.dumps({"source": [f"tests.{name}"]})
    arn = events.put_rule(**({"Name": name, "EventPattern": pattern} | more))["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": str(n)} | target for n, target in enumerate(targets)])
    return arn


def test_the_event_reaches_a_queue_in_aws_form(events: Any, queue: Any, name: str) -> None:
    rule(events, name, {"Arn": queue.arn()})
    send(events, name, {"a": 1})
    event = json.loads(queue()[0]["Body"])
    assert (event["source"], event["detail-type"], event["detail"]) == (f"tests.{name}", "Test", {"a": 1})
    assert (event["account"], event["region"]) == ("123456789012", "eu-west-1")
    assert event["time"].endswith("Z")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.a"}, [1, 2]),
        (
            {"InputTransformer": {"InputPathsMap": {"first": "$.detail.b"}, "InputTemplate": '{"b": "<first>"}'}},
            {"b": "x"},
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"a": "$.detail.a", "b": "$.detail.b", "none": "$.detail.none"},
                    "InputTemplate": '{"b": <b>, "a": <a>, "none": <none>, "said": "<b> is \\"<a>\\""}',
                }
            },
            {"b": "x", "a": [1, 2], "none": None, "said": 'x is "[1, 2]"'},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"b": "$.detail.b"}, "InputTemplate": '"<b> stopped"'}},
            "x stopped",
        ),
    ],
)
def test_what_a_target_receives_can_be_changed(
    events: Any, queue: Any, name: str, how: dict[str, Any], expected: Any
) -> None:
    rule(events, name, {"Arn": queue.arn()} | how)
    send(events, name, {"a": [1, 2], "b": "x"})
    assert json.loads(queue()[0]["Body"]) == expected


def test_a_disabled_rule_delivers_nothing(events: Any, queue: Any, name: str) -> None:
    rule(events, name, {"Arn": queue.arn()}, State="DISABLED")
    send(events, name, {})
    assert queue() == []


def test_an_event_that_does_not_match_is_not_delivered(events: Any, queue: Any, name: str) -> None:
    pattern = json.dumps({"source": [f"tests.{name}"], "detail": {"a": [{"numeric": [">", 5]}]}})
    rule(events, name, {"Arn": queue.arn()}, EventPattern=pattern)
    send(events, name, {"a": 1})
    send(events, name, {"a": 6})
    assert [json.loads(m["Body"])["detail"] for m in queue()] == [{"a": 6}]


def test_a_function_and_a_topic(
    emulator: Emulator, events: Any, deploy_function: Any, queue: Any, name: str, eventually: Any
) -> None:
    sns = emulator.client("sns")
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": "*"}]})
    topic = sns.create_topic(Name=name, Attributes={"Policy": policy})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn(), Attributes={"RawMessageDelivery": "true"})
    function = deploy_function(name, "def handle(event, context): return event['detail']")
    rule(events, name, {"Arn": function}, {"Arn": topic})
    send(events, name, {"a": 1})
    found = eventually(lambda: [d for d in emulator.deliveries() if d["target"] == function])
    assert found[0]["detail"]["result"] == {"a": 1}
    assert json.loads(queue()[0]["Body"])["detail"] == {"a": 1}


def test_one_failing_target_does_not_keep_the_others(emulator: Emulator, events: Any, queue: Any, name: str) -> None:
    missing, stream = ARN.format("sqs", f"{name}-nobody"), ARN.format("kinesis", f"stream/{name}")
    letters = {"DeadLetterConfig": {"Arn": queue.arn("dead")}}
    arn = rule(events, name, {"Arn": missing} | letters, {"Arn": stream}, {"Arn": queue.arn()})
    send(events, name, {"a": 1})
    assert len(queue()) == 1
    dead = queue("dead")[0]
    assert json.loads(dead["Body"])["detail"] == {"a": 1}
    attributes = {key: value["StringValue"] for key, value in dead["MessageAttributes"].items()}
    assert attributes == {
        "RULE_ARN": arn,
        "TARGET_ARN": missing,
        "ERROR_CODE": "RESOURCE_NOT_FOUND",
        "ERROR_MESSAGE": f"queue {name}-nobody does not exist",
    }
    statuses = {d["target"]: d["status"] for d in emulator.deliveries() if d["source"] == arn}
    assert statuses[stream] == "not emulated"


def test_a_log_group(emulator: Emulator, events: Any, name: str) -> None:
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName=f"/events/{name}")
    rule(events, name, {"Arn": ARN.format("logs", f"log-group:/events/{name}")})
    send(events, name, {"a": 1})
    found = logs.filter_log_events(logGroupName=f"/events/{name}")["events"]
    assert json.loads(found[0]["message"])["detail"] == {"a": 1}


def test_a_pipeline_is_started_with_values_from_the_event(
    sagemaker: Any, events: Any, role: str, name: str, eventually: Any
) -> None:
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "DatasetVersion", "Type": "String"}, {"Name": "Mode", "Type": "String"}],
        "Steps": [{"Name": "Prepare", "Type": "Processing", "Arguments": {"Fail": "told"}}],
    }
    pipeline = sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=role)
    parameters = [{"Name": "DatasetVersion", "Value": "$.detail.version"}, {"Name": "Mode", "Value": "full"}]
    target = {"Arn": pipeline["PipelineArn"], "RoleArn": role}
    rule(events, name, target | {"SageMakerPipelineParameters": {"PipelineParameterList": parameters}})
    send(events, name, {"version": "data-7"})

    def failed() -> Any:
        found = sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
        return [e for e in found if e["PipelineExecutionStatus"] == "Failed"]

    execution = eventually(failed)[0]
    assert execution["PipelineExecutionDescription"] == f"started by rule {name}"
    assert execution["PipelineExecutionFailureReason"] == (
        'Step Prepare failed: told: {"DatasetVersion": "data-7", "Mode": "full"}'
    )


def test_a_pipeline_that_refuses_the_start_is_a_failed_delivery(
    emulator: Emulator, events: Any, role: str, name: str
) -> None:
    missing = ARN.format("sagemaker", f"pipeline/{name}")
    rule(events, name, {"Arn": missing, "RoleArn": role})
    send(events, name, {})
    found = [d for d in emulator.deliveries() if d["target"] == missing]
    assert found[0]["status"] == "failed"
    assert found[0]["detail"] == {"error": f"Could not find pipeline with PipelineName {name}."}


def test_bad_patterns_are_refused(events: Any, name: str) -> None:
    with pytest.raises(ClientError) as error:
        events.put_rule(Name=name, EventPattern="{")
    assert error.value.response["Error"]["Code"] == "InvalidEventPatternException"
