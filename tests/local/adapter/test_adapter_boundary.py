"""What the runtime relies on: check, validate, create, update, replaces and delete, whatever the type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from local.adapter import Adapter, ApiRefused, InvalidInput, UnknownType
from local.adapter.values import UNKNOWN

QUEUE, TOPIC, ALARM = "aws:sqs/queue:Queue", "aws:sns/topic:Topic", "aws:cloudwatch/metricAlarm:MetricAlarm"
BUCKET, GROUP = "aws:s3/bucket:Bucket", "aws:cloudwatch/logGroup:LogGroup"
ANALYZER = "aws:accessanalyzer/analyzer:Analyzer"
QUEUE_DEFAULTS = {
    "delaySeconds": 0,
    "messageRetentionSeconds": 345_600,
    "receiveWaitTimeSeconds": 0,
    "visibilityTimeoutSeconds": 30,
}


def digest(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:7]


def refusal(call: Callable[[], Any]) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        call()
    return str(refused.value).splitlines()


class TestCheck:
    def test_defaults_are_filled_in_and_nulls_dropped(self, offline: Adapter) -> None:
        inputs = {"name": "jobs", "delaySeconds": 5.0, "policy": None}
        assert offline.check(QUEUE, "jobs", inputs) == {**QUEUE_DEFAULTS, "name": "jobs", "delaySeconds": 5.0}

    def test_a_name_is_made_of_the_logical_name_and_the_urn(self, offline: Adapter) -> None:
        assert offline.check(TOPIC, "alerts", {}, urn="urn:x")["name"] == f"alerts-{digest('urn:x')}"
        assert offline.check(TOPIC, "alerts", {})["name"] == f"alerts-{digest('alerts')}"
        assert offline.check(TOPIC, "alerts", {"name": "mine"})["name"] == "mine"

    @pytest.mark.parametrize(
        ("token", "name", "inputs", "key", "expected"),
        [
            (TOPIC, "alerts", {"namePrefix": "team-"}, "name", "team-{}"),
            (TOPIC, "alerts", {"fifoTopic": True}, "name", "alerts-{}.fifo"),
            (BUCKET, "RawData", {}, "bucket", "rawdata-{}"),
            (BUCKET, "b" * 80, {}, "bucket", "b" * 56 + "{}"),
            ("aws:kms/alias:Alias", "models", {}, "name", "alias/models-{}"),
            ("aws:lambda/permission:Permission", "allow", {}, "statementId", "allow-{}"),
        ],
    )
    def test_names_keep_to_the_rules_of_their_service(
        self, offline: Adapter, token: str, name: str, inputs: dict[str, Any], key: str, expected: str
    ) -> None:
        assert offline.check(token, name, inputs, urn="urn")[key] == expected.format(digest("urn"))

    def test_a_type_without_a_table(self, offline: Adapter) -> None:
        with pytest.raises(UnknownType) as unknown:
            offline.check("aws:emr/cluster:Cluster", "spark", {})
        assert str(unknown.value) == (
            "aws:emr/cluster:Cluster: the adapter has no table for this type; "
            "add one to its service in local/adapter/services"
        )


class TestValidate:
    """No server stands behind the offline adapter, so whatever it finds it finds without a call."""

    def test_valid_inputs_pass(self, offline: Adapter) -> None:
        offline.validate(QUEUE, "jobs", {"name": "jobs", "delaySeconds": 5.0, "tags": {"Team": "ml"}})

    def test_every_fault_is_reported_at_once_with_resource_input_value_and_rule(self, offline: Adapter) -> None:
        inputs = {
            "comparisonOperator": "Above",
            "evaluationPeriods": 1.0,
            "datapointsToAlarm": 2.0,
            "metricName": "Errors",
            "namespace": "AWS/Lambda",
            "period": 45.0,
            "statistic": "P99",
            "treshold": 1.0,
            "dimensions": {"FunctionName": 5.0},
        }
        prefix = f"{ALARM} 'errors': "
        lines = [line.removeprefix(prefix) for line in refusal(lambda: offline.validate(ALARM, "errors", inputs))]
        unknown = lines.pop(0)
        assert unknown.startswith(
            "treshold = 1.0: is no input of the provider; did you mean threshold? It knows actions"
        )
        assert lines == [
            "dimensions.FunctionName = 5.0: must be a text",
            "period = 45.0: must be 10, 20, 30 or a multiple of 60 seconds (cloudwatch PutMetricAlarm)",
            "comparisonOperator = 'Above': must be one of GreaterThanOrEqualToThreshold, GreaterThanThreshold, "
            "LessThanThreshold, LessThanOrEqualToThreshold, LessThanLowerOrGreaterThanUpperThreshold, "
            "LessThanLowerThreshold, GreaterThanUpperThreshold (cloudwatch PutMetricAlarm ComparisonOperator)",
            "statistic = 'P99': must be one of SampleCount, Average, Sum, Minimum, Maximum "
            "(cloudwatch PutMetricAlarm Statistic)",
            "datapointsToAlarm = 2.0: must be at most evaluationPeriods, 1",
        ]

    def test_the_fault_of_a_nested_value_names_its_place_in_the_program(self, offline: Adapter) -> None:
        inputs = {
            "name": "champion",
            "executionRoleArn": "arn:aws:iam::123456789012:role/x",
            "primaryContainer": {"image": "no image", "environment": {"OK": "x"}},
            "vpcConfig": {"subnets": ["subnet_1"], "securityGroupIds": []},
        }
        assert refusal(lambda: offline.validate("aws:sagemaker/model:Model", "champion", inputs)) == [
            "aws:sagemaker/model:Model 'champion': primaryContainer.image = 'no image': must match [\\S]+ "
            "(sagemaker CreateModel PrimaryContainer.Image)",
            "aws:sagemaker/model:Model 'champion': vpcConfig.subnets[0] = 'subnet_1': must match [-0-9a-zA-Z]+ "
            "(sagemaker CreateModel VpcConfig.Subnets[0])",
            "aws:sagemaker/model:Model 'champion': vpcConfig.securityGroupIds = []: must have 1 to 5 items, has 0 "
            "(sagemaker CreateModel VpcConfig.SecurityGroupIds)",
        ]

    def test_an_input_that_is_not_carried_out_says_what_to_do_instead(self, offline: Adapter) -> None:
        inputs = {"bucket": "raw", "versioning": {"enabled": True}}
        assert refusal(lambda: offline.validate(BUCKET, "raw", inputs)) == [
            f"{BUCKET} 'raw': versioning = {{'enabled': True}}: is not carried out here; write it as an "
            "aws.s3.BucketVersioning"
        ]

    def test_unknown_values_are_skipped_wherever_they_stand(self, offline: Adapter) -> None:
        offline.validate(QUEUE, "jobs", {"name": UNKNOWN, "delaySeconds": UNKNOWN, "policy": UNKNOWN, "tags": UNKNOWN})
        offline.validate(
            "aws:iam/role:Role",
            "worker",
            {"assumeRolePolicy": UNKNOWN, "permissionsBoundary": UNKNOWN},
        )
        offline.validate("aws:ec2/securityGroup:SecurityGroup", "sg", {"vpcId": UNKNOWN, "name": UNKNOWN})

    def test_what_is_known_beside_the_unknown_is_checked(self, offline: Adapter) -> None:
        inputs = {"policy": UNKNOWN, "delaySeconds": 901.0}
        assert refusal(lambda: offline.validate(QUEUE, "jobs", inputs)) == [
            f"{QUEUE} 'jobs': delaySeconds = 901.0: must be 0 to 900 (sqs CreateQueue)"
        ]


class TestCreate:
    def test_outputs_are_inputs_defaults_tags_and_what_the_provider_adds(self, adapter: Adapter) -> None:
        created = adapter.create(
            QUEUE, "jobs", {"name": "jobs", "tags": {"A": "1"}, "tagsAll": {"A": "1", "Team": "ml"}}
        )
        assert created.emulated
        assert created.id == f"{adapter.endpoint_url}/123456789012/jobs"
        assert created.outputs == {
            **QUEUE_DEFAULTS,
            "name": "jobs",
            "tags": {"A": "1"},
            "tagsAll": {"A": "1", "Team": "ml"},
            "region": "eu-west-1",
            "arn": "arn:aws:sqs:eu-west-1:123456789012:jobs",
            "url": created.id,
        }

    def test_the_default_tags_arrive(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        created = adapter.create(QUEUE, "jobs", {"name": "jobs", "tagsAll": {"Team": "ml"}})
        assert aws("sqs").list_queue_tags(QueueUrl=created.id)["Tags"] == {"Team": "ml"}

    def test_wrong_inputs_are_refused_before_any_call(self, adapter: Adapter, calls: list[str]) -> None:
        assert refusal(lambda: adapter.create(QUEUE, "jobs", {"name": "jobs", "delaySeconds": -1.0})) == [
            f"{QUEUE} 'jobs': delaySeconds = -1.0: must be 0 to 900 (sqs CreateQueue)"
        ]
        assert calls == []

    def test_an_unknown_value_is_refused(self, adapter: Adapter, calls: list[str]) -> None:
        assert refusal(lambda: adapter.create(QUEUE, "jobs", {"name": "jobs", "tags": {"a": UNKNOWN}})) == [
            f"{QUEUE} 'jobs': tags: is not known yet; it must be before the resource is made"
        ]
        assert calls == []

    def test_a_refusal_of_the_api_names_resource_operation_and_reason(self, adapter: Adapter) -> None:
        inputs = {
            "bucket": "raw",
            "policy": json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}),
        }
        with pytest.raises(ApiRefused) as refused:
            adapter.create("aws:s3/bucketPolicy:BucketPolicy", "tls", inputs)
        assert str(refused.value) == (
            "aws:s3/bucketPolicy:BucketPolicy 'tls': s3 PutBucketPolicy answered NoSuchBucket: "
            "The specified bucket does not exist"
        )
        assert refused.value.code == "NoSuchBucket"

    def test_a_resource_can_be_in_another_region(self, adapter: Adapter) -> None:
        created = adapter.create(QUEUE, "jobs", {"name": "jobs", "region": "us-east-1"})
        assert created.outputs["arn"] == "arn:aws:sqs:us-east-1:123456789012:jobs"
        assert created.outputs["region"] == "us-east-1"

    def test_what_the_emulator_lacks_is_recorded_and_says_so(self, adapter: Adapter, calls: list[str]) -> None:
        inputs = {"analyzerName": "outside", "type": "ACCOUNT"}
        created = adapter.create(ANALYZER, "outside", inputs)
        assert not created.emulated
        arn = "arn:aws:access-analyzer:eu-west-1:123456789012:analyzer/outside"
        assert (created.id, created.outputs) == (
            "outside",
            {**inputs, "arn": arn, "region": "eu-west-1", "tagsAll": {}},
        )
        adapter.delete(ANALYZER, created.id, inputs, created.outputs)
        assert calls == []

    def test_what_is_recorded_is_validated_all_the_same(self, adapter: Adapter) -> None:
        assert refusal(lambda: adapter.create(ANALYZER, "outside", {"analyzerName": "1st", "type": "WORLD"})) == [
            f"{ANALYZER} 'outside': type = 'WORLD': must be one of ACCOUNT, ORGANIZATION, ACCOUNT_UNUSED_ACCESS, "
            "ORGANIZATION_UNUSED_ACCESS, ACCOUNT_INTERNAL_ACCESS, ORGANIZATION_INTERNAL_ACCESS "
            "(accessanalyzer CreateAnalyzer type)",
            f"{ANALYZER} 'outside': analyzerName = '1st': must match [A-Za-z_][A-Za-z0-9_.-]* "
            "(accessanalyzer CreateAnalyzer analyzerName)",
        ]


class TestUpdate:
    POLICY = json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
    )

    def test_equal_inputs_make_no_call(self, adapter: Adapter, calls: list[str]) -> None:
        inputs = {"name": "jobs", "delaySeconds": 5.0, "policy": self.POLICY, "tags": {"a": "b"}}
        created = adapter.create(QUEUE, "jobs", inputs)
        calls.clear()
        same = {**inputs, "delaySeconds": 5, "policy": json.dumps(json.loads(self.POLICY), indent=1), "policy_": None}
        del same["policy_"]
        updated = adapter.update(QUEUE, created.id, inputs, same, created.outputs)
        assert calls == []
        assert updated.id == created.id
        assert updated.outputs == {**created.outputs, **same}

    def test_a_generated_name_stays(self, adapter: Adapter, calls: list[str]) -> None:
        created = adapter.create(QUEUE, "jobs", {}, urn="urn:x")
        calls.clear()
        updated = adapter.update(QUEUE, created.id, {}, {"delaySeconds": 5.0}, created.outputs)
        assert calls == ["SetQueueAttributes"]
        assert updated.outputs == {**created.outputs, "delaySeconds": 5.0}

    def test_only_the_calls_that_take_a_change_are_made(self, adapter: Adapter, calls: list[str]) -> None:
        inputs = {"name": "jobs", "tags": {"a": "1", "b": "2"}}
        created = adapter.create(QUEUE, "jobs", inputs)
        calls.clear()
        changed = {"name": "jobs", "tags": {"a": "3"}}
        updated = adapter.update(QUEUE, created.id, inputs, changed, created.outputs)
        assert calls == ["UntagQueue", "TagQueue"]
        assert updated.outputs["tagsAll"] == {"a": "3"}

    def test_a_change_by_an_operation_that_the_emulator_lacks_is_refused(
        self, adapter: Adapter, calls: list[str]
    ) -> None:
        bus = "aws:cloudwatch/eventBus:EventBus"
        created = adapter.create(bus, "orders", {"name": "orders"})
        calls.clear()
        with pytest.raises(ApiRefused) as refused:
            adapter.update(bus, created.id, {"name": "orders"}, {"name": "orders", "description": "d"}, created.outputs)
        assert str(refused.value) == (
            f"{bus} 'orders': events UpdateEventBus answered NotEmulated: the emulator lacks it"
        )
        assert calls == []

    def test_an_input_that_is_gone_goes_back_to_its_default(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        inputs = {"name": "jobs", "visibilityTimeoutSeconds": 90.0}
        created = adapter.create(QUEUE, "jobs", inputs)
        adapter.update(QUEUE, created.id, inputs, {"name": "jobs"}, created.outputs)
        attributes = aws("sqs").get_queue_attributes(QueueUrl=created.id, AttributeNames=["VisibilityTimeout"])
        assert attributes["Attributes"] == {"VisibilityTimeout": "30"}

    def test_a_change_that_forces_replacement_is_refused(self, adapter: Adapter, calls: list[str]) -> None:
        created = adapter.create(QUEUE, "jobs", {"name": "jobs"})
        calls.clear()
        lines = refusal(
            lambda: adapter.update(QUEUE, created.id, {"name": "jobs"}, {"name": "other"}, created.outputs, name="jobs")
        )
        assert lines == [f"{QUEUE} 'jobs': name = 'other': forces a new resource; replace it"]
        assert calls == []

    def test_wrong_inputs_are_refused_before_any_call(self, adapter: Adapter, calls: list[str]) -> None:
        created = adapter.create(GROUP, "logs", {"name": "/platform", "retentionInDays": 30.0})
        calls.clear()
        lines = refusal(
            lambda: adapter.update(
                GROUP,
                created.id,
                {"name": "/platform"},
                {"name": "/platform", "retentionInDays": 31.0},
                created.outputs,
            )
        )
        assert lines == [
            f"{GROUP} '/platform': retentionInDays = 31.0: must be one of 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, "
            "180, "
            "365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
        ]
        assert calls == []

    def test_a_recorded_resource_is_recorded_anew(self, adapter: Adapter, calls: list[str]) -> None:
        old = {"analyzerName": "outside"}
        new = {**old, "tags": {"Team": "ml"}}
        created = adapter.create(ANALYZER, "outside", old)
        updated = adapter.update(ANALYZER, created.id, old, new, created.outputs)
        assert (updated.id, updated.emulated, updated.outputs["tagsAll"]) == ("outside", False, {"Team": "ml"})
        assert calls == []


class TestReplaces:
    @pytest.mark.parametrize(
        ("token", "old", "new", "forcing"),
        [
            (QUEUE, {"name": "a"}, {"name": "a", "delaySeconds": 9.0}, []),
            (QUEUE, {"name": "a", "fifoQueue": True}, {"name": "b"}, ["name", "fifoQueue"]),
            (QUEUE, {"name": "a"}, {"name": UNKNOWN}, ["name"]),
            (QUEUE, {"name": "a"}, {"name": "a", "region": "us-east-1"}, ["region"]),
            ("aws:sagemaker/model:Model", {"name": "a", "tags": {}}, {"name": "a", "tags": {"x": "y"}}, []),
            (
                "aws:sagemaker/model:Model",
                {"name": "a", "primaryContainer": {"image": "x"}},
                {"name": "a", "primaryContainer": {"image": "y"}},
                ["primaryContainer"],
            ),
            (
                "aws:sagemaker/featureGroup:FeatureGroup",
                {"onlineStoreConfig": {"enableOnlineStore": True, "ttlDuration": {"unit": "Days", "value": 1.0}}},
                {"onlineStoreConfig": {"enableOnlineStore": True, "ttlDuration": {"unit": "Days", "value": 2.0}}},
                [],
            ),
            (
                "aws:sagemaker/featureGroup:FeatureGroup",
                {"onlineStoreConfig": {"enableOnlineStore": True}, "featureDefinitions": []},
                {"onlineStoreConfig": {"enableOnlineStore": False}, "featureDefinitions": [{"featureName": "x"}]},
                ["onlineStoreConfig", "featureDefinitions"],
            ),
            (
                "aws:ecr/lifecyclePolicy:LifecyclePolicy",
                {"repository": "r", "policy": '{"rules": [ ]}'},
                {"repository": "r", "policy": '{"rules":[]}'},
                [],
            ),
            (
                "aws:ec2/vpc:Vpc",
                {"cidrBlock": "10.0.0.0/16"},
                {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default"},
                [],
            ),
        ],
    )
    def test_what_forces_a_new_resource(
        self, offline: Adapter, token: str, old: dict[str, Any], new: dict[str, Any], forcing: list[str]
    ) -> None:
        assert offline.replaces(token, old, new) == forcing


class TestDelete:
    def test_what_is_gone_already_counts_as_deleted(self, adapter: Adapter) -> None:
        created = adapter.create(QUEUE, "jobs", {"name": "jobs"})
        adapter.delete(QUEUE, created.id, {"name": "jobs"}, created.outputs)
        adapter.delete(QUEUE, created.id, {"name": "jobs"}, created.outputs)

    def test_skip_destroy_keeps_the_resource(self, adapter: Adapter, calls: list[str]) -> None:
        inputs = {"name": "/kept", "skipDestroy": True}
        created = adapter.create(GROUP, "kept", inputs)
        calls.clear()
        adapter.delete(GROUP, created.id, inputs, created.outputs)
        assert calls == []

    def test_a_refusal_that_is_not_absence_is_an_error(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        created = adapter.create(BUCKET, "raw", {"bucket": "raw"})
        aws("s3").put_object(Bucket="raw", Key="x", Body=b"1")
        with pytest.raises(ApiRefused) as refused:
            adapter.delete(BUCKET, created.id, {"bucket": "raw"}, created.outputs)
        assert refused.value.code == "BucketNotEmpty"
