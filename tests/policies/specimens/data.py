"""Keys, buckets, the lake and its catalogue."""

from __future__ import annotations

import json
from typing import Any

from tests.policies.support import ACCOUNT, Specimen

KEY = Specimen(
    "kms/key",
    "data-key",
    {
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "policy": json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "Account",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ],
            }
        ),
    },
    protect=True,
)


def bucket_policy(bucket: str) -> str:
    """A bucket policy that refuses plain HTTP."""
    arn = f"arn:aws:s3:::{bucket}"
    deny = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]})


def bucket(name: str, *, logs: bool = False) -> list[Specimen]:
    """A bucket with everything that the policies ask to be attached to it."""
    physical = f"{ACCOUNT}-prod-{name}"
    default: dict[str, Any] = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY.arn}
    if logs:
        default = {"sseAlgorithm": "AES256"}
    attached = {"bucket": [name]}
    found = [
        Specimen("s3/bucket", name, {"bucket": physical, "objectLockEnabled": True}, protect=True),
        Specimen(
            "s3/bucketServerSideEncryptionConfiguration",
            f"{name}-encryption",
            {
                "bucket": physical,
                "rules": [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}],
            },
            attached if logs else {**attached, "rules": [KEY.name]},
        ),
        Specimen(
            "s3/bucketPublicAccessBlock",
            f"{name}-block",
            {
                "bucket": physical,
                "blockPublicAcls": True,
                "blockPublicPolicy": True,
                "ignorePublicAcls": True,
                "restrictPublicBuckets": True,
            },
            attached,
        ),
        Specimen(
            "s3/bucketOwnershipControls",
            f"{name}-ownership",
            {"bucket": physical, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
            attached,
        ),
        Specimen(
            "s3/bucketVersioning",
            f"{name}-versioning",
            {"bucket": physical, "versioningConfiguration": {"status": "Enabled"}},
            attached,
        ),
        Specimen(
            "s3/bucketLifecycleConfiguration",
            f"{name}-lifecycle",
            {
                "bucket": physical,
                "rules": [
                    {
                        "id": "clean-up",
                        "status": "Enabled",
                        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7.0},
                        "noncurrentVersionExpiration": {"noncurrentDays": 90.0},
                    }
                ],
            },
            attached,
        ),
        Specimen(
            "s3/bucketPolicy",
            f"{name}-policy",
            {"bucket": physical, "policy": bucket_policy(physical)},
            {**attached, "policy": [name]},
        ),
    ]
    if not logs:
        target = f"{ACCOUNT}-prod-access-logs"
        found.append(
            Specimen(
                "s3/bucketLogging",
                f"{name}-logging",
                {"bucket": physical, "targetBucket": target, "targetPrefix": f"{name}/"},
                {**attached, "targetBucket": ["access-logs"]},
            )
        )
    return found


def specimens() -> list[Specimen]:
    """Keys, buckets, Glue, Lake Formation, secrets, feature store."""
    return [
        KEY,
        *bucket("access-logs", logs=True),
        *bucket("raw"),
        Specimen(
            "glue/securityConfiguration",
            "glue-security",
            {
                "encryptionConfiguration": {
                    "s3Encryption": {"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": KEY.arn},
                    "cloudwatchEncryption": {"cloudwatchEncryptionMode": "SSE-KMS", "kmsKeyArn": KEY.arn},
                    "jobBookmarksEncryption": {"jobBookmarksEncryptionMode": "CSE-KMS", "kmsKeyArn": KEY.arn},
                }
            },
        ),
        Specimen(
            "glue/job",
            "etl",
            {
                "securityConfiguration": "glue-security",
                "glueVersion": "5.0",
                "workerType": "G.1X",
                "numberOfWorkers": 4.0,
                "timeout": 120.0,
                "defaultArguments": {"--enable-continuous-cloudwatch-log": "true", "--contract": "s3://contracts/a"},
            },
        ),
        Specimen("glue/crawler", "crawler", {"securityConfiguration": "glue-security"}),
        Specimen(
            "glue/dataCatalogEncryptionSettings",
            "catalog",
            {
                "dataCatalogEncryptionSettings": {
                    "encryptionAtRest": {"catalogEncryptionMode": "SSE-KMS", "sseAwsKmsKeyId": KEY.arn},
                    "connectionPasswordEncryption": {
                        "returnConnectionPasswordEncrypted": True,
                        "awsKmsKeyId": KEY.arn,
                    },
                }
            },
        ),
        Specimen("lakeformation/dataLakeSettings", "lake-settings", {"admins": [f"arn:aws:iam::{ACCOUNT}:role/admin"]}),
        Specimen(
            "lakeformation/permissions",
            "lake-readers",
            {"principal": f"arn:aws:iam::{ACCOUNT}:role/scientist", "permissions": ["SELECT"]},
        ),
        Specimen(
            "secretsmanager/secret",
            "salt",
            {"kmsKeyId": KEY.arn, "recoveryWindowInDays": 14.0},
            {"kmsKeyId": [KEY.name]},
        ),
        Specimen(
            "secretsmanager/secretRotation",
            "salt-rotation",
            {"secretId": "salt", "rotationRules": {"automaticallyAfterDays": 30.0}},
            {"secretId": ["salt"]},
        ),
        Specimen(
            "secretsmanager/secretPolicy",
            "salt-policy",
            {
                "secretArn": Specimen("secretsmanager/secret", "salt").arn,
                "policy": json.dumps(
                    {
                        "Statement": {
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/etl"},
                            "Action": "secretsmanager:GetSecretValue",
                            "Resource": "*",
                        }
                    }
                ),
            },
        ),
        Specimen(
            "sagemaker/featureGroup",
            "customers",
            {
                "featureGroupName": "churn-prod",
                "offlineStoreConfig": {
                    "s3StorageConfig": {"s3Uri": "s3://processed/offline-store", "kmsKeyId": KEY.arn}
                },
                "onlineStoreConfig": {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": KEY.arn}},
            },
            protect=True,
        ),
        Specimen(
            "cloudtrail/trail",
            "audit-trail",
            {
                "enableLogging": True,
                "includeGlobalServiceEvents": True,
                "isMultiRegionTrail": True,
                "enableLogFileValidation": True,
                "kmsKeyId": KEY.arn,
                "cloudWatchLogsGroupArn": Specimen("cloudwatch/logGroup", "trail-logs").arn,
                "eventSelectors": [
                    {"dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3:::raw/"]}]},
                ],
            },
        ),
        Specimen(
            "cloudwatch/logGroup",
            "trail-logs",
            {"kmsKeyId": KEY.arn, "retentionInDays": 365.0},
            {"kmsKeyId": [KEY.name]},
        ),
    ]
