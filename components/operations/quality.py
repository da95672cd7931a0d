"""The data-quality monitor: every hour, captured traffic against the baseline of the live champion's package.

The pipeline computes the baseline from the training data and from the model's answers, and stores its addresses in the
model package (DriftCheckBaselines), so the monitor always compares with the data that the live model has learned from;
and beside them that of the script by which the analyzer makes the same columns out of captures. The job runs
SageMaker's own analyzer image in the platform's network, isolated and encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi_aws.sagemaker import (
    DataQualityJobDefinitionDataQualityAppSpecificationArgsDict,
    DataQualityJobDefinitionDataQualityBaselineConfigArgsDict,
    DataQualityJobDefinitionDataQualityJobInputArgsDict,
    DataQualityJobDefinitionDataQualityJobOutputConfigArgsDict,
    DataQualityJobDefinitionJobResourcesArgsDict,
    DataQualityJobDefinitionJobResourcesClusterConfigArgsDict,
    DataQualityJobDefinitionNetworkConfigArgsDict,
    DataQualityJobDefinitionStoppingConditionArgsDict,
    MonitoringScheduleMonitoringScheduleConfigArgs,
    MonitoringScheduleMonitoringScheduleConfigScheduleConfigArgs,
)

from components import access, jobs
from components.access import Statement
from components.content import content_name
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from contracts.names import EndpointNames
from settings import Monitoring as MonitoringSettings

#: Every hour, in the form that SageMaker takes (developer guide, "The cron expression for monitoring schedule").
HOURLY = "cron(0 * ? * * *)"
#: SageMaker's own image for the job; another account of AWS keeps it in each region.
ANALYZER: Final = "sagemaker-model-monitor-analyzer"
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "sagemaker",
        types="sagemaker/dataQualityJobDefinition sagemaker/monitoringSchedule",
        reads="DescribeDataQualityJobDefinition DescribeMonitoringSchedule ListTags",
        changes="AddTags CreateDataQualityJobDefinition CreateMonitoringSchedule DeleteDataQualityJobDefinition "
        "DeleteMonitoringSchedule DeleteTags UpdateMonitoringSchedule",
        named="*/{every} */{ending}",
        handed_to="sagemaker",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """S3 addresses of what the training data looked like, and of the script that makes such rows out of captures: None
    of a package from before there was one."""

    statistics: str
    constraints: str
    preprocessor: str | None = None


def baseline(package: Mapping[str, Any]) -> Baseline | None:
    """The data-quality baseline of a model package, None if it was registered without one."""
    quality = package.get("DriftCheckBaselines", {}).get("ModelDataQuality", {})
    addresses = [quality.get(part, {}).get("S3Uri") for part in ("Statistics", "Constraints")]
    if not all(addresses):
        return None
    script = package.get("CustomerMetadataProperties", {}).get("record_preprocessor")
    return Baseline(statistics=addresses[0], constraints=addresses[1], preprocessor=script)


def analyzer_image(region: str, opts: pulumi.InvokeOptions) -> str:
    """SageMaker's analyzer image in this region; the provider knows which account serves it.

    The image has no version tag, and the provider's default tag, 1, does not exist (developer guide, "Amazon
    SageMaker Model Monitor prebuilt container"). Raises RunError for a region whose account the provider does not know.
    """
    try:
        found = aws.sagemaker.get_prebuilt_ecr_image(
            repository_name=ANALYZER, image_tag="latest", region=region, opts=opts
        )
    except Exception as error:  # the SDK has no type for a data source's failure
        raise pulumi.RunError(
            f"monitoring.engine: found sagemaker; its analyzer image cannot be found for {region} ({error}); "
            "allowed where there is none: platform"
        ) from error
    return found.registry_path


def monitor_statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the monitoring job may do: read captured traffic and baselines, write reports and metrics."""
    layout = names.layout
    return [
        *jobs.monitor_statements(
            names,
            models_key=models_key,
            processed_key=processed_key,
            repository_arn=f"arn:{names.partition}:ecr:{names.region}:*:repository/{ANALYZER}",
            namespace="aws/sagemaker/Endpoints/data-metrics",
            captured=f"{layout.data_capture}{names.prefix}/",
            compared_with=[layout.runs],
            reports=layout.data_quality,
        ),
        access.allow(
            "SeeEndpoint",
            ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"],
            [
                names.arn("sagemaker", f"endpoint/{names.prefix}"),
                names.arn("sagemaker", f"endpoint-config/{names.prefix}-*"),
            ],
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class DataQualityArgs:
    """`endpoint` must exist before the schedule; `baseline` is that of the live champion."""

    ground: Ground
    names: EndpointNames
    settings: MonitoringSettings
    baseline: Baseline
    endpoint: pulumi.Resource
    image_uri: str


class DataQuality(pulumi.ComponentResource):
    """The hourly data-quality monitor of the endpoint.

    DataQuality("churn-live-quality", DataQualityArgs(ground=ground, names=names, baseline=baseline, ...))
    """

    schedule: aws.sagemaker.MonitoringSchedule

    def __init__(self, name: str, args: DataQualityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:quality:DataQuality", name, None, opts)
        self._name, self._args, self._ground, self._names = name, args, args.ground, args.names
        definition = self._definition(self._role())
        self.schedule = aws.sagemaker.MonitoringSchedule(
            f"{name}-schedule",
            name=self._names.resource("data-quality"),
            monitoring_schedule_config=MonitoringScheduleMonitoringScheduleConfigArgs(
                monitoring_type="DataQuality",
                monitoring_job_definition_name=definition.name,
                schedule_config=MonitoringScheduleMonitoringScheduleConfigScheduleConfigArgs(
                    schedule_expression=HOURLY
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.endpoint]),
        )
        self.register_outputs({"schedule": self.schedule.name})

    def _role(self) -> access.Role:
        return jobs.role(
            f"{self._name}-role",
            ground=self._ground,
            names=self._names,
            job="monitor",
            description="The hourly data-quality jobs",
            statements=monitor_statements(
                self._names,
                models_key=self._ground.keys[Domain.MODELS].arn,
                processed_key=self._ground.keys[Domain.PROCESSED].arn,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _definition(self, role: access.Role) -> aws.sagemaker.DataQualityJobDefinition:
        args, settings, names = self._args, self._args.settings, self._names
        key = self._ground.keys[Domain.MODELS].arn
        image: DataQualityJobDefinitionDataQualityAppSpecificationArgsDict = {"image_uri": args.image_uri}
        if args.baseline.preprocessor:
            image["record_preprocessor_source_uri"] = args.baseline.preprocessor
        baseline_config: DataQualityJobDefinitionDataQualityBaselineConfigArgsDict = {
            "statistics_resource": {"s3_uri": args.baseline.statistics},
            "constraints_resource": {"s3_uri": args.baseline.constraints},
        }
        job_input: DataQualityJobDefinitionDataQualityJobInputArgsDict = {
            "endpoint_input": {"endpoint_name": names.prefix, "local_path": "/opt/ml/processing/input/endpoint"}
        }
        job_output: DataQualityJobDefinitionDataQualityJobOutputConfigArgsDict = {
            "kms_key_id": key,
            "monitoring_outputs": {
                "s3_output": {
                    "s3_uri": f"s3://{names.artifacts_bucket}/{names.layout.data_quality}{names.prefix}",
                    "local_path": "/opt/ml/processing/output",
                    "s3_upload_mode": "EndOfJob",
                }
            },
        }
        cluster: DataQualityJobDefinitionJobResourcesClusterConfigArgsDict = {
            "instance_count": 1,
            "instance_type": settings.quality_instance_type,
            "volume_size_in_gb": jobs.VOLUME_GB,
        }
        if volume_key := jobs.volume_key(settings.quality_instance_type, key):
            cluster["volume_kms_key_id"] = volume_key
        resources: DataQualityJobDefinitionJobResourcesArgsDict = {"cluster_config": cluster}
        network: DataQualityJobDefinitionNetworkConfigArgsDict = {
            "enable_inter_container_traffic_encryption": True,
            "enable_network_isolation": True,
            "vpc_config": {
                "subnets": self._ground.network.subnet_ids,
                "security_group_ids": [self._ground.network.security_group_id],
            },
        }
        limit: DataQualityJobDefinitionStoppingConditionArgsDict = {
            "max_runtime_in_seconds": settings.quality_max_runtime_minutes * 60
        }
        content = [role.arn, image, baseline_config, job_input, job_output, resources, network, limit]
        return aws.sagemaker.DataQualityJobDefinition(
            f"{self._name}-definition",
            name=content_name(names.resource("quality"), content),
            role_arn=role.arn,
            data_quality_app_specification=image,
            data_quality_baseline_config=baseline_config,
            data_quality_job_input=job_input,
            data_quality_job_output_config=job_output,
            job_resources=resources,
            network_config=network,
            stopping_condition=limit,
            opts=pulumi.ResourceOptions(parent=self),
        )
