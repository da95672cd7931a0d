"""The network, what is kept, and what watches: quantities of each rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.cost import Traffic
from tests.automation.cost.written import WORKLOAD, endpoint, estimated, items, resource

DAYS = 365 / 12


def test_an_interface_endpoint_costs_by_zone_and_a_gateway_endpoint_nothing() -> None:
    two_zones = resource("ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=["a", "b"])
    assert items(estimated(two_zones)) == {"interface endpoint": 1460, "interface endpoint data": 0.2}
    assert items(estimated(resource("ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Gateway"))) == {}


def test_a_nat_gateway_costs_with_its_address() -> None:
    found = estimated(resource("ec2/natGateway:NatGateway"), resource("ec2/eip:Eip", "address"))
    assert items(found) == {"NAT gateway": 730, "NAT gateway data": 1}
    assert items(found, "address") == {"public IPv4 address": 730}
    assert found.total.usd == pytest.approx(730 * 0.045 + 0.045 + 730 * 0.005)


def test_flow_logs_cost_where_they_go_to() -> None:
    group = resource("cloudwatch/logGroup:LogGroup", "logs", name="/aws/vpc/flow-logs/s", retentionInDays=30)
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vpc/flow-logs/s"
    flows = resource("ec2/flowLog:FlowLog", logDestination=arn, logDestinationType="cloud-watch-logs")
    assert items(estimated(flows, group)) == {}
    assert items(estimated(flows, group), "logs") == {
        "logs ingestion": 0.4,
        "logs storage": round(0.4 * 0.15 * 30 / DAYS, 6),
    }
    to_s3 = resource("ec2/flowLog:FlowLog", logDestination="arn:aws:s3:::central", logDestinationType="s3")
    assert items(estimated(to_s3)) == {"vended logs to S3": 0.4}


def test_logs_are_kept_as_long_as_the_group_says_and_at_most_since_the_stack_is_there() -> None:
    ever = resource("cloudwatch/logGroup:LogGroup", name="/aws/lambda/f")
    assert items(estimated(ever)) == {"logs ingestion": 0.01, "logs storage": 0.018}
    assert items(estimated(ever, traffic=Traffic(months=24)))["logs storage"] == 0.036


def bucket(role: str, *rules: dict[str, Any]) -> list[dict[str, Any]]:
    name = f"123456789012-s-ai-{role}"
    lifecycle = resource(
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "lifecycle", bucket=name, rules=list(rules)
    )
    return [resource("s3/bucket:Bucket", bucket=name), lifecycle, resource("sqs/queue:Queue", "q", within=WORKLOAD)]


TIERS = {
    "status": "Enabled",
    "filter": {"prefix": ""},
    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 90, "storageClass": "GLACIER_IR"}],
}


def test_raw_data_lies_in_the_class_of_its_age() -> None:
    found = items(estimated(*bucket("raw-data", TIERS)))
    assert found["standard storage"] == pytest.approx(0.2 * 30 / DAYS, abs=1e-6)
    assert found["standard-IA storage"] == pytest.approx(0.2 * 60 / DAYS, abs=1e-6)
    assert found["glacier instant retrieval"] == pytest.approx(0.2 * (365 - 90) / DAYS, abs=1e-6)
    young = items(estimated(*bucket("raw-data", TIERS), traffic=Traffic(months=1)))
    assert set(young) == {"standard storage", "standard-IA storage", "PUT, COPY, POST, LIST", "GET"}
    off = items(estimated(*bucket("raw-data", {**TIERS, "status": "Disabled"})))
    assert off["standard storage"] == pytest.approx(0.2 * 12)


def test_captured_traffic_goes_after_its_days_and_accepted_data_stays() -> None:
    expire = {"status": "Enabled", "filter": {"prefix": "data-capture/"}, "expiration": {"days": 90}}
    found = items(estimated(*bucket("processed-data", expire), *endpoint()), "it")
    captured = 1_000_000 * (1 + 0.5 + 0.6) / 1_000_000
    assert found["standard storage"] == pytest.approx(0.2 * 12 + captured * 90 / DAYS, abs=1e-6)
    assert found["PUT, COPY, POST, LIST"] == 1 + 730 * 60 / 1000
    config, made = endpoint()
    config["inputs"]["dataCaptureConfig"] = {"enableCapture": True, "initialSamplingPercentage": 10}
    tenth = items(estimated(*bucket("processed-data", expire), config, made), "it")["standard storage"]
    assert tenth == pytest.approx(0.2 * 12 + captured / 10 * 90 / DAYS, abs=1e-6)
    config["inputs"]["dataCaptureConfig"] = {"enableCapture": False, "initialSamplingPercentage": 100}
    none = items(estimated(*bucket("processed-data", expire), config, made), "it")["standard storage"]
    assert none == pytest.approx(0.2 * 12)


def test_every_object_is_an_event_where_the_bucket_tells_eventbridge() -> None:
    name = "123456789012-s-ai-processed-data"
    told = resource("s3/bucketNotification:BucketNotification", bucket=name, eventbridge=True)
    assert items(estimated(told, *endpoint()), "it")["custom events"] == (1_000 + 730 * 60) / 1_000_000
    assert items(estimated({**told, "inputs": {"bucket": name}})) == {}


def test_a_repository_keeps_as_many_images_as_its_policy_says() -> None:
    policy = {"rules": [{"selection": {"countType": "imageCountMoreThan", "countNumber": 11}}]}
    kept = resource("ecr/lifecyclePolicy:LifecyclePolicy", "policy", repository="r", policy=json.dumps(policy))
    repository = resource("ecr/repository:Repository", name="r")
    assert items(estimated(repository, kept)) == {"storage": 1.0}
    assert items(estimated(repository)) == {"storage": pytest.approx(0.5 + 47 * 0.05)}


@pytest.mark.parametrize(("months", "keys"), [(1, 1), (12, 1), (13, 2), (25, 3), (120, 3)])
def test_the_first_two_rotations_of_a_key_cost_as_much_as_the_key(months: int, keys: int) -> None:
    found = estimated(resource("kms/key:Key", enableKeyRotation=True), traffic=Traffic(months=months))
    assert items(found) == {"customer key": keys, "requests": 1}
    still = estimated(resource("kms/key:Key", enableKeyRotation=False), traffic=Traffic(months=months))
    assert items(still)["customer key"] == 1


def test_only_advanced_parameters_cost() -> None:
    assert items(estimated(resource("ssm/parameter:Parameter", type="String"))) == {}
    assert items(estimated(resource("ssm/parameter:Parameter", tier="Advanced"))) == {"advanced parameter": 1}


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


def test_an_online_store_costs_by_rows() -> None:
    group = "sagemaker/featureGroup:FeatureGroup"
    online = resource(group, onlineStoreConfig={"enableOnlineStore": True})
    assert items(estimated(online, traffic=Traffic(delivered_rows=2_000_000))) == {
        "feature store online write": 2,
        "feature store online storage": 0.2,
    }
    assert items(estimated(resource(group, offlineStoreConfig={}))) == {}


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
