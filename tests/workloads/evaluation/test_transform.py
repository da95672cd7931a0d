"""The job that asks a container of others: what it is given, and how it ends."""

from __future__ import annotations

import io
from typing import Any

import pytest

from workloads.evaluation.transform import Place, Transform
from workloads.job import PlatformError, UserError

IMAGE, DATA = "registry/theirs@sha256:77", "s3://bucket/run/model.tar.gz"
PLACE = Place(
    name="churn-staging-asked-0a1b2c3d",
    prefix="s3://bucket/runs/churn/1/Evaluate/asked",
    role="role",
    key="key",
    subnets=("subnet-1", "subnet-2"),
    security_groups=("sg-1",),
)


class Cloud:
    """S3 and SageMaker: every call is kept, and a job ends after some looks at it."""

    def __init__(self, *answers: dict[str, str]) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers = list(answers)

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append((operation, request))
            if operation == "describe_transform_job":
                return self.answers.pop(0)
            return {"Body": io.BytesIO(request["Key"].encode())} if operation == "get_object" else {}

        return call


def ask(cloud: Cloud, pauses: list[float]) -> dict[str, bytes]:
    transform = Transform(place=PLACE, s3=cloud, sagemaker=cloud, sleep=pauses.append)
    return dict(transform.ask("candidate-csv", IMAGE, DATA, "text/csv", [("a", b"1,2\n"), ("b", b"3,4\n")]))


def test_it_is_isolated_in_the_network_and_each_object_is_one_request() -> None:
    running, pauses = {"TransformJobStatus": "InProgress"}, list[float]()
    cloud = Cloud(running, running, {"TransformJobStatus": "Completed"})
    prefix, name = "runs/churn/1/Evaluate/asked/candidate-csv", "churn-staging-asked-0a1b2c3d-candidate-csv"
    assert ask(cloud, pauses) == {"a": f"{prefix}/out/a.out".encode(), "b": f"{prefix}/out/b.out".encode()}
    assert pauses == [0.2, pytest.approx(0.3)]
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"}
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://bucket/{prefix}/in/"}}
    described = ("describe_transform_job", {"TransformJobName": name})
    assert cloud.calls == [
        ("put_object", {"Bucket": "bucket", "Key": f"{prefix}/in/a", "Body": b"1,2\n", **encrypted}),
        ("put_object", {"Bucket": "bucket", "Key": f"{prefix}/in/b", "Body": b"3,4\n", **encrypted}),
        (
            "create_model",
            {
                "ModelName": name,
                "ExecutionRoleArn": "role",
                "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": DATA},
                "EnableNetworkIsolation": True,
                "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
            },
        ),
        (
            "create_transform_job",
            {
                "TransformJobName": name,
                "ModelName": name,
                "BatchStrategy": "SingleRecord",
                "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "None"},
                "TransformOutput": {
                    "S3OutputPath": f"s3://bucket/{prefix}/out",
                    "Accept": "text/csv",
                    "KmsKeyId": "key",
                },
                "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeKmsKeyId": "key"},
            },
        ),
        described,
        described,
        described,
        ("delete_model", {"ModelName": name}),
        ("get_object", {"Bucket": "bucket", "Key": f"{prefix}/out/a.out"}),
        ("get_object", {"Bucket": "bucket", "Key": f"{prefix}/out/b.out"}),
    ]
    assert len(name) <= 63


@pytest.mark.parametrize(
    ("ended", "error", "message"),
    [
        (
            {"TransformJobStatus": "Failed", "FailureReason": "ClientError: a: the model answered 415: no CSV"},
            UserError,
            f"image {IMAGE} does not answer what the contract allows (text/csv): ClientError: a: the model answered "
            "415: no CSV",
        ),
        (
            {"TransformJobStatus": "Stopped"},
            UserError,
            f"image {IMAGE} does not answer what the contract allows (text/csv): transform job "
            f"{PLACE.name}-candidate-csv was stopped",
        ),
        (
            {"TransformJobStatus": "Failed", "FailureReason": "InternalServerError: try again"},
            PlatformError,
            f"transform job {PLACE.name}-candidate-csv: InternalServerError: try again",
        ),
        (
            {"TransformJobStatus": "Failed", "FailureReason": "CapacityError: none is free"},
            PlatformError,
            f"transform job {PLACE.name}-candidate-csv: CapacityError: none is free",
        ),
    ],
)
def test_one_that_fails_says_whose_fault_it_is_and_leaves_no_model(
    ended: dict[str, str], error: type[Exception], message: str
) -> None:
    cloud = Cloud(ended)
    with pytest.raises(error) as failed:
        ask(cloud, [])
    assert str(failed.value) == message
    assert [operation for operation, _ in cloud.calls][-2:] == ["describe_transform_job", "delete_model"]
