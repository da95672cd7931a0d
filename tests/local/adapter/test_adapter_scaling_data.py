"""Scaling and the data catalogue on a real moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.adapter import Adapter, InvalidInput

TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
DATABASE, TABLE = "aws:glue/catalogDatabase:CatalogDatabase", "aws:glue/catalogTable:CatalogTable"
VARIANT = {
    "resourceId": "endpoint/churn/variant/champion",
    "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "serviceNamespace": "sagemaker",
}


@pytest.fixture
def variant(adapter: Adapter) -> None:
    """Application Auto Scaling refuses a variant of an endpoint that does not exist."""
    model = {
        "name": "churn",
        "executionRoleArn": "arn:aws:iam::123456789012:role/x",
        "primaryContainer": {"image": "x"},
    }
    adapter.create("aws:sagemaker/model:Model", "churn", model)
    production = {
        "variantName": "champion",
        "modelName": "churn",
        "initialInstanceCount": 2.0,
        "instanceType": "ml.m5.large",
    }
    configuration = {"name": "churn", "productionVariants": [production]}
    adapter.create("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "churn", configuration)
    adapter.create("aws:sagemaker/endpoint:Endpoint", "churn", {"name": "churn", "endpointConfigName": "churn"})


@pytest.mark.usefixtures("variant")
class TestScaling:
    def test_a_target_tracking_policy_and_a_scheduled_action(
        self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]
    ) -> None:
        scaling = aws("application-autoscaling")
        target_inputs = {**VARIANT, "minCapacity": 2.0, "maxCapacity": 10.0}
        target = adapter.create(TARGET, "target", target_inputs)
        assert target.id == "endpoint/churn/variant/champion"
        assert target.outputs["arn"].startswith(
            "arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/"
        )
        calls.clear()
        adapter.update(TARGET, target.id, target_inputs, {**target_inputs, "maxCapacity": 4.0}, target.outputs)
        assert calls == ["RegisterScalableTarget"]
        found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
        assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 4)

        tracking = {
            "targetValue": 1000.0,
            "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "scaleInCooldown": 300.0,
            "scaleOutCooldown": 60.0,
        }
        policy_inputs = {
            **VARIANT,
            "name": "invocations",
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": tracking,
        }
        policy = adapter.create(POLICY, "policy", policy_inputs)
        assert policy.outputs["arn"].endswith(":policyName/invocations")
        found = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]
        assert found["TargetTrackingScalingPolicyConfiguration"] == {
            "TargetValue": 1000.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        }

        action_inputs = {
            **VARIANT,
            "name": "night",
            "schedule": "cron(0 22 * * ? *)",
            "scalableTargetAction": {"minCapacity": 1.0, "maxCapacity": 3.0},
        }
        action = adapter.create(ACTION, "night", action_inputs)
        assert action.id == "night-sagemaker-endpoint/churn/variant/champion"
        assert action.outputs["arn"].endswith(":scheduledActionName/night")
        found = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"][0]
        assert (found["ScalableTargetAction"], found["Timezone"]) == ({"MinCapacity": 1, "MaxCapacity": 3}, "UTC")

        adapter.delete(ACTION, action.id, action_inputs, action.outputs)
        adapter.delete(POLICY, policy.id, policy_inputs, policy.outputs)
        adapter.delete(TARGET, target.id, target_inputs, target.outputs)
        assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
        assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []

    def test_a_metric_of_ones_own_is_held_and_a_schedule_is_once_in_its_zone(
        self, adapter: Adapter, aws: Callable[[str], Any]
    ) -> None:
        scaling = aws("application-autoscaling")
        adapter.create(TARGET, "target", {**VARIANT, "minCapacity": 1.0, "maxCapacity": 4.0})
        cpu = {
            "namespace": "/aws/sagemaker/Endpoints",
            "metricName": "CPUUtilization",
            "statistic": "Average",
            "dimensions": [{"name": "EndpointName", "value": "churn"}, {"name": "VariantName", "value": "champion"}],
        }
        tracking = {"targetValue": 120.0, "customizedMetricSpecification": cpu}
        inputs = {**VARIANT, "name": "cpu", "policyType": "TargetTrackingScaling"}
        adapter.create(POLICY, "cpu", inputs | {"targetTrackingScalingPolicyConfiguration": tracking})
        (found,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        assert found["TargetTrackingScalingPolicyConfiguration"] == {
            "TargetValue": 120.0,
            "CustomizedMetricSpecification": {
                "Namespace": "/aws/sagemaker/Endpoints",
                "MetricName": "CPUUtilization",
                "Statistic": "Average",
                "Dimensions": [
                    {"Name": "EndpointName", "Value": "churn"},
                    {"Name": "VariantName", "Value": "champion"},
                ],
            },
        }
        once = {"schedule": "at(2027-11-26T08:00:00)", "timezone": "Europe/Berlin"}
        limits = {"scalableTargetAction": {"minCapacity": 2.0, "maxCapacity": 4.0}}
        adapter.create(ACTION, "once", {**VARIANT, "name": "once", **once, **limits})
        (action,) = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
        assert (action["Schedule"], action["Timezone"]) == ("at(2027-11-26T08:00:00)", "Europe/Berlin")

    def test_steps_have_bounds_written_as_text(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        adapter.create(TARGET, "target", {**VARIANT, "minCapacity": 1.0, "maxCapacity": 4.0})
        steps = {
            "adjustmentType": "ChangeInCapacity",
            "cooldown": 60.0,
            "stepAdjustments": [
                {"scalingAdjustment": 1.0, "metricIntervalLowerBound": "0", "metricIntervalUpperBound": "2.5"}
            ],
        }
        adapter.create(POLICY, "steps", {**VARIANT, "name": "steps", "stepScalingPolicyConfiguration": steps})
        found = aws("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")[
            "ScalingPolicies"
        ][0]
        assert found["PolicyType"] == "StepScaling"
        assert found["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 2.5, "ScalingAdjustment": 1}
        ]


def test_a_dimension_that_does_not_exist(offline: Adapter) -> None:
    inputs = {**VARIANT, "scalableDimension": "sagemaker:variant:Instances", "minCapacity": 1.0, "maxCapacity": 2.0}
    with pytest.raises(InvalidInput) as refused:
        offline.validate(TARGET, "target", inputs)
    assert "scalableDimension = 'sagemaker:variant:Instances': must be one of the" in str(refused.value)
    assert "sagemaker:variant:DesiredInstanceCount" in str(refused.value)


def test_a_catalogue(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    database_inputs = {"name": "lake", "description": "the lake", "tags": {"a": "b"}}
    database = adapter.create(DATABASE, "lake", database_inputs)
    assert database.id == "123456789012:lake"
    assert database.outputs["arn"] == "arn:aws:glue:eu-west-1:123456789012:database/lake"
    adapter.update(DATABASE, database.id, database_inputs, {**database_inputs, "description": "ours"}, database.outputs)
    assert aws("glue").get_database(Name="lake")["Database"]["Description"] == "ours"

    table_inputs = {
        "databaseName": "lake",
        "name": "accepted",
        "tableType": "EXTERNAL_TABLE",
        "parameters": {"classification": "parquet"},
        "partitionKeys": [{"name": "day", "type": "date"}],
        "storageDescriptor": {
            "location": "s3://processed/accepted/",
            "columns": [{"name": "customer_id", "type": "string"}],
            "serDeInfo": {"serializationLibrary": "parquet"},
        },
    }
    table = adapter.create(TABLE, "accepted", table_inputs)
    assert table.id == "123456789012:lake:accepted"
    assert table.outputs["arn"] == "arn:aws:glue:eu-west-1:123456789012:table/lake/accepted"
    changed = {**table_inputs, "parameters": {"classification": "csv"}}
    adapter.update(TABLE, table.id, table_inputs, changed, table.outputs)
    found = aws("glue").get_table(DatabaseName="lake", Name="accepted")["Table"]
    assert found["Parameters"] == {"classification": "csv"}
    assert found["StorageDescriptor"]["Columns"] == [{"Name": "customer_id", "Type": "string"}]
    assert found["PartitionKeys"] == [{"Name": "day", "Type": "date"}]
    adapter.delete(TABLE, table.id, changed, table.outputs)
    adapter.delete(DATABASE, database.id, database_inputs, database.outputs)
    assert aws("glue").get_databases()["DatabaseList"] == []
