"""The committed pipeline with a model in an image of others, in names of its own: asked, judged, registered, served."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from contracts import release
from local.executor import ExecutionResult
from tests.local.executor import theirs
from tests.local.executor.committed import CONTRACT, SHA, Aws, accepted
from tests.local.processes import eventually
from workloads.evaluation.evaluate import UNTIMED

ARTIFACTS, PROCESSED = "123456789012-theirs-ai-artifacts", "123456789012-theirs-ai-processed-data"
GROUP, RELEASE = "churn-theirs", "/mlplatform/theirs/churn/live/release"


@pytest.fixture(scope="module")
def aws(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Aws:
    workdir = tmp_path_factory.mktemp("theirs")
    own = {"artifacts_bucket": ARTIFACTS, "processed_bucket": PROCESSED, "package_group": GROUP}
    aws = Aws(endpoint, workdir, **own, release_parameter=RELEASE)
    for bucket in (ARTIFACTS, PROCESSED):
        aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.s3.put_object(Bucket=ARTIFACTS, Key=f"contracts/churn/{SHA}/contract.json", Body=CONTRACT.encode())
    rows = accepted(workdir / "rows.parquet", rows=3000, signal=1.0)
    aws.s3.upload_file(str(rows), PROCESSED, "accepted/churn/rows.parquet")
    aws.sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    return aws


def contained(aws: Aws, *, image: str = theirs.URI) -> ExecutionResult:
    """An execution that is given an image and what it reads, as `register --image` starts it."""
    prefix = f"runs/churn/imported/image{aws.executions}/"
    archive = theirs.archive(aws.workdir / f"image{aws.executions}.tar.gz", theirs.WEIGHTS)
    aws.s3.upload_file(str(archive), ARTIFACTS, f"{prefix}model.tar.gz")
    aws.s3.put_object(Bucket=ARTIFACTS, Key=f"{prefix}image.json", Body=json.dumps({"image": image}).encode())
    return aws.run(DatasetVersion="data-1", ImportedModelUri=f"s3://{ARTIFACTS}/{prefix}")


def evaluation(aws: Aws, execution: int) -> dict[str, Any]:
    key = f"runs/churn/execution{execution}/Evaluate/evaluation/evaluation.json"
    return json.loads(aws.s3.get_object(Bucket=ARTIFACTS, Key=key)["Body"].read())


@pytest.fixture(scope="module")
def package(aws: Aws) -> dict[str, Any]:
    """What the first execution registers."""
    found = contained(aws)
    assert found.failure_reason is None
    arn = found.step("Register").metadata["RegisterModel"]["Arn"]
    return aws.sagemaker.describe_model_package(ModelPackageName=arn)


@pytest.fixture(scope="module")
def trained(aws: Aws, package: dict[str, Any]) -> dict[str, Any]:
    """The evaluation of a model that is trained while the other one is live."""
    record = release.promote(None, package["ModelPackageArn"], who="test", why="theirs", when="2026-01-01T00:00:00Z")
    aws.client("ssm").put_parameter(Name=RELEASE, Value=release.to_json(record), Type="String")
    assert aws.run(DatasetVersion="data-1").step("Evaluate").status == "Succeeded"
    return evaluation(aws, aws.executions)


def test_it_is_asked_judged_and_registered_with_its_image(
    aws: Aws, package: dict[str, Any], trained: dict[str, Any]
) -> None:
    (container,) = package["InferenceSpecification"]["Containers"]
    said, judged = package["CustomerMetadataProperties"], evaluation(aws, 1)
    assert (container["Image"], said["inference_image"]) == (theirs.URI, theirs.URI)
    assert said["origin"].startswith("imported: sha256 ")
    assert said["dataset_version"] == judged["dataset_version"] == trained["dataset_version"]
    checks = {check["name"] for check in judged["gate"]["checks"]}
    assert judged["gate"]["decision"] == "register"
    assert {check["name"] for check in trained["gate"]["checks"]} - checks == {
        "auc against the champion",
        "model test latency p99",
        "model test the same rows score the same",
        "model test answers in JSON are the model's",
        "model test answers in CSV are the model's",
        "model test a package that is loaded again answers the same",
        "model test what the contract allows is answered",
        "model test what it does not allow is refused",
    }
    assert (UNTIMED in judged["warnings"], UNTIMED in trained["warnings"]) == (True, False)
    assert set(judged["importance"]) == set(theirs.COLUMNS)
    assert judged["importance"]["transaction_volume"] == 0 < judged["importance"]["user_tenure_months"]


def test_as_the_champion_it_is_asked_for_the_same_rows(
    aws: Aws, package: dict[str, Any], trained: dict[str, Any]
) -> None:
    assert trained["champion"]["package_arn"] == package["ModelPackageArn"]
    assert trained["champion"]["auc"] == evaluation(aws, 1)["metrics"]["auc"]


def test_it_serves_what_it_was_judged_by(aws: Aws, package: dict[str, Any]) -> None:
    """An endpoint of the package, as a release makes it."""
    aws.sagemaker.create_model(
        ModelName="theirs",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/churn-theirs-live-endpoint",
        PrimaryContainer={"ModelPackageName": package["ModelPackageArn"]},
        EnableNetworkIsolation=True,
    )
    variant = {"VariantName": "a", "ModelName": "theirs", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    aws.sagemaker.create_endpoint_config(EndpointConfigName="theirs", ProductionVariants=[variant])
    aws.sagemaker.create_endpoint(EndpointName="theirs", EndpointConfigName="theirs")
    try:
        eventually(
            lambda: aws.sagemaker.describe_endpoint(EndpointName="theirs")["EndpointStatus"] == "InService", seconds=120
        )
        row = {"user_tenure_months": 40, "transaction_volume": None, "support_tickets": 3}
        answer = aws.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="theirs", ContentType="application/json", Body=json.dumps({"instances": [row]}).encode()
        )
        (prediction,) = json.loads(answer["Body"].read())["predictions"]
    finally:
        aws.sagemaker.delete_endpoint(EndpointName="theirs")
    assert prediction == {"score": 1 / (1 + math.exp(-2)), "decision": True}


def test_one_that_nobody_can_start_is_not_registered(aws: Aws, package: dict[str, Any]) -> None:
    other = theirs.URI.replace("7" * 64, "8" * 64)
    found = contained(aws, image=other)
    assert (found.step("Train").status, found.step("Evaluate").status) == ("Succeeded", "Failed")
    assert "no container engine is here" in str(found.step("Evaluate").failure_reason)
    names = [each["ModelName"] for each in aws.sagemaker.list_models()["Models"]]
    assert [name for name in names if name.startswith(f"{GROUP}-asked-")] == []
    listed = aws.sagemaker.list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    made = [aws.sagemaker.describe_model_package(ModelPackageName=each["ModelPackageArn"]) for each in listed]
    images = {each["InferenceSpecification"]["Containers"][0]["Image"] for each in made}
    assert (theirs.URI in images, other in images) == (True, False)
