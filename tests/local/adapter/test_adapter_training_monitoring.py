"""Feature groups, pipelines and monitoring on a real moto, with doubles for what plain moto lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from local.adapter import Adapter, InvalidInput

ROLE = "arn:aws:iam::123456789012:role/sagemaker"


ARN = "arn:aws:sagemaker:eu-west-1:123456789012"


PIPELINE = "aws:sagemaker/pipeline:Pipeline"
FEATURES, GROUP = "aws:sagemaker/featureGroup:FeatureGroup", "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
JOB = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"
SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"


class TestFeatures:
    INPUTS: ClassVar[dict[str, Any]] = {
        "featureGroupName": "churn",
        "recordIdentifierFeatureName": "customer_id",
        "eventTimeFeatureName": "event_time",
        "roleArn": ROLE,
        "featureDefinitions": [
            {"featureName": "customer_id", "featureType": "String"},
            {"featureName": "event_time", "featureType": "Fractional"},
        ],
        "offlineStoreConfig": {"s3StorageConfig": {"s3Uri": "s3://processed/offline-store", "kmsKeyId": "k"}},
        "onlineStoreConfig": {"enableOnlineStore": True, "ttlDuration": {"unit": "Days", "value": 30.0}},
    }

    def test_a_feature_group_changes_its_time_to_live_in_place(
        self, adapter: Adapter, sagemaker: Any, asked: Callable[..., list[dict[str, Any]]]
    ) -> None:
        created = adapter.create(FEATURES, "features", self.INPUTS)
        assert (created.id, created.outputs["arn"]) == ("churn", f"{ARN}:feature-group/churn")
        found = sagemaker.describe_feature_group(FeatureGroupName="churn")
        assert found["FeatureDefinitions"][1] == {"FeatureName": "event_time", "FeatureType": "Fractional"}
        requests = asked("update_feature_group", "delete_feature_group")
        online = {"enableOnlineStore": True, "ttlDuration": {"unit": "Days", "value": 60.0}}
        changed = {**self.INPUTS, "onlineStoreConfig": online}
        assert adapter.replaces(FEATURES, self.INPUTS, changed) == []
        adapter.update(FEATURES, "churn", self.INPUTS, changed, created.outputs)
        adapter.delete(FEATURES, "churn", changed, created.outputs)
        assert requests == [
            {"FeatureGroupName": "churn", "OnlineStoreConfig": {"TtlDuration": {"Unit": "Days", "Value": 60}}},
            {"FeatureGroupName": "churn"},
        ]

    def test_another_feature_is_another_group(self, adapter: Adapter) -> None:
        more = [*self.INPUTS["featureDefinitions"], {"featureName": "tenure", "featureType": "Integral"}]
        assert adapter.replaces(FEATURES, self.INPUTS, {**self.INPUTS, "featureDefinitions": more}) == [
            "featureDefinitions"
        ]

    def test_a_group_needs_a_store(self, offline: Adapter) -> None:
        inputs = {key: value for key, value in self.INPUTS.items() if not key.endswith("StoreConfig")}
        with pytest.raises(InvalidInput) as refused:
            offline.validate(FEATURES, "features", {**inputs, "featureDefinitions": [{"featureType": "Text"}]})
        assert str(refused.value).splitlines() == [
            f"{FEATURES} 'features': featureDefinitions[0].featureName: is required; give it a value (a text) "
            "(sagemaker CreateFeatureGroup FeatureDefinitions[0].FeatureName)",
            f"{FEATURES} 'features': featureDefinitions[0].featureType = 'Text': must be one of Integral, "
            "Fractional, String "
            "(sagemaker CreateFeatureGroup FeatureDefinitions[0].FeatureType)",
            f"{FEATURES} 'features': offlineStoreConfig: at least one of offlineStoreConfig, onlineStoreConfig must "
            "be given",
        ]


class TestPipelines:
    DEFINITION: ClassVar[str] = json.dumps(
        {"Version": "2020-12-01", "Steps": [{"Name": "Train", "Type": "Training", "Arguments": {}}]}
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "pipelineName": "churn",
        "pipelineDisplayName": "churn",
        "roleArn": ROLE,
        "pipelineDefinition": DEFINITION,
    }

    def test_a_pipeline_and_its_definition(self, adapter: Adapter, sagemaker: Any, calls: list[str]) -> None:
        created = adapter.create(PIPELINE, "pipeline", self.INPUTS)
        assert (created.id, created.outputs["arn"]) == ("churn", f"{ARN}:pipeline/churn")
        reordered = json.dumps(json.loads(self.DEFINITION), sort_keys=True, indent=1)
        calls.clear()
        adapter.update(
            PIPELINE, "churn", self.INPUTS, {**self.INPUTS, "pipelineDefinition": reordered}, created.outputs
        )
        assert calls == []
        other = self.DEFINITION.replace("Train", "Fit")
        adapter.update(PIPELINE, "churn", self.INPUTS, {**self.INPUTS, "pipelineDefinition": other}, created.outputs)
        assert calls == ["UpdatePipeline"]
        assert sagemaker.describe_pipeline(PipelineName="churn")["PipelineDefinition"] == other
        adapter.delete(PIPELINE, "churn", self.INPUTS, created.outputs)
        assert sagemaker.list_pipelines()["PipelineSummaries"] == []

    @pytest.mark.parametrize(
        ("definition", "allowed"),
        [
            ("{", "must be JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
            ("[]", 'must be a pipeline definition, a JSON object with "Version" and "Steps"'),
        ],
    )
    def test_a_definition_that_is_none(self, offline: Adapter, definition: str, allowed: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            offline.validate(PIPELINE, "pipeline", {**self.INPUTS, "pipelineDefinition": definition})
        assert [fault.allowed for fault in refused.value.faults] == [f"{allowed} (sagemaker CreatePipeline)"]

    def test_a_package_group_and_who_may_read_it(
        self, adapter: Adapter, sagemaker: Any, asked: Callable[..., list[dict[str, Any]]]
    ) -> None:
        created = adapter.create(GROUP, "group", {"modelPackageGroupName": "churn", "tags": {"Team": "ml"}})
        assert created.outputs["arn"] == f"{ARN}:model-package-group/churn"
        requests = asked(
            "put_model_package_group_policy",
            "delete_model_package_group_policy",
            "delete_model_package_group",
            answer={"ModelPackageGroupArn": created.outputs["arn"]},
        )
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": "1"},
            "Action": "sagemaker:DescribeModelPackage",
            "Resource": "*",
        }
        inputs = {"modelPackageGroupName": "churn", "resourcePolicy": json.dumps({"Statement": [statement]})}
        token = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
        policy = adapter.create(token, "policy", inputs)
        adapter.delete(token, policy.id, inputs, policy.outputs)
        adapter.delete(GROUP, "churn", {"modelPackageGroupName": "churn"}, created.outputs)
        assert requests == [
            {"ModelPackageGroupName": "churn", "ResourcePolicy": inputs["resourcePolicy"]},
            {"ModelPackageGroupName": "churn"},
            {"ModelPackageGroupName": "churn"},
        ]


class TestMonitoring:
    def test_a_job_definition(self, adapter: Adapter, sagemaker: Any) -> None:
        inputs = {
            "name": "churn-quality",
            "roleArn": ROLE,
            "dataQualityAppSpecification": {"imageUri": "468650794304.dkr.ecr.eu-west-1.amazonaws.com/analyzer:latest"},
            "dataQualityBaselineConfig": {"statisticsResource": {"s3Uri": "s3://artifacts/statistics.json"}},
            "dataQualityJobInput": {
                "endpointInput": {"endpointName": "churn", "localPath": "/opt/ml/processing/input"}
            },
            "dataQualityJobOutputConfig": {
                "kmsKeyId": "k",
                "monitoringOutputs": {
                    "s3Output": {"s3Uri": "s3://artifacts/reports", "localPath": "/opt/ml/processing/output"}
                },
            },
            "jobResources": {
                "clusterConfig": {"instanceCount": 1.0, "instanceType": "ml.m5.large", "volumeSizeInGb": 30.0}
            },
        }
        created = adapter.create(JOB, "quality", inputs)
        assert created.outputs["arn"] == f"{ARN}:data-quality-job-definition/churn-quality"
        found = sagemaker.describe_data_quality_job_definition(JobDefinitionName="churn-quality")
        assert found["DataQualityJobOutputConfig"]["MonitoringOutputs"] == [
            {"S3Output": {"S3Uri": "s3://artifacts/reports", "LocalPath": "/opt/ml/processing/output"}}
        ]
        adapter.delete(JOB, "churn-quality", inputs, created.outputs)
        assert sagemaker.list_data_quality_job_definitions()["JobDefinitionSummaries"] == []

    def test_a_schedule_is_checked_and_recorded(self, offline: Adapter) -> None:
        config = {
            "monitoringType": "DataQuality",
            "monitoringJobDefinitionName": "churn-quality",
            "scheduleConfig": {"scheduleExpression": "cron(0 * ? * * *)"},
        }
        inputs = {"name": "churn", "monitoringScheduleConfig": config}
        created = offline.create(SCHEDULE, "schedule", inputs)
        assert (created.id, created.outputs["arn"]) == ("churn", f"{ARN}:monitoring-schedule/churn")
        assert not created.emulated
        with pytest.raises(InvalidInput, match=r"monitoringType = 'Quality': must be one of DataQuality, "):
            offline.validate(
                SCHEDULE, "schedule", {**inputs, "monitoringScheduleConfig": {**config, "monitoringType": "Quality"}}
            )
