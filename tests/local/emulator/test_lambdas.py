from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator

ECHO = """
import os
def handle(event, context):
    print("seen", event)
    return {"event": event, "name": context.function_name, "left": context.get_remaining_time_in_millis(),
            "mode": os.environ.get("MODE")}
"""
WRITES = """
import boto3
def handle(event, context):
    boto3.client("ssm").put_parameter(Name=event["name"], Value=event["value"], Type="String")
"""
FAILS = """
def handle(event, context):
    raise KeyError("release")
"""
Deploy = Callable[..., str]


@pytest.fixture(scope="session")
def functions(emulator: Emulator) -> Any:
    return emulator.client("lambda")


def invoke(functions: Any, name: str, event: Any = None, **more: Any) -> tuple[Any, str | None]:
    payload = json.dumps(event or {}).encode()
    answer = functions.invoke(FunctionName=name, Payload=payload, **more)
    text = answer["Payload"].read()
    return json.loads(text) if text else None, answer.get("FunctionError")


def test_the_handler_runs_with_its_event_context_and_environment(
    functions: Any, deploy_function: Deploy, name: str
) -> None:
    deploy_function(name, ECHO, Environment={"Variables": {"MODE": "test"}}, Timeout=100)
    result, error = invoke(functions, name, {"a": 1})
    assert error is None
    assert 0 < result.pop("left") <= 100_000
    assert result == {"event": {"a": 1}, "name": name, "mode": "test"}


def test_what_it_prints_is_in_its_log_group(
    emulator: Emulator, functions: Any, deploy_function: Deploy, name: str
) -> None:
    deploy_function(name, ECHO)
    invoke(functions, name, {"a": 1})
    found = emulator.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    messages = [event["message"] for event in found]
    assert "seen {'a': 1}" in messages
    assert messages[0].startswith("START RequestId: ")


def test_its_aws_is_the_emulator(emulator: Emulator, functions: Any, deploy_function: Deploy, name: str) -> None:
    deploy_function(name, WRITES)
    invoke(functions, name, {"name": f"/{name}", "value": "42"})
    assert emulator.client("ssm").get_parameter(Name=f"/{name}")["Parameter"]["Value"] == "42"


def test_an_exception_is_a_function_error(functions: Any, deploy_function: Deploy, name: str) -> None:
    deploy_function(name, FAILS)
    result, error = invoke(functions, name)
    assert error == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("KeyError", "'release'")
    assert "in handle" in result["stackTrace"][0]


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (ECHO, "other.handle", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        (ECHO, "index.other", "Runtime.HandlerNotFound", "Handler 'other' missing on module 'index'"),
        (
            "import numpy\ndef handle(e, c): pass",
            "index.handle",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'numpy'",
        ),
        (
            "import workloads\ndef handle(e, c): pass",
            "index.handle",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'workloads'",
        ),
        ("import os\nos.environ['NOWHERE']", "index.handle", "KeyError", "'NOWHERE'"),
        (
            "def handle(e, c): return {1, 2}",
            "index.handle",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ],
)
def test_packages_that_would_fail_on_aws_fail_here(
    functions: Any, deploy_function: Deploy, name: str, source: str, handler: str, kind: str, message: str
) -> None:
    deploy_function(name, source, Handler=handler)
    result, error = invoke(functions, name)
    assert (error, result["errorType"], result["errorMessage"]) == ("Unhandled", kind, message)


def test_a_timeout(functions: Any, deploy_function: Deploy, name: str) -> None:
    deploy_function(name, "import time\ndef handle(e, c): time.sleep(30)", Timeout=1)
    result, error = invoke(functions, name)
    assert (error, result["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert result["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_a_process_that_exits(functions: Any, deploy_function: Deploy, name: str) -> None:
    deploy_function(name, "import os\ndef handle(e, c): os._exit(3)")
    result, error = invoke(functions, name)
    assert (error, result["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert result["errorMessage"].endswith("Runtime exited with error: exit status 3")


def test_new_code_replaces_the_old(functions: Any, deploy_function: Deploy, name: str) -> None:
    import io
    import zipfile

    deploy_function(name, "def handle(e, c): return 1")
    assert invoke(functions, name)[0] == 1
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handle(e, c): return 2")
    functions.update_function_code(FunctionName=name, ZipFile=packed.getvalue())
    assert invoke(functions, name)[0] == 2


def test_bad_input_is_refused(functions: Any, deploy_function: Deploy, name: str) -> None:
    deploy_function(name, ECHO)
    with pytest.raises(ClientError, match="Could not parse request body into json"):
        functions.invoke(FunctionName=name, Payload=b"{")
    with pytest.raises(ClientError, match="Function not found"):
        functions.invoke(FunctionName="nobody")


def test_a_dry_run_runs_nothing(emulator: Emulator, functions: Any, deploy_function: Deploy, name: str) -> None:
    deploy_function(name, WRITES)
    answer = functions.invoke(FunctionName=name, InvocationType="DryRun", Payload=b"{}")
    assert answer["StatusCode"] == 204


def test_an_asynchronous_failure_is_retried_and_dead_lettered(
    emulator: Emulator, functions: Any, deploy_function: Deploy, name: str, eventually: Callable[..., Any]
) -> None:
    sqs = emulator.client("sqs")
    urls = {key: sqs.create_queue(QueueName=f"{name}-{key}")["QueueUrl"] for key in ("dead", "failed")}
    arn = "arn:aws:sqs:eu-west-1:123456789012:" + name
    function = deploy_function(name, FAILS, DeadLetterConfig={"TargetArn": f"{arn}-dead"})
    destination = {"OnFailure": {"Destination": f"{arn}-failed"}}
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, DestinationConfig=destination)
    answer = functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"a": 1}')
    assert answer["StatusCode"] == 202

    def messages(key: str) -> Any:
        return sqs.receive_message(QueueUrl=urls[key], MessageAttributeNames=["All"]).get("Messages")

    dead = eventually(lambda: messages("dead"))[0]
    assert json.loads(dead["Body"]) == {"a": 1}
    assert dead["MessageAttributes"]["ErrorMessage"]["StringValue"] == "'release'"
    record = json.loads(eventually(lambda: messages("failed"))[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorType"] == "KeyError"
    attempts = [d["detail"]["attempt"] for d in emulator.deliveries() if d["target"] == function]
    assert attempts == [1, 2]


def test_the_configuration_is_kept(functions: Any, deploy_function: Deploy, name: str) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:letters"
    logging = {"LogFormat": "JSON", "LogGroup": f"/own/{name}"}
    deploy_function(name, ECHO, DeadLetterConfig={"TargetArn": queue}, LoggingConfig=logging)
    found = functions.get_function_configuration(FunctionName=name)
    assert (found["DeadLetterConfig"], found["LoggingConfig"]) == ({"TargetArn": queue}, logging)
    functions.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": queue + "2"}, Timeout=7)
    found = functions.get_function_configuration(FunctionName=name)
    assert (found["DeadLetterConfig"], found["Timeout"]) == ({"TargetArn": queue + "2"}, 7)


def test_from_alarm_to_topic_to_function(
    emulator: Emulator, cloudwatch: Any, deploy_function: Deploy, name: str, eventually: Callable[..., Any]
) -> None:
    source = """
import json
def handle(event, context):
    message = json.loads(event["Records"][0]["Sns"]["Message"])
    return {"alarm": message["AlarmName"], "state": message["NewStateValue"]}
"""
    sns = emulator.client("sns")
    function, topic = deploy_function(name, source), sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="DriftScore",
        Statistic="Maximum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=0.15,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "DriftScore", "Value": 0.4}])

    def result() -> Any:
        return next((d for d in emulator.deliveries() if d["target"] == function), None)

    found = eventually(result)
    assert found["detail"]["result"] == {"alarm": name, "state": "ALARM"}
    by_number = {d["number"]: d for d in emulator.deliveries()}
    chain = [found]
    while chain[0]["cause"] is not None:
        chain.insert(0, by_number[chain[0]["cause"]])
    alarm = f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"
    assert [(d["source"], d["target"]) for d in chain] == [(alarm, alarm), (alarm, topic), (topic, function)]


def test_subscriptions_that_lead_off_the_machine_are_recorded(emulator: Emulator, name: str) -> None:
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.invalid/hook")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:nobody")
    sns.publish(TopicArn=topic, Message="hello")
    found = {d["target"]: (d["status"], d["detail"]) for d in emulator.deliveries() if d["source"] == topic}
    reason = "https subscriptions: the emulator contacts nothing outside this machine"
    assert found["https://example.invalid/hook"] == ("not emulated", {"reason": reason})
    assert found["arn:aws:sqs:eu-west-1:123456789012:nobody"] == ("failed", {"error": "queue nobody does not exist"})
