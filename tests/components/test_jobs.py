"""What all SageMaker jobs share: what they may do, where they run, and the request that starts one."""

from __future__ import annotations

from typing import Any

import pytest

from components import jobs
from components.access import Statement
from contracts.instances import table
from tests.components.engine import CHURN, LIVE
from workloads.pipeline import shapes

SITE = jobs.Site(key_arn="arn:aws:kms:eu-west-1:123456789012:key/m", subnet_ids=["subnet-0"], security_group_id="sg-0")
EVERYWHERE = ["LogInToRegistry", "PullImages", "CreateNetworkInterfaces", "ManageNetworkInterfaces", "DescribeNetwork"]


def by_sid(statements: list[Statement]) -> dict[str, Statement]:
    return {statement.sid: statement for statement in statements}


def request(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "name": "churn-staging-live-bias-1",
        "role_arn": "arn:aws:iam::123456789012:role/churn-staging-live-bias",
        "image_uri": "training@sha256:" + "0" * 64,
        "command": ["workloads.bias"],
        "arguments": ["--input", f"{jobs.INPUT}/truth"],
        "region": "eu-west-1",
        "inputs": {"truth": "s3://lake/truth/"},
        "outputs": {"report": "s3://lake/bias/"},
        "instance_type": "ml.m5.large",
        "minutes": 50,
        "isolated": True,
        "tags": {"Workload": "churn", "Environment": "staging"},
    }
    return jobs.processing_request(SITE, **arguments | changes)


def test_a_job_may_pull_its_image_reach_its_network_log_and_encrypt_its_volume() -> None:
    found = jobs.statements(CHURN, volume_key="arn:m", log_group=jobs.TRAINING_LOGS, namespaces=[jobs.TRAINING_LOGS])
    assert [s.sid for s in found] == [*EVERYWHERE, "WriteLogs", "PublishMetrics", "EncryptVolumes"]
    assert by_sid(found)["PublishMetrics"].conditions == {
        "StringEquals": {"cloudwatch:namespace": ["/aws/sagemaker/TrainingJobs"]}
    }


@pytest.mark.parametrize("makes", [True, False])
def test_only_the_log_groups_that_sagemaker_shares_are_made_by_jobs(makes: bool) -> None:
    found = jobs.statements(CHURN, volume_key="arn:m", log_group="/logs", namespaces=["n"], makes_log_group=makes)
    assert ("logs:CreateLogGroup" in by_sid(found)["WriteLogs"].actions) is makes


def test_a_monitor_reads_what_it_compares_and_writes_its_reports_and_nothing_else() -> None:
    found = jobs.monitor_statements(
        LIVE,
        models_key="arn:m",
        processed_key="arn:p",
        repository_arn="arn:repository",
        namespace="MLPipeline/Bias",
        captured="data-capture/churn/churn-staging-live/",
        compared_with=["runs/churn/"],
        reports="bias/churn/",
    )
    resources = {sid: list(statement.resources) for sid, statement in by_sid(found).items()}
    processed, artifacts = (f"arn:aws:s3:::123456789012-staging-ai-{end}" for end in ("processed-data", "artifacts"))
    assert {sid: resources[sid] for sid in resources if sid not in EVERYWHERE} == {
        "PublishMetrics": ["*"],
        "WriteLogs": resources["WriteLogs"],
        "EncryptVolumes": ["arn:m"],
        "ReadCaptureObjects": [f"{processed}/data-capture/churn/churn-staging-live/*"],
        "ReadCaptureList": [processed],
        "DecryptCapture": ["arn:p"],
        "ReadReferenceObjects": [f"{artifacts}/runs/churn/*"],
        "ReadReferenceList": [artifacts],
        "WriteReports": [f"{artifacts}/bias/churn/*"],
        "EncryptArtifacts": ["arn:m"],
    }
    assert resources["PullImages"] == ["arn:repository"]
    assert by_sid(found)["PublishMetrics"].conditions == {
        "StringEquals": {"cloudwatch:namespace": ["/aws/sagemaker/ProcessingJobs", "MLPipeline/Bias"]}
    }


@pytest.mark.parametrize("isolated", [True, False])
def test_sagemaker_takes_the_request(isolated: bool) -> None:
    made = request(isolated=isolated)
    assert shapes.check({"Type": "Processing", "Name": "bias", "Arguments": made}, {}) == []
    assert made["NetworkConfig"]["EnableNetworkIsolation"] is isolated
    assert made["AppSpecification"]["ContainerEntrypoint"] == ["python3", "-m", "workloads.bias"]
    assert made["ProcessingOutputConfig"]["KmsKeyId"] == SITE.key_arn
    assert made["Tags"] == [{"Key": "Environment", "Value": "staging"}, {"Key": "Workload", "Value": "churn"}]


def test_every_type_has_a_volume_key_or_disks_of_its_own() -> None:
    for name, instance in table().items():
        cluster = request(instance_type=name)["ProcessingResources"]["ClusterConfig"]
        assert ("VolumeKmsKeyId" in cluster) is (instance.local_storage_gb == 0), name
