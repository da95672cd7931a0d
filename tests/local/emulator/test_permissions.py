"""A delivery needs the permission AWS asks for; without it the log names the policy to change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator import Emulator

ACCOUNT = "123456789012"
RULES, TOPICS, ALARMS = "events.amazonaws.com", "sns.amazonaws.com", "cloudwatch.amazonaws.com"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{resource}"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(service: str, action: Any, source: str | None = None, **conditions: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": "*"}
    if source:
        conditions = conditions | {"ArnLike": {"aws:SourceArn": source}}
    return statement | ({"Condition": conditions} if conditions else {})


@pytest.fixture
def fire(emulator: Emulator, name: str) -> Callable[[str], tuple[str, Any]]:
    """Lets a rule send an event to a target; the status of the delivery and its error."""
    events = emulator.client("events")

    def send(target: str) -> tuple[str, Any]:
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [f"tests.{name}"]}))
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])
        events.put_events(Entries=[{"Source": f"tests.{name}", "DetailType": "Test", "Detail": "{}"}])
        return last(emulator, arn("events", f"rule/{name}"), target)

    return send


def last(emulator: Emulator, source: str, target: str) -> tuple[str, Any]:
    found = [d for d in emulator.deliveries() if (d["source"], d["target"]) == (source, target)]
    return found[-1]["status"], found[-1]["detail"].get("error")


def denied(target: str, action: str, service: str, source: str) -> tuple[str, str]:
    return "failed", f"the policy of {target} does not allow {action} to {service} for {source}"


def test_a_rule_needs_the_queues_permission(emulator: Emulator, fire: Any, name: str) -> None:
    sqs, queue, rule = emulator.client("sqs"), arn("sqs", name), arn("events", f"rule/{name}")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    refused = denied(f"queue {queue}", "sqs:SendMessage", RULES, rule)
    assert fire(queue) == refused

    def set_policy(*statements: dict[str, Any]) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(*statements)})

    set_policy(allow(RULES, "sqs:SendMessage", arn("events", "rule/another")))
    assert fire(queue) == refused
    set_policy(allow(TOPICS, "sqs:SendMessage", rule))
    assert fire(queue) == refused
    set_policy(allow(RULES, "sqs:SendMessage", rule))
    assert fire(queue) == ("delivered", None)
    insecure = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    set_policy(allow(RULES, "sqs:*"), insecure | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    assert fire(queue) == ("delivered", None)
    set_policy(allow(RULES, "sqs:*"), insecure)
    assert fire(queue) == refused


def test_a_rule_needs_the_functions_permission(
    emulator: Emulator, deploy_function: Any, fire: Any, name: str, eventually: Any
) -> None:
    functions, rule = emulator.client("lambda"), arn("events", f"rule/{name}")
    function = deploy_function(name, "def handle(event, context): return 1")
    functions.remove_permission(FunctionName=name, StatementId="open")
    assert fire(function) == denied(f"function {function}", "lambda:InvokeFunction", RULES, rule)
    allowed = {"Action": "lambda:InvokeFunction", "Principal": RULES, "SourceArn": rule}
    functions.add_permission(FunctionName=name, StatementId="rules", **allowed)
    fire(function)
    eventually(lambda: last(emulator, rule, function) == ("delivered", None))


def test_a_rule_needs_the_topics_permission_and_an_alarm_does_not(
    emulator: Emulator, cloudwatch: Any, fire: Any, name: str
) -> None:
    topic = emulator.client("sns").create_topic(Name=name)["TopicArn"]
    rule = arn("events", f"rule/{name}")
    assert fire(topic) == denied(f"topic {topic}", "sns:Publish", RULES, rule)
    assert alarm_to(emulator, cloudwatch, name, topic) == ("delivered", None)
    emulator.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy(allow(RULES, "sns:Publish"))
    )
    assert fire(topic) == ("delivered", None)
    alarm = arn("cloudwatch", f"alarm:{name}")
    assert alarm_to(emulator, cloudwatch, name, topic) == denied(f"topic {topic}", "sns:Publish", ALARMS, alarm)


def alarm_to(emulator: Emulator, cloudwatch: Any, name: str, topic: str) -> tuple[str, Any]:
    """Lets an alarm go to ALARM with a topic as its action."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="by hand")
    return last(emulator, arn("cloudwatch", f"alarm:{name}"), topic)


def test_an_encrypted_topic_needs_the_keys_permission(emulator: Emulator, cloudwatch: Any, name: str) -> None:
    sns, kms = emulator.client("sns"), emulator.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    topic = sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    refused = denied(f"key {key}", "kms:GenerateDataKey", ALARMS, topic)
    assert alarm_to(emulator, cloudwatch, name, topic) == refused

    def set_policy(context: str) -> None:
        condition = {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": context}}
        statement = allow(ALARMS, ["kms:Decrypt", "kms:GenerateDataKey*"]) | {"Condition": condition}
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(statement))

    set_policy(arn("sns", "another-*"))
    assert alarm_to(emulator, cloudwatch, name, topic) == refused
    set_policy(arn("sns", f"{name[:5]}*"))
    assert alarm_to(emulator, cloudwatch, name, topic) == ("delivered", None)


def test_the_aws_managed_key_is_of_no_use_to_other_services(emulator: Emulator, cloudwatch: Any, name: str) -> None:
    topic = emulator.client("sns").create_topic(Name=name, Attributes={"KmsMasterKeyId": "alias/aws/sns"})["TopicArn"]
    assert alarm_to(emulator, cloudwatch, name, topic) == (
        "failed",
        f"{topic} is encrypted with the AWS managed key alias/aws/sns, which {ALARMS} cannot use; use a key of its own",
    )


def test_a_key_that_is_gone(emulator: Emulator, cloudwatch: Any, name: str) -> None:
    topic = emulator.client("sns").create_topic(Name=name, Attributes={"KmsMasterKeyId": "alias/nobody"})["TopicArn"]
    error = f"{topic} is encrypted with alias/nobody, which does not exist"
    assert alarm_to(emulator, cloudwatch, name, topic) == ("failed", error)


def test_what_a_subscription_cannot_deliver_goes_to_its_dead_letters(
    emulator: Emulator, open_queue: Any, deploy_function: Any, name: str
) -> None:
    sns, sqs, functions = (emulator.client(service) for service in ("sns", "sqs", "lambda"))
    topic, dead = sns.create_topic(Name=name)["TopicArn"], open_queue(f"{name}-dead")
    function = deploy_function(name, "def handle(event, context): return 1")
    functions.remove_permission(FunctionName=name, StatementId="open")
    redrive = json.dumps({"deadLetterTargetArn": arn("sqs", f"{name}-dead")})
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function, Attributes={"RedrivePolicy": redrive})
    sns.publish(TopicArn=topic, Message="hello")
    assert last(emulator, topic, function) == denied(f"function {function}", "lambda:InvokeFunction", TOPICS, topic)
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["hello"]
    assert last(emulator, topic, arn("sqs", f"{name}-dead"))[0] == "dead-lettered"
