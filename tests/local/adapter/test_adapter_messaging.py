"""Queues, topics, parameters and repositories on a real moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.adapter import Adapter, InvalidInput

QUEUE, TOPIC = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"
TOPIC_POLICY, SUBSCRIPTION = "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription"
PARAMETER = "aws:ssm/parameter:Parameter"
REPOSITORY = "aws:ecr/repository:Repository"


def document(principal: str, action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class TestQueues:
    def test_a_queue_with_its_dead_letters(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        dead = adapter.create(QUEUE, "dead", {"name": "dead.fifo", "fifoQueue": True})
        redrive = json.dumps({"deadLetterTargetArn": dead.outputs["arn"], "maxReceiveCount": 3})
        inputs = {"name": "jobs.fifo", "fifoQueue": True, "contentBasedDeduplication": True, "redrivePolicy": redrive}
        jobs = adapter.create(QUEUE, "jobs", {**inputs, "kmsMasterKeyId": "alias/messages"})
        found = aws("sqs").get_queue_attributes(QueueUrl=jobs.id, AttributeNames=["All"])["Attributes"]
        assert (found["FifoQueue"], found["ContentBasedDeduplication"]) == ("true", "true")
        assert json.loads(found["RedrivePolicy"]) == json.loads(redrive)
        assert found["KmsMasterKeyId"] == "alias/messages"
        adapter.delete(QUEUE, jobs.id, inputs, jobs.outputs)
        urls = aws("sqs").list_queues()["QueueUrls"]
        assert [url.rsplit("/", 1)[1] for url in urls] == ["dead.fifo"]

    def test_a_policy_as_a_resource(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        token = "aws:sqs/queuePolicy:QueuePolicy"
        queue = adapter.create(QUEUE, "jobs", {"name": "jobs"})
        inputs = {"queueUrl": queue.id, "policy": document("sns.amazonaws.com", "sqs:SendMessage", "*")}
        created = adapter.create(token, "policy", inputs)
        assert (created.id, created.outputs) == (queue.id, {**inputs, "region": "eu-west-1"})

        def policy() -> str:
            found = aws("sqs").get_queue_attributes(QueueUrl=queue.id, AttributeNames=["All"])["Attributes"]
            return found.get("Policy", "")

        assert json.loads(policy()) == json.loads(inputs["policy"])
        adapter.delete(token, created.id, inputs, created.outputs)
        assert policy() == ""

    def test_a_policy_that_is_no_json(self, offline: Adapter) -> None:
        with pytest.raises(InvalidInput) as refused:
            offline.validate(QUEUE, "jobs", {"redrivePolicy": "3 times", "policy": "{}"})
        assert str(refused.value).splitlines() == [
            f"{QUEUE} 'jobs': redrivePolicy = '3 times': must be JSON (Extra data: line 1 column 3 (char 2)) (sqs "
            "CreateQueue)",
            f"{QUEUE} 'jobs': policy = '{{}}': is no valid policy document: Statement must be a list with at least one "
            "statement (sqs CreateQueue)",
        ]


class TestTopics:
    def test_a_topic_changes_one_attribute_a_call(
        self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]
    ) -> None:
        inputs = {"name": "alerts", "displayName": "Alerts", "kmsMasterKeyId": "alias/messages", "tags": {"a": "b"}}
        created = adapter.create(TOPIC, "alerts", inputs)
        assert created.id == created.outputs["arn"] == "arn:aws:sns:eu-west-1:123456789012:alerts"
        assert created.outputs["owner"] == "123456789012"
        calls.clear()
        changed = {"name": "alerts", "displayName": "All alerts", "tags": {"a": "b"}}
        updated = adapter.update(TOPIC, created.id, inputs, changed, created.outputs)
        assert calls == ["SetTopicAttributes", "SetTopicAttributes"]
        found = aws("sns").get_topic_attributes(TopicArn=created.id)["Attributes"]
        assert (found["DisplayName"], found.get("KmsMasterKeyId", "")) == ("All alerts", "")
        adapter.delete(TOPIC, created.id, changed, updated.outputs)
        assert aws("sns").list_topics()["Topics"] == []

    def test_a_policy_and_the_default_after_it(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        topic = adapter.create(TOPIC, "alerts", {"name": "alerts"}).id
        inputs = {"arn": topic, "policy": document("cloudwatch.amazonaws.com", "sns:Publish", topic)}
        created = adapter.create(TOPIC_POLICY, "alerts", inputs)

        def principal() -> dict[str, str]:
            attributes = aws("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
            return json.loads(attributes["Policy"])["Statement"][0]["Principal"]

        assert principal() == {"Service": "cloudwatch.amazonaws.com"}
        adapter.delete(TOPIC_POLICY, created.id, inputs, created.outputs)
        assert principal() == {"AWS": "arn:aws:iam::123456789012:root"}

    def test_a_subscription(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        topic = adapter.create(TOPIC, "alerts", {"name": "alerts"}).id
        queue = adapter.create(QUEUE, "jobs", {"name": "jobs"}).outputs["arn"]
        inputs = {"topic": topic, "protocol": "sqs", "endpoint": queue, "rawMessageDelivery": True}
        created = adapter.create(SUBSCRIPTION, "jobs", inputs)
        assert created.outputs == {
            **inputs,
            "arn": created.id,
            "ownerId": "123456789012",
            "pendingConfirmation": False,
            "region": "eu-west-1",
        }
        changed = {**inputs, "rawMessageDelivery": False, "filterPolicy": json.dumps({"kind": ["drift"]})}
        adapter.update(SUBSCRIPTION, created.id, inputs, changed, created.outputs)
        found = aws("sns").get_subscription_attributes(SubscriptionArn=created.id)["Attributes"]
        assert (found["RawMessageDelivery"], json.loads(found["FilterPolicy"])) == ("false", {"kind": ["drift"]})
        adapter.delete(SUBSCRIPTION, created.id, changed, created.outputs)
        assert aws("sns").list_subscriptions()["Subscriptions"] == []

    def test_a_protocol_that_sns_does_not_have(self, offline: Adapter) -> None:
        with pytest.raises(InvalidInput) as refused:
            offline.validate(SUBSCRIPTION, "jobs", {"topic": "arn:x", "protocol": "slack", "endpoint": "x"})
        assert str(refused.value) == (
            f"{SUBSCRIPTION} 'jobs': protocol = 'slack': must be one of application, email, email-json, firehose, "
            "http, https, "
            "lambda, sms, sqs (sns Subscribe)"
        )


class TestParameters:
    def test_a_parameter_has_versions(self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]) -> None:
        inputs = {"name": "/ml/staging/limit", "type": "String", "value": "1", "description": "d", "tags": {"a": "b"}}
        created = adapter.create(PARAMETER, "limit", inputs)
        assert created.id == "/ml/staging/limit"
        assert created.outputs["arn"] == "arn:aws:ssm:eu-west-1:123456789012:parameter/ml/staging/limit"
        assert (created.outputs["version"], created.outputs["dataType"]) == (1, "text")
        tags = aws("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=created.id)["TagList"]
        assert tags == [{"Key": "a", "Value": "b"}]
        calls.clear()
        updated = adapter.update(PARAMETER, created.id, inputs, {**inputs, "value": "2"}, created.outputs)
        assert calls == ["PutParameter", "GetParameter"]
        assert updated.outputs["version"] == 2
        adapter.delete(PARAMETER, created.id, inputs, updated.outputs)
        with pytest.raises(ClientError, match="ParameterNotFound"):
            aws("ssm").get_parameter(Name=created.id)

    def test_a_secret_parameter(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        key = adapter.create("aws:kms/key:Key", "secrets", {}).id
        inputs = {"name": "/ml/salt", "type": "SecureString", "value": "pepper", "keyId": key}
        adapter.create(PARAMETER, "salt", inputs)
        assert aws("ssm").get_parameter(Name="/ml/salt", WithDecryption=True)["Parameter"]["Value"] == "pepper"

    def test_exactly_one_value(self, offline: Adapter) -> None:
        for values, found in (({}, ""), ({"value": "1", "insecureValue": "2"}, " = 'value and insecureValue'")):
            with pytest.raises(InvalidInput) as refused:
                offline.validate(PARAMETER, "limit", {"name": "/x", "type": "Text", **values})
            assert str(refused.value).splitlines()[-1] == (
                f"{PARAMETER} 'limit': value{found}: exactly one of value, insecureValue, valueWo must be given"
            )
            assert "type = 'Text': must be one of String, StringList, SecureString" in str(refused.value)


class TestRepositories:
    def test_a_repository(self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]) -> None:
        inputs = {
            "name": "churn-training",
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [
                {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/1"}
            ],
            "forceDelete": True,
            "tags": {"a": "b"},
        }
        created = adapter.create(REPOSITORY, "training", inputs)
        assert created.id == "churn-training"
        assert created.outputs["arn"] == "arn:aws:ecr:eu-west-1:123456789012:repository/churn-training"
        assert created.outputs["repositoryUrl"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training"
        assert created.outputs["registryId"] == "123456789012"
        changed = {**inputs, "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": False}}
        calls.clear()
        adapter.update(REPOSITORY, created.id, inputs, changed, created.outputs)
        assert calls == ["PutImageScanningConfiguration", "PutImageTagMutability"]
        found = aws("ecr").describe_repositories()["repositories"][0]
        assert (found["imageTagMutability"], found["imageScanningConfiguration"]) == (
            "IMMUTABLE",
            {"scanOnPush": False},
        )
        assert found["encryptionConfiguration"]["encryptionType"] == "KMS"

        rule = {
            "rulePriority": 1,
            "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
            "action": {"type": "expire"},
        }
        lifecycle = {"repository": "churn-training", "policy": json.dumps({"rules": [rule]})}
        kept = adapter.create("aws:ecr/lifecyclePolicy:LifecyclePolicy", "training", lifecycle)
        text = aws("ecr").get_lifecycle_policy(repositoryName="churn-training")["lifecyclePolicyText"]
        assert (kept.id, json.loads(text)) == ("churn-training", {"rules": [rule]})
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "ecr:BatchGetImage",
        }
        policy = {
            "repository": "churn-training",
            "policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        }
        shared = adapter.create("aws:ecr/repositoryPolicy:RepositoryPolicy", "training", policy)
        assert "sagemaker" in aws("ecr").get_repository_policy(repositoryName="churn-training")["policyText"]
        adapter.delete("aws:ecr/repositoryPolicy:RepositoryPolicy", shared.id, policy, shared.outputs)
        adapter.delete("aws:ecr/lifecyclePolicy:LifecyclePolicy", kept.id, lifecycle, kept.outputs)
        with pytest.raises(ClientError, match="LifecyclePolicyNotFoundException"):
            aws("ecr").get_lifecycle_policy(repositoryName="churn-training")
        adapter.delete(REPOSITORY, created.id, changed, created.outputs)
        assert aws("ecr").describe_repositories()["repositories"] == []
