from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator


@pytest.fixture
def own_bucket(s3: Any, name: str) -> str:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return name


@pytest.fixture
def guard(s3: Any, own_bucket: str) -> Callable[..., None]:
    """Sets a policy of one statement on the bucket: Deny for everyone, unless changed."""

    def put(action: Any, condition: dict[str, Any] | None = None, **changes: Any) -> None:
        resources = [f"arn:aws:s3:::{own_bucket}", f"arn:aws:s3:::{own_bucket}/*"]
        statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resources} | changes
        if condition:
            statement["Condition"] = condition
        s3.put_bucket_policy(Bucket=own_bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))

    return put


def denied(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "403")
        return True
    return False


def test_what_a_policy_denies_is_denied(s3: Any, own_bucket: str, guard: Any) -> None:
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"1")
    guard("s3:DeleteObject")
    assert denied(lambda: s3.delete_object(Bucket=own_bucket, Key="a"))
    assert not denied(lambda: s3.put_object(Bucket=own_bucket, Key="b", Body=b"1"))


def test_the_emulator_counts_as_tls(s3: Any, own_bucket: str, guard: Any) -> None:
    guard("s3:*", {"Bool": {"aws:SecureTransport": "false"}})
    assert not denied(lambda: s3.put_object(Bucket=own_bucket, Key="a", Body=b"1"))
    assert not denied(lambda: s3.get_object(Bucket=own_bucket, Key="a"))


#: A key that the request brings (SSE-C), as the buckets' policies ask for it (`components.ground.bucket`).
BROUGHT = {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}}


@pytest.mark.parametrize(
    ("condition", "headers", "expected"),
    [
        ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, {}, True),
        (
            {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
            {"ServerSideEncryption": "aws:kms"},
            False,
        ),
        ({"Null": {"s3:x-amz-server-side-encryption": "true"}}, {}, True),
        ({"Null": {"s3:x-amz-server-side-encryption": "true"}}, {"ServerSideEncryption": "AES256"}, False),
        ({"StringEqualsIfExists": {"s3:x-amz-server-side-encryption": "AES256"}}, {}, True),
        ({"ForAllValues:StringLike": {"s3:x-amz-server-side-encryption": "AES*"}}, {}, True),
        (
            {"ForAllValues:StringLike": {"s3:x-amz-server-side-encryption": "AES*"}},
            {"ServerSideEncryption": "aws:kms"},
            False,
        ),
        (BROUGHT, {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, True),
        (BROUGHT, {"ServerSideEncryption": "aws:kms"}, False),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, {}, False),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:root"}}, {}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, {}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, {}, True),
    ],
)
def test_conditions_decide(
    s3: Any, own_bucket: str, guard: Any, condition: dict[str, Any], headers: dict[str, str], expected: bool
) -> None:
    guard("s3:PutObject", condition)
    assert denied(lambda: s3.put_object(Bucket=own_bucket, Key="a", Body=b"1", **headers)) is expected


def test_a_service_as_principal_is_not_the_caller(s3: Any, own_bucket: str, guard: Any) -> None:
    guard("s3:PutObject", Principal={"Service": "logging.s3.amazonaws.com"})
    assert not denied(lambda: s3.put_object(Bucket=own_bucket, Key="a", Body=b"1"))


@pytest.mark.parametrize("as_list", [False, True])
def test_access_logs_need_the_permission_of_the_target(
    s3: Any, bucket: str, own_bucket: str, guard: Any, as_list: bool
) -> None:
    def condition(source: str) -> dict[str, Any]:
        return {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": "123456789012"}}

    logging = {"LoggingEnabled": {"TargetBucket": own_bucket, "TargetPrefix": "logs/"}}
    with pytest.raises(ClientError):
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=logging)
    written: Any = f"arn:aws:s3:::{own_bucket}/logs/*"
    principal = {"Service": "logging.s3.amazonaws.com"}
    resource = [written] if as_list else written
    grant = {"Effect": "Allow", "Principal": principal, "Resource": resource}
    guard("s3:PutObject", condition("arn:aws:s3:::another"), **grant)
    with pytest.raises(ClientError):
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=logging)
    guard("s3:PutObject", condition("arn:aws:s3:::emulator-*"), **grant)
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=logging)
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetPrefix"] == "logs/"


def test_an_images_digest_is_its_manifests(emulator: Emulator, name: str) -> None:
    ecr = emulator.client("ecr")
    ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")

    def push(version: int) -> str:
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": version, "digest": "sha256:0"}
        media_type = "application/vnd.oci.image.manifest.v1+json"
        manifest = json.dumps({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": []})
        pushed = ecr.put_image(
            repositoryName=name, imageManifest=manifest, imageManifestMediaType=media_type, imageTag=str(version)
        )
        assert pushed["image"]["imageId"]["imageDigest"] == f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        return pushed["image"]["imageId"]["imageDigest"]

    assert push(1) != push(2)
    assert len(ecr.describe_images(repositoryName=name)["imageDetails"]) == 2


def test_a_tag_that_lake_formation_takes_from_columns_goes_once_from_each(emulator: Emulator, name: str) -> None:
    lake = emulator.client("lakeformation")
    lake.create_lf_tag(TagKey=name, TagValues=["open"])
    table = {"DatabaseName": name, "Name": "accepted", "ColumnNames": ["seen", "spent"]}
    tags, other = [{"TagKey": name, "TagValues": ["open"]}], {**table, "ColumnNames": ["spent"]}
    lake.add_lf_tags_to_resource(Resource={"TableWithColumns": table}, LFTags=tags)
    lake.remove_lf_tags_from_resource(Resource={"TableWithColumns": other}, LFTags=tags)
    found = lake.get_resource_lf_tags(Resource={"TableWithColumns": table})["LFTagsOnColumns"]
    assert [each["Name"] for each in found] == ["seen"]
    lake.delete_lf_tag(TagKey=name)
