"""SageMaker: training pipeline, registry, model, endpoint, scaling, monitoring, alarms, Studio."""

from __future__ import annotations

import json

from tests.policies.specimens.network import PRIVATE
from tests.policies.specimens.training import KEY_ARN, definition, machine
from tests.policies.support import ACCOUNT, REGION, Specimen

TOPIC_ARN = Specimen("sns/topic", "alerts").arn
VPC = {"subnets": PRIVATE, "securityGroupIds": ["workloads"]}


def alarm(name: str, metric: str, dimension: str, of: str) -> Specimen:
    """An alarm on one metric of one resource."""
    return Specimen(
        "cloudwatch/metricAlarm",
        name,
        {
            "name": name,
            "namespace": "AWS/SageMaker",
            "metricName": metric,
            "dimensions": {dimension: of},
            "alarmActions": [TOPIC_ARN],
            "treatMissingData": "notBreaching",
        },
        {"dimensions": [of]},
    )


def specimens() -> list[Specimen]:
    """Everything from the pipeline to the endpoint's alarms."""
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/churn@sha256:{'0' * 64}"
    return [
        Specimen(
            "sagemaker/pipeline",
            "churn-prod",
            {"pipelineName": "churn-prod", "pipelineDefinition": json.dumps(definition(), sort_keys=True)},
        ),
        Specimen("sfn/stateMachine", "training-machine", {"definition": json.dumps(machine(), sort_keys=True)}),
        Specimen("sagemaker/modelPackageGroup", "packages", {"modelPackageGroupName": "churn-prod"}),
        Specimen(
            "sagemaker/modelPackageGroupPolicy",
            "packages-policy",
            {
                "modelPackageGroupName": "churn-prod",
                "resourcePolicy": json.dumps(
                    {
                        "Statement": {
                            "Sid": "Readers",
                            "Effect": "Allow",
                            "Principal": {"AWS": "arn:aws:iam::444455556666:role/deploy"},
                            "Action": ["sagemaker:DescribeModelPackage"],
                            "Resource": "*",
                        }
                    }
                ),
            },
            {"modelPackageGroupName": ["packages"]},
        ),
        Specimen("sagemaker/modelCard", "card", {"modelCardName": "churn", "modelCardStatus": "Draft"}),
        Specimen(
            "cloudwatch/eventRule",
            "approved",
            {"eventPattern": json.dumps({"detail": {"ModelApprovalStatus": ["Approved"]}})},
        ),
        Specimen(
            "sagemaker/model",
            "model",
            {
                "enableNetworkIsolation": True,
                "vpcConfig": VPC,
                "primaryContainer": {"modelPackageName": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/churn/1"},
            },
            {"vpcConfig": [*PRIVATE, "workloads"]},
        ),
        Specimen(
            "sagemaker/model",
            "preprocess-model",
            {
                "enableNetworkIsolation": True,
                "vpcConfig": VPC,
                "containers": [
                    {
                        "image": image,
                        "modelPackageName": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/churn/2",
                        "environment": {"LOG_LEVEL": "INFO"},
                    }
                ],
            },
            {"vpcConfig": [*PRIVATE, "workloads"]},
        ),
        Specimen(
            "sagemaker/endpointConfiguration",
            "endpoint-config",
            {
                "name": "churn-prod-1",
                "kmsKeyArn": KEY_ARN,
                "productionVariants": [
                    {"variantName": "champion", "instanceType": "ml.m5.large", "initialInstanceCount": 2.0}
                ],
                "shadowProductionVariants": [
                    {"variantName": "shadow", "instanceType": "ml.m5.large", "initialInstanceCount": 1.0}
                ],
                "dataCaptureConfig": {
                    "enableCapture": True,
                    "initialSamplingPercentage": 100.0,
                    "destinationS3Uri": "s3://processed/data-capture",
                    "kmsKeyId": KEY_ARN,
                    "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
                },
            },
            {"kmsKeyArn": ["data-key"]},
        ),
        Specimen(
            "sagemaker/endpointConfiguration",
            "async-config",
            {
                "name": "churn-prod-async",
                "kmsKeyArn": KEY_ARN,
                "productionVariants": [
                    {"variantName": "champion", "instanceType": "ml.m5.large", "initialInstanceCount": 2.0}
                ],
                "asyncInferenceConfig": {"outputConfig": {"s3OutputPath": "s3://processed/async", "kmsKeyId": KEY_ARN}},
                "dataCaptureConfig": {
                    "enableCapture": True,
                    "initialSamplingPercentage": 100.0,
                    "destinationS3Uri": "s3://processed/data-capture",
                    "kmsKeyId": KEY_ARN,
                    "captureOptions": [{"captureMode": "InputAndOutput"}],
                },
            },
        ),
        Specimen(
            "sagemaker/endpoint",
            "endpoint",
            {
                "name": "churn-prod",
                "endpointConfigName": "churn-prod-1",
                "deploymentConfig": {
                    "blueGreenUpdatePolicy": {"trafficRoutingConfiguration": {"type": "CANARY"}},
                    "autoRollbackConfiguration": {
                        "alarms": [{"alarmName": "errors-alarm"}, {"alarmName": "latency-alarm"}]
                    },
                },
            },
            {"endpointConfigName": ["endpoint-config"], "deploymentConfig": ["errors-alarm", "latency-alarm"]},
        ),
        Specimen(
            "appautoscaling/target",
            "scaling-target",
            {
                "resourceId": "endpoint/churn-prod/variant/champion",
                "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "serviceNamespace": "sagemaker",
                "minCapacity": 2.0,
                "maxCapacity": 10.0,
            },
            {"resourceId": ["endpoint"]},
        ),
        Specimen(
            "appautoscaling/policy",
            "scaling-policy",
            {"resourceId": "endpoint/churn-prod/variant/champion", "policyType": "TargetTrackingScaling"},
            {"resourceId": ["scaling-target"]},
        ),
        Specimen(
            "appautoscaling/scheduledAction",
            "scaling-morning",
            {
                "resourceId": "endpoint/churn-prod/variant/champion",
                "schedule": "cron(0 6 * * ? *)",
                "scalableTargetAction": {"minCapacity": 2.0, "maxCapacity": 10.0},
            },
            {"resourceId": ["scaling-target"]},
        ),
        alarm("errors-alarm", "Invocation5XXErrors", "EndpointName", "endpoint"),
        alarm("latency-alarm", "ModelLatency", "EndpointName", "endpoint"),
        Specimen(
            "sagemaker/dataQualityJobDefinition",
            "data-quality",
            {
                "name": "churn-prod-quality",
                "dataQualityJobInput": {"endpointInput": {"endpointName": "churn-prod"}},
                "dataQualityBaselineConfig": {
                    "constraintsResource": {"s3Uri": "s3://artifacts/constraints.json"},
                    "statisticsResource": {"s3Uri": "s3://artifacts/statistics.json"},
                },
                "dataQualityJobOutputConfig": {"kmsKeyId": KEY_ARN},
                "jobResources": {"clusterConfig": {"instanceType": "ml.m5.large", "volumeKmsKeyId": KEY_ARN}},
                "networkConfig": {
                    "enableInterContainerTrafficEncryption": True,
                    "enableNetworkIsolation": True,
                    "vpcConfig": VPC,
                },
                "stoppingCondition": {"maxRuntimeInSeconds": 3000.0},
            },
            {"dataQualityJobInput": ["endpoint"], "networkConfig": [*PRIVATE, "workloads"]},
        ),
        Specimen(
            "sagemaker/monitoringSchedule",
            "quality-schedule",
            {"monitoringScheduleConfig": {"monitoringJobDefinitionName": "churn-prod-quality"}},
            {"monitoringScheduleConfig": ["data-quality"]},
        ),
        Specimen(
            "sagemaker/monitoringSchedule",
            "inline-schedule",
            {
                "monitoringScheduleConfig": {
                    "monitoringJobDefinition": {
                        "networkConfig": {
                            "enableInterContainerTrafficEncryption": True,
                            "enableNetworkIsolation": True,
                        },
                        "monitoringResources": {"clusterConfig": {"volumeKmsKeyId": KEY_ARN}},
                        "monitoringOutputConfig": {"kmsKeyId": KEY_ARN},
                    }
                }
            },
        ),
        Specimen(
            "sagemaker/trainingJob",
            "one-off-training",
            {
                "enableInterContainerTrafficEncryption": True,
                "enableNetworkIsolation": True,
                "enableManagedSpotTraining": True,
                "vpcConfig": VPC,
                "checkpointConfig": {"s3Uri": "s3://artifacts/checkpoints"},
                "outputDataConfig": {"kmsKeyId": KEY_ARN},
                "resourceConfig": {"instanceType": "ml.m5.xlarge", "volumeKmsKeyId": KEY_ARN},
                "stoppingCondition": {"maxRuntimeInSeconds": 7200.0},
            },
        ),
        Specimen(
            "sagemaker/domain",
            "studio",
            {
                "kmsKeyId": KEY_ARN,
                "appNetworkAccessType": "VpcOnly",
                "subnetIds": PRIVATE,
                "authMode": "SSO",
                "defaultUserSettings": {"executionRole": f"arn:aws:iam::{ACCOUNT}:role/studio"},
                "tagPropagation": "ENABLED",
            },
            {"subnetIds": PRIVATE},
        ),
        Specimen(
            "sagemaker/notebookInstance",
            "notebook",
            {
                "kmsKeyId": KEY_ARN,
                "instanceType": "ml.t3.medium",
                "directInternetAccess": "Disabled",
                "subnetId": PRIVATE[0],
                "rootAccess": "Disabled",
                "instanceMetadataServiceConfiguration": {"minimumInstanceMetadataServiceVersion": "2"},
                "lifecycleConfigName": "stop-idle",
            },
            {"subnetId": [PRIVATE[0]]},
        ),
    ]
