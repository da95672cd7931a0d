"""Amazon SageMaker AI: features, models, endpoints, pipelines and monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import json_object, only, resource_policy
from local.adapter.rules import at_least_one, exactly_one
from local.adapter.table import Call, ResourceType, To, Wait, live

SERVICE = "sagemaker"


def _definition(definition: Any) -> str:
    """A pipeline definition; what is in it is the pipeline compiler's to check."""
    found = json_object(definition)
    if not isinstance(found, Mapping) or "Steps" not in found:
        raise ValueError('must be a pipeline definition, a JSON object with "Version" and "Steps"')
    return str(definition)


_S3_SOURCES = {
    f"{container}.{source}.s3DataSources": To("S3DataSource", only)
    for container in ("containers", "primaryContainer")
    for source in ("additionalModelDataSources", "modelDataSource")
}

_JOB = "monitoringScheduleConfig.monitoringJobDefinition"

TYPES = (
    ResourceType(
        "aws:sagemaker/featureGroup:FeatureGroup",
        rules=(at_least_one("offlineStoreConfig", "onlineStoreConfig"),),
        update=(
            Call(
                "UpdateFeatureGroup",
                takes=("onlineStoreConfig", "throughputConfig"),
                # Only the time to live of the online store can be changed.
                fields={"onlineStoreConfig.enableOnlineStore": To(""), "onlineStoreConfig.securityConfig": To("")},
            ),
        ),
        replace=(
            *("description", "eventTimeFeatureName", "featureDefinitions", "featureGroupName", "offlineStoreConfig"),
            *("onlineStoreConfig", "recordIdentifierFeatureName", "roleArn"),
        ),
        changeable=("onlineStoreConfig.ttlDuration",),
        wait=Wait("FeatureGroupStatus", ready=("Created",), failed=("CreateFailed", "DeleteFailed")),
    ),
    ResourceType("aws:sagemaker/modelPackageGroup:ModelPackageGroup"),
    ResourceType(
        "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
        fields={"resourcePolicy": To("ResourcePolicy", resource_policy)},
    ),
    ResourceType(
        "aws:sagemaker/pipeline:Pipeline",
        fields={"pipelineDefinition": To("PipelineDefinition", _definition)},
    ),
    ResourceType(
        "aws:sagemaker/model:Model",
        fields=_S3_SOURCES,
        rules=(exactly_one("primaryContainer", "containers"),),
    ),
    ResourceType(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        noun="EndpointConfig",
        fields={
            "kmsKeyArn": "KmsKeyId",
            "productionVariants.routingConfigs": To("RoutingConfig", only),
            "shadowProductionVariants.routingConfigs": To("RoutingConfig", only),
        },
    ),
    # UpdateEndpoint returns at once and may end in a rollback to the former configuration, in service with a reason.
    # Before that it was RollingBack for minutes, at which the provider fails: it waits for Creating, Updating and
    # SystemUpdating alone (resource aws_sagemaker_endpoint, `waitEndpointInService`).
    ResourceType(
        "aws:sagemaker/endpoint:Endpoint",
        wait=Wait(
            "EndpointStatus == 'InService' && FailureReason && 'RollingBack' || EndpointStatus",
            ready=("InService",),
            failed=("RollingBack", "Failed", "OutOfService", "UpdateRollbackFailed"),
        ),
        outputs={"endpointConfigName": live("EndpointConfigName")},
    ),
    ResourceType(
        "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
        fields={"dataQualityJobOutputConfig.monitoringOutputs": "MonitoringOutputs[]", "name": "JobDefinitionName"},
    ),
    ResourceType(
        "aws:sagemaker/monitoringSchedule:MonitoringSchedule",
        fields={
            f"{_JOB}.baseline": "BaselineConfig",
            f"{_JOB}.monitoringInputs": "MonitoringInputs[]",
            f"{_JOB}.monitoringOutputConfig.monitoringOutputs": "MonitoringOutputs[]",
            f"{_JOB}.stoppingConditions": To("StoppingCondition", only),
        },
        # A new account, as the emulated one is, cannot create one since 30 July 2026 (developer guide, "Model Monitor
        # availability change"), and moto has none.
        recorded="the emulator has no Model Monitor, which AWS has closed to new accounts",
    ),
)
