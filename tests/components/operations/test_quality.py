from __future__ import annotations

import dataclasses
import functools
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components import jobs
from components.operations import quality
from components.operations.quality import Baseline, DataQuality, DataQualityArgs
from settings import Monitoring
from tests.components.engine import LIVE, Deployment, NoAnswer, deploy, ground, permissions

RUN = "s3://123456789012-staging-ai-artifacts/runs/r/Evaluate/evaluation"
BASELINE = Baseline(
    statistics=f"{RUN}/statistics.json",
    constraints=f"{RUN}/constraints.json",
    preprocessor=f"{RUN}/record_preprocessor.py",
)
IMAGE = "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage"


def _package(**quality_parts: str) -> dict[str, Any]:
    parts = {name: {"S3Uri": uri} for name, uri in quality_parts.items()}
    said = {"drift_baseline": f"{RUN}/baseline.json", "record_preprocessor": BASELINE.preprocessor}
    return {"DriftCheckBaselines": {"ModelDataQuality": parts}, "CustomerMetadataProperties": said}


def _former(package: dict[str, Any]) -> dict[str, Any]:
    """As packages were before there was a record preprocessor."""
    return package | {"CustomerMetadataProperties": {"drift_baseline": f"{RUN}/baseline.json"}}


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (_package(Statistics=BASELINE.statistics, Constraints=BASELINE.constraints), BASELINE),
        (
            _former(_package(Statistics=BASELINE.statistics, Constraints=BASELINE.constraints)),
            dataclasses.replace(BASELINE, preprocessor=None),
        ),
        (_package(Statistics=BASELINE.statistics), None),
        (_package(), None),
        ({}, None),
    ],
)
def test_the_baseline_of_a_package(package: dict[str, Any], expected: Baseline | None) -> None:
    assert quality.baseline(package) == expected


def test_the_provider_knows_where_the_analyzer_image_is() -> None:
    found: list[str] = []
    invokes = {IMAGE: lambda args: {"registryPath": f"registry/{args['repositoryName']}:{args.get('imageTag', '1')}"}}
    deploy(lambda: found.append(quality.analyzer_image("eu-west-1", pulumi.InvokeOptions())), invokes=invokes)
    assert found[0].startswith("registry/sagemaker-model-monitor-analyzer:")


def test_a_region_without_an_analyzer_image_is_refused_with_the_way_out() -> None:
    def refuse(_: object) -> object:
        raise NoAnswer("unsupported region")

    with pytest.raises(pulumi.RunError) as caught:
        deploy(
            lambda: quality.analyzer_image("eusc-de-east-1", pulumi.InvokeOptions()),
            invokes={IMAGE: refuse},
        )
    assert str(caught.value) == (
        "monitoring.engine: found sagemaker; its analyzer image cannot be found for eusc-de-east-1 (invoke "
        f"of {IMAGE} failed: unsupported region); allowed where there is none: platform"
    )


@functools.cache
def monitor(
    *,
    runtime_minutes: int = 50,
    instance_type: str = "ml.m5.large",
    baseline: Baseline = BASELINE,
    preview: bool = False,
) -> Deployment:
    def program() -> None:
        endpoint = aws.sagemaker.Endpoint("endpoint", name="churn-staging-live", endpoint_config_name="c")
        DataQuality(
            "quality",
            DataQualityArgs(
                ground=ground(),
                names=LIVE,
                settings=Monitoring(quality_max_runtime_minutes=runtime_minutes, quality_instance_type=instance_type),
                baseline=baseline,
                endpoint=endpoint,
                image_uri="registry/analyzer:1",
            ),
        )

    return deploy(program, preview=preview)


def test_disks_of_the_instance_take_no_volume_key() -> None:
    resources = monitor(instance_type="ml.g5.xlarge").one("quality-definition").inputs["jobResources"]
    assert resources["clusterConfig"] == {"instanceCount": 1, "instanceType": "ml.g5.xlarge", "volumeSizeInGb": 30}


def test_the_job_is_isolated_encrypted_bounded_and_compares_with_the_baseline() -> None:
    inputs = dict(monitor().one("quality-definition").inputs)
    name = inputs.pop("name")
    assert name.startswith("churn-staging-live-quality-")
    key = "arn:aws:kms:eu-west-1:123456789012:key/keys-models"
    assert inputs == {
        "roleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-monitor",
        "dataQualityAppSpecification": {
            "imageUri": "registry/analyzer:1",
            "recordPreprocessorSourceUri": BASELINE.preprocessor,
        },
        "dataQualityBaselineConfig": {
            "statisticsResource": {"s3Uri": BASELINE.statistics},
            "constraintsResource": {"s3Uri": BASELINE.constraints},
        },
        "dataQualityJobInput": {
            "endpointInput": {"endpointName": "churn-staging-live", "localPath": "/opt/ml/processing/input/endpoint"}
        },
        "dataQualityJobOutputConfig": {
            "kmsKeyId": key,
            "monitoringOutputs": {
                "s3Output": {
                    "s3Uri": "s3://123456789012-staging-ai-artifacts/data-quality/churn/churn-staging-live",
                    "localPath": "/opt/ml/processing/output",
                    "s3UploadMode": "EndOfJob",
                }
            },
        },
        "jobResources": {
            "clusterConfig": {
                "instanceCount": 1,
                "instanceType": "ml.m5.large",
                "volumeSizeInGb": 30,
                "volumeKmsKeyId": key,
            }
        },
        "networkConfig": {
            "enableInterContainerTrafficEncryption": True,
            "enableNetworkIsolation": True,
            "vpcConfig": {
                "subnets": ["subnet-private0", "subnet-private1", "subnet-private2"],
                "securityGroupIds": ["sg-networkworkloadsgroup"],
            },
        },
        "stoppingCondition": {"maxRuntimeInSeconds": 3000},
    }


def test_the_monitor_pulls_the_analyzer_image_and_no_other() -> None:
    statements = {s.sid: s for s in quality.monitor_statements(LIVE, models_key="arn:m", processed_key="arn:p")}
    assert statements["PullImages"].resources == (
        "arn:aws:ecr:eu-west-1:*:repository/sagemaker-model-monitor-analyzer",
    )


def test_the_schedule_waits_for_the_endpoint_and_runs_every_hour() -> None:
    schedule = monitor().one("quality-schedule")
    assert "endpoint" in schedule.dependencies
    assert schedule.inputs["monitoringScheduleConfig"] == {
        "monitoringType": "DataQuality",
        "monitoringJobDefinitionName": monitor().one("quality-definition").inputs["name"],
        "scheduleConfig": {"scheduleExpression": "cron(0 * ? * * *)"},
    }


def test_a_package_without_a_script_gives_the_job_none() -> None:
    inputs = monitor(baseline=dataclasses.replace(BASELINE, preprocessor=None)).one("quality-definition").inputs
    assert inputs["dataQualityAppSpecification"] == {"imageUri": "registry/analyzer:1"}


def test_a_changed_definition_has_a_new_name() -> None:
    other = Baseline(statistics=BASELINE.statistics, constraints="s3://b/other.json")
    found = {m.one("quality-definition").inputs["name"] for m in
             (monitor(), monitor(runtime_minutes=40), monitor(baseline=other))}  # fmt: skip
    assert len(found) == 3


def test_what_the_code_fixes_is_part_of_the_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = monitor().one("quality-definition").inputs["name"]
    monkeypatch.setattr(jobs, "VOLUME_GB", 50)
    uncached = monitor.__wrapped__
    assert uncached().one("quality-definition").inputs["name"] != before


def test_the_job_reads_captures_and_baselines_and_writes_reports() -> None:
    statements = permissions(monitor(), "quality-role")
    assert statements["ReadCaptureObjects"]["Resource"] == [
        "arn:aws:s3:::123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/*"
    ]
    assert statements["WriteReports"]["Resource"] == [
        "arn:aws:s3:::123456789012-staging-ai-artifacts/data-quality/churn/*"
    ]
    assert statements["PublishMetrics"]["Condition"] == {
        "StringEquals": {
            "cloudwatch:namespace": ["/aws/sagemaker/ProcessingJobs", "aws/sagemaker/Endpoints/data-metrics"]
        }
    }


def test_a_preview_declares_the_same() -> None:
    assert sorted(r.name for r in monitor(preview=True).resources) == sorted(r.name for r in monitor().resources)
