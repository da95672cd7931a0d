"""Amazon SageMaker AI: features, models, endpoints, pipelines and monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import json_object, only, resource_policy
from local.adapter.rules import at_least_one, exactly_one
from local.adapter.table import (
    EVERYTHING,
    ID,
    Autoname,
    Call,
    ResourceType,
    Tagging,
    To,
    Wait,
    live,
    response,
    value,
)

_TAGS = Tagging(tag="AddTags", untag="DeleteTags", given={"ResourceArn": value("arn")})
_NAME = Autoname(longest=63)


FEATURE_GROUP = ResourceType(
    type="aws:sagemaker/featureGroup:FeatureGroup",
    service="sagemaker",
    create=(Call(operation="CreateFeatureGroup"),),
    rules=(at_least_one("offlineStoreConfig", "onlineStoreConfig"),),
    update=(
        Call(
            operation="UpdateFeatureGroup",
            takes=("onlineStoreConfig", "throughputConfig"),
            given={"FeatureGroupName": ID},
            # Only the time to live of the online store can be changed.
            fields={"onlineStoreConfig.enableOnlineStore": To(""), "onlineStoreConfig.securityConfig": To("")},
        ),
    ),
    delete=(Call(operation="DeleteFeatureGroup", given={"FeatureGroupName": ID}),),
    replace=(
        "description",
        "eventTimeFeatureName",
        "featureDefinitions",
        "featureGroupName",
        "offlineStoreConfig",
        "onlineStoreConfig",
        "recordIdentifierFeatureName",
        "roleArn",
    ),
    changeable=("onlineStoreConfig.ttlDuration",),
    id=value("featureGroupName"),
    read=(Call(operation="DescribeFeatureGroup", given={"FeatureGroupName": ID}),),
    wait=Wait(
        path="FeatureGroupStatus", ready=("Created",), failed=("CreateFailed", "DeleteFailed"), reason="FailureReason"
    ),
    outputs={"arn": live("FeatureGroupArn")},
    tags=_TAGS,
)

MODEL_PACKAGE_GROUP = ResourceType(
    type="aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    service="sagemaker",
    create=(Call(operation="CreateModelPackageGroup"),),
    delete=(Call(operation="DeleteModelPackageGroup", given={"ModelPackageGroupName": ID}),),
    replace=("modelPackageGroupDescription", "modelPackageGroupName"),
    id=value("modelPackageGroupName"),
    outputs={"arn": response("ModelPackageGroupArn")},
    tags=_TAGS,
)

MODEL_PACKAGE_GROUP_POLICY = ResourceType(
    type="aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
    service="sagemaker",
    create=(Call(operation="PutModelPackageGroupPolicy"),),
    fields={"resourcePolicy": To("ResourcePolicy", resource_policy)},
    update=(Call(operation="PutModelPackageGroupPolicy"),),
    delete=(Call(operation="DeleteModelPackageGroupPolicy", given={"ModelPackageGroupName": ID}),),
    replace=("modelPackageGroupName",),
    id=value("modelPackageGroupName"),
)


def _definition(definition: Any) -> str:
    """A pipeline definition; what is in it is the pipeline compiler's to check."""
    found = json_object(definition)
    if not isinstance(found, Mapping) or "Steps" not in found:
        raise ValueError('must be a pipeline definition, a JSON object with "Version" and "Steps"')
    return str(definition)


PIPELINE = ResourceType(
    type="aws:sagemaker/pipeline:Pipeline",
    service="sagemaker",
    create=(Call(operation="CreatePipeline"),),
    fields={"pipelineDefinition": To("PipelineDefinition", _definition)},
    update=(
        Call(
            operation="UpdatePipeline",
            takes=(
                "parallelismConfiguration",
                "pipelineDefinition",
                "pipelineDefinitionS3Location",
                "pipelineDescription",
                "pipelineDisplayName",
                "roleArn",
            ),
            given={"PipelineName": ID},
        ),
    ),
    delete=(Call(operation="DeletePipeline", given={"PipelineName": ID}),),
    replace=("pipelineName",),
    id=value("pipelineName"),
    outputs={"arn": response("PipelineArn")},
    tags=_TAGS,
)


_S3_SOURCES = {
    f"{container}.{source}.s3DataSources": To("S3DataSource", only)
    for container in ("containers", "primaryContainer")
    for source in ("additionalModelDataSources", "modelDataSource")
}

MODEL = ResourceType(
    type="aws:sagemaker/model:Model",
    service="sagemaker",
    autoname=_NAME,
    create=(Call(operation="CreateModel"),),
    fields={"name": "ModelName", **_S3_SOURCES},
    rules=(exactly_one("primaryContainer", "containers"),),
    delete=(Call(operation="DeleteModel", given={"ModelName": ID}),),
    replace=EVERYTHING,
    id=value("name"),
    outputs={"arn": response("ModelArn")},
    tags=_TAGS,
)

ENDPOINT_CONFIGURATION = ResourceType(
    type="aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    service="sagemaker",
    autoname=Autoname(prefix_key="namePrefix", longest=63),
    create=(Call(operation="CreateEndpointConfig"),),
    fields={
        "kmsKeyArn": "KmsKeyId",
        "name": "EndpointConfigName",
        "productionVariants.routingConfigs": To("RoutingConfig", only),
        "shadowProductionVariants.routingConfigs": To("RoutingConfig", only),
    },
    provider_only=("namePrefix",),
    delete=(Call(operation="DeleteEndpointConfig", given={"EndpointConfigName": ID}),),
    replace=EVERYTHING,
    id=value("name"),
    outputs={"arn": response("EndpointConfigArn")},
    tags=_TAGS,
)

# UpdateEndpoint returns at once and may end in a rollback to the former configuration. The provider waits until the
# endpoint is in service again, reports success, and its state shows the configuration that is live, not the one that
# was asked for.
ENDPOINT = ResourceType(
    type="aws:sagemaker/endpoint:Endpoint",
    service="sagemaker",
    autoname=_NAME,
    create=(Call(operation="CreateEndpoint"),),
    fields={"name": "EndpointName"},
    update=(
        Call(operation="UpdateEndpoint", takes=("deploymentConfig", "endpointConfigName"), given={"EndpointName": ID}),
    ),
    delete=(Call(operation="DeleteEndpoint", given={"EndpointName": ID}),),
    replace=("name",),
    id=value("name"),
    read=(Call(operation="DescribeEndpoint", given={"EndpointName": ID}),),
    wait=Wait(
        path="EndpointStatus",
        ready=("InService",),
        failed=("Failed", "OutOfService", "UpdateRollbackFailed"),
        reason="FailureReason",
    ),
    outputs={"arn": live("EndpointArn"), "endpointConfigName": live("EndpointConfigName")},
    tags=_TAGS,
)

DATA_QUALITY_JOB_DEFINITION = ResourceType(
    type="aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
    service="sagemaker",
    autoname=_NAME,
    create=(Call(operation="CreateDataQualityJobDefinition"),),
    fields={"dataQualityJobOutputConfig.monitoringOutputs": "MonitoringOutputs[]", "name": "JobDefinitionName"},
    delete=(Call(operation="DeleteDataQualityJobDefinition", given={"JobDefinitionName": ID}),),
    replace=EVERYTHING,
    id=value("name"),
    outputs={"arn": response("JobDefinitionArn")},
    tags=_TAGS,
)

_JOB = "monitoringScheduleConfig.monitoringJobDefinition"

MONITORING_SCHEDULE = ResourceType(
    type="aws:sagemaker/monitoringSchedule:MonitoringSchedule",
    service="sagemaker",
    autoname=_NAME,
    create=(Call(operation="CreateMonitoringSchedule"),),
    fields={
        "name": "MonitoringScheduleName",
        f"{_JOB}.baseline": "BaselineConfig",
        f"{_JOB}.monitoringInputs": "MonitoringInputs[]",
        f"{_JOB}.monitoringOutputConfig.monitoringOutputs": "MonitoringOutputs[]",
        f"{_JOB}.stoppingConditions": To("StoppingCondition", only),
    },
    update=(
        Call(
            operation="UpdateMonitoringSchedule",
            takes=("monitoringScheduleConfig",),
            given={"MonitoringScheduleName": ID},
        ),
    ),
    delete=(Call(operation="DeleteMonitoringSchedule", given={"MonitoringScheduleName": ID}),),
    replace=("name",),
    id=value("name"),
    read=(Call(operation="DescribeMonitoringSchedule", given={"MonitoringScheduleName": ID}),),
    wait=Wait(
        path="MonitoringScheduleStatus", ready=("Scheduled", "Stopped"), failed=("Failed",), reason="FailureReason"
    ),
    outputs={"arn": live("MonitoringScheduleArn")},
    tags=_TAGS,
)

TYPES = (
    FEATURE_GROUP,
    MODEL_PACKAGE_GROUP,
    MODEL_PACKAGE_GROUP_POLICY,
    PIPELINE,
    MODEL,
    ENDPOINT_CONFIGURATION,
    ENDPOINT,
    DATA_QUALITY_JOB_DEFINITION,
    MONITORING_SCHEDULE,
)
