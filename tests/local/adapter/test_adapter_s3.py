"""Buckets, their settings and objects on a real moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from botocore.exceptions import ClientError

from local.adapter import Adapter, Created

BUCKET, OBJECT = "aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2"
TLS_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteBucket",
                "Resource": "arn:aws:s3:::raw",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
)


@pytest.fixture
def bucket(adapter: Adapter) -> Created:
    return adapter.create(BUCKET, "raw", {"bucket": "raw", "objectLockEnabled": True, "tags": {"Data": "raw"}})


@pytest.fixture
def s3(aws: Callable[[str], Any]) -> Any:
    return aws("s3")


def test_a_bucket(adapter: Adapter, bucket: Created, s3: Any) -> None:
    assert bucket.id == "raw"
    assert bucket.outputs == {
        "arn": "arn:aws:s3:::raw",
        "bucket": "raw",
        "bucketDomainName": "raw.s3.amazonaws.com",
        "bucketRegion": "eu-west-1",
        "bucketRegionalDomainName": "raw.s3.eu-west-1.amazonaws.com",
        "forceDestroy": False,
        "objectLockEnabled": True,
        "region": "eu-west-1",
        "tags": {"Data": "raw"},
        "tagsAll": {"Data": "raw"},
    }
    assert s3.get_bucket_location(Bucket="raw")["LocationConstraint"] == "eu-west-1"
    assert s3.get_bucket_tagging(Bucket="raw")["TagSet"] == [{"Key": "Data", "Value": "raw"}]
    old = {"bucket": "raw", "tags": {"Data": "raw"}}
    adapter.update(BUCKET, "raw", old, {"bucket": "raw"}, bucket.outputs)
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket="raw")


def test_force_destroy_empties_a_bucket_with_all_its_versions(adapter: Adapter, s3: Any) -> None:
    inputs = {"bucket": "scratch", "forceDestroy": True}
    created = adapter.create(BUCKET, "scratch", inputs)
    s3.put_bucket_versioning(Bucket="scratch", VersioningConfiguration={"Status": "Enabled"})
    for number in range(3):
        s3.put_object(Bucket="scratch", Key="a", Body=str(number).encode())
    s3.delete_object(Bucket="scratch", Key="a")
    adapter.delete(BUCKET, "scratch", inputs, created.outputs)
    assert s3.list_buckets()["Buckets"] == []


def retention(s3: Any) -> dict[str, Any]:
    return s3.get_object_lock_configuration(Bucket="raw")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]


#: Type, inputs, changed inputs, what reads the setting, and what is read before and after the change.
SETTINGS = [
    (
        "aws:s3/bucketVersioning:BucketVersioning",
        {"versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
        lambda s3: s3.get_bucket_versioning(Bucket="raw")["Status"],
        "Enabled",
        "Suspended",
    ),
    (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"},
                    "bucketKeyEnabled": True,
                }
            ]
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        lambda s3: s3.get_bucket_encryption(Bucket="raw")["ServerSideEncryptionConfiguration"]["Rules"][0][
            "ApplyServerSideEncryptionByDefault"
        ],
        {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"},
        {"SSEAlgorithm": "AES256"},
    ),
    (
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"blockPublicAcls": True},
        {"blockPublicAcls": True, "restrictPublicBuckets": True},
        lambda s3: s3.get_public_access_block(Bucket="raw")["PublicAccessBlockConfiguration"],
        {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": False,
            "IgnorePublicAcls": False,
            "RestrictPublicBuckets": False,
        },
        {"BlockPublicAcls": True, "BlockPublicPolicy": False, "IgnorePublicAcls": False, "RestrictPublicBuckets": True},
    ),
    (
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        lambda s3: s3.get_bucket_ownership_controls(Bucket="raw")["OwnershipControls"]["Rules"],
        [{"ObjectOwnership": "BucketOwnerEnforced"}],
        [{"ObjectOwnership": "BucketOwnerPreferred"}],
    ),
    (
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": TLS_ONLY},
        {"policy": TLS_ONLY.replace("TlsOnly", "OnlyTls")},
        lambda s3: json.loads(s3.get_bucket_policy(Bucket="raw")["Policy"])["Statement"][0]["Sid"],
        "TlsOnly",
        "OnlyTls",
    ),
    (
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 30.0}}},
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "years": 1.0}}},
        lambda s3: {key: item for key, item in retention(s3).items() if item},
        {"Mode": "COMPLIANCE", "Days": 30},
        {"Mode": "GOVERNANCE", "Years": 1},
    ),
]


@pytest.mark.parametrize(
    ("token", "inputs", "changed", "read", "before", "after"), SETTINGS, ids=[s[0] for s in SETTINGS]
)
def test_a_setting_of_a_bucket(
    adapter: Adapter,
    bucket: Created,
    s3: Any,
    calls: list[str],
    token: str,
    inputs: dict[str, Any],
    changed: dict[str, Any],
    read: Callable[[Any], Any],
    before: Any,
    after: Any,
) -> None:
    created = adapter.create(token, "setting", {"bucket": "raw", **inputs})
    assert created.id == "raw"
    assert read(s3) == before
    updated = adapter.update(token, "raw", {"bucket": "raw", **inputs}, {"bucket": "raw", **changed}, created.outputs)
    assert read(s3) == after
    calls.clear()
    again = adapter.update(token, "raw", {"bucket": "raw", **changed}, {"bucket": "raw", **changed}, updated.outputs)
    assert (calls, again.outputs) == ([], updated.outputs)
    adapter.delete(token, "raw", {"bucket": "raw", **changed}, updated.outputs)
    assert len(calls) == 1
    assert adapter.replaces(token, {"bucket": "raw"}, {"bucket": "other"}) == ["bucket"]


def test_lifecycle_rules(adapter: Adapter, bucket: Created, s3: Any) -> None:
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    rules = [
        {
            "id": "cool",
            "status": "Enabled",
            "transitions": [{"days": 30.0, "storageClass": "STANDARD_IA"}, {"days": 90.0, "storageClass": "GLACIER"}],
            "noncurrentVersionExpiration": {"noncurrentDays": 365.0},
        },
        {
            "id": "clean",
            "status": "Enabled",
            "filter": {"and": {"prefix": "tmp/", "tags": {"Keep": "no"}}},
            "expiration": {"days": 7.0},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 2.0},
        },
    ]
    created = adapter.create(token, "lifecycle", {"bucket": "raw", "rules": rules})
    found = s3.get_bucket_lifecycle_configuration(Bucket="raw")["Rules"]
    assert found[0]["Transitions"] == [
        {"Days": 30, "StorageClass": "STANDARD_IA"},
        {"Days": 90, "StorageClass": "GLACIER"},
    ]
    assert found[0]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 365}
    assert found[1]["Filter"] == {"And": {"Prefix": "tmp/", "Tags": [{"Key": "Keep", "Value": "no"}]}}
    assert found[1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    adapter.delete(token, "raw", {"bucket": "raw", "rules": rules}, created.outputs)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="raw")


def test_access_logs_of_another_bucket(adapter: Adapter, bucket: Created, s3: Any) -> None:
    token = "aws:s3/bucketLogging:BucketLogging"
    adapter.create(BUCKET, "logs", {"bucket": "logs"})
    grant = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    adapter.create("aws:s3/bucketPolicy:BucketPolicy", "logs", {"bucket": "logs", "policy": policy})
    inputs = {"bucket": "raw", "targetBucket": "logs", "targetPrefix": "raw/"}
    created = adapter.create(token, "logging", inputs)
    enabled = s3.get_bucket_logging(Bucket="raw")["LoggingEnabled"]
    assert (enabled["TargetBucket"], enabled["TargetPrefix"]) == ("logs", "raw/")
    adapter.delete(token, "raw", inputs, created.outputs)
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="raw")


def test_events_to_queues_and_to_eventbridge(adapter: Adapter, bucket: Created, s3: Any, calls: list[str]) -> None:
    token = "aws:s3/bucketNotification:BucketNotification"
    queue = adapter.create("aws:sqs/queue:Queue", "objects", {"name": "objects"}).outputs["arn"]
    receiver = {
        "queueArn": queue,
        "events": ["s3:ObjectCreated:*"],
        "filterPrefix": "incoming/",
        "filterSuffix": ".csv",
    }
    inputs = {"bucket": "raw", "queues": [receiver]}
    created = adapter.create(token, "events", inputs)
    found = s3.get_bucket_notification_configuration(Bucket="raw")["QueueConfigurations"][0]
    assert (found["QueueArn"], found["Events"]) == (queue, ["s3:ObjectCreated:*"])
    names = {rule["Name"].lower(): rule["Value"] for rule in found["Filter"]["Key"]["FilterRules"]}
    assert names == {"prefix": "incoming/", "suffix": ".csv"}
    adapter.update(token, "raw", inputs, {"bucket": "raw", "eventbridge": True}, created.outputs)
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="raw")
    calls.clear()
    adapter.delete(token, "raw", {"bucket": "raw", "eventbridge": True}, created.outputs)
    assert calls == ["PutBucketNotificationConfiguration"]


def test_an_object_follows_the_content_of_its_file(adapter: Adapter, s3: Any, tmp_path: Path, calls: list[str]) -> None:
    adapter.create(BUCKET, "artifacts", {"bucket": "artifacts"})
    (tmp_path / "contract.json").write_text("{}")
    inputs = {
        "bucket": "artifacts",
        "key": "contracts/contract.json",
        "source": pulumi.FileAsset(str(tmp_path / "contract.json")),
        "contentType": "application/json",
        "serverSideEncryption": "aws:kms",
        "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "tags": {"Data class": "internal"},
    }
    created = adapter.create(OBJECT, "contract", inputs)
    assert created.id == "artifacts/contracts/contract.json"
    assert created.outputs["arn"] == "arn:aws:s3:::artifacts/contracts/contract.json"
    assert created.outputs["etag"] == "99914b932bd37a50b983c5e7c90ae93b"
    found = s3.get_object(Bucket="artifacts", Key="contracts/contract.json")
    assert (found["Body"].read(), found["ContentType"], found["ServerSideEncryption"]) == (
        b"{}",
        "application/json",
        "aws:kms",
    )
    tags = s3.get_object_tagging(Bucket="artifacts", Key="contracts/contract.json")["TagSet"]
    assert tags == [{"Key": "Data class", "Value": "internal"}]

    again = {**inputs, "source": pulumi.FileAsset(str(tmp_path / "contract.json"))}
    calls.clear()
    adapter.update(OBJECT, created.id, inputs, again, created.outputs)
    assert calls == []
    (tmp_path / "contract.json").write_text("[]")
    updated = adapter.update(OBJECT, created.id, inputs, again, created.outputs)
    assert calls == ["PutObject", "HeadObject"]
    assert updated.outputs["etag"] == "d751713988987e9331980363e24189ce"
    adapter.delete(OBJECT, created.id, inputs, updated.outputs)
    assert "Contents" not in s3.list_objects_v2(Bucket="artifacts")


def test_deleting_an_object_leaves_those_with_longer_names(adapter: Adapter, s3: Any) -> None:
    adapter.create(BUCKET, "artifacts", {"bucket": "artifacts"})
    inputs = {"bucket": "artifacts", "key": "a", "content": "1"}
    created = adapter.create(OBJECT, "a", inputs)
    s3.put_object(Bucket="artifacts", Key="ab", Body=b"2")
    adapter.delete(OBJECT, created.id, inputs, created.outputs)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="artifacts")["Contents"]] == ["ab"]
