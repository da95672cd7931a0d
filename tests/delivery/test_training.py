"""What the build that starts a training asks of AWS, judged by its role."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from automation.operations import training
from components.delivery.stages import Builder
from tests.components.delivery.test_builds import builder
from tests.components.engine import LIVE, NAMES
from tests.delivery.asked import Call, refused

CHURN = LIVE.of_its_workload
REGISTER = {
    "Name": "Register",
    "Type": "RegisterModel",
    "Arguments": {"CustomerMetadataProperties": {"training_image": "image@sha256:b", "contract_sha": "c2"}},
}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Generator[list[Call]]:
    """An account with accepted data, a model and the pipeline; the calls from then on."""
    calls = list[Call]()
    monkeypatch.setenv("AWS_DEFAULT_REGION", NAMES.region)
    with mock_aws():
        where = {"LocationConstraint": NAMES.region}
        s3, sagemaker = client("s3"), client("sagemaker")
        s3.create_bucket(Bucket=NAMES.processed_bucket, CreateBucketConfiguration=where)
        s3.put_object(Bucket=NAMES.processed_bucket, Key="accepted/churn/1.parquet", Body=b"1")
        sagemaker.create_model_package_group(ModelPackageGroupName=CHURN.package_group)
        sagemaker.create_model_package(ModelPackageGroupName=CHURN.package_group, ModelApprovalStatus="Approved")
        sagemaker.create_pipeline(
            PipelineName=CHURN.pipeline,
            PipelineDefinition=json.dumps({"Steps": [REGISTER]}),
            ClientRequestToken="0" * 32,
            RoleArn="arn:aws:iam::123456789012:role/training",
        )
        yield calls


def client(service: str, calls: list[Call] | None = None) -> Any:
    """A client that notes what it asks for."""
    found: Any = boto3.client(service, region_name=NAMES.region)  # type: ignore[call-overload]

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if calls is not None:
            calls.append(Call(role="role/role", service=service, operation=model.name, parameters=dict(params)))

    found.meta.events.register("provide-client-params.*.*", note)
    return found


def test_all_that_it_asks_its_role_may_and_nothing_is_asked_in_vain(called: list[Call]) -> None:
    s3, sagemaker = client("s3", called), client("sagemaker", called)
    assert training.changes(CHURN, s3=s3, sagemaker=sagemaker)
    execution = training.start(CHURN, "by-hand-1", s3=s3, sagemaker=sagemaker)
    assert "/churn-staging/execution/" in execution
    assert {call.operation for call in called} == {
        "DescribeModelPackage",
        "DescribePipeline",
        "GetObject",
        "ListModelPackages",
        "ListObjectsV2",
        "StartPipelineExecution",
    }
    assert refused(called, {"role": builder(Builder.TRAIN)}, NAMES) == []
    assert [each.split(" ")[1] for each in refused(called, {"role": builder(Builder.DEPLOY)}, NAMES)] == [
        "s3:GetObject",
        "s3:ListBucket",
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribePipeline",
        "sagemaker:ListModelPackages",
        "sagemaker:StartPipelineExecution",
    ]
