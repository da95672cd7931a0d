from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from components.ground.keys import Keys, KeysArgs
from components.ground.lake import Lake, LakeArgs, immutable_statements
from settings import Lake as LakeSettings
from settings.keys import Keys as KeySettings
from tests.components.engine import NAMES, Deployment, deploy, policy

KEYS = {"raw": "keys-raw", "processed": "keys-processed", "artifacts": "keys-models"}
PREFIX = "123456789012-staging-ai-"


@functools.cache
def lake(*, protect: bool = False, preview: bool = False, **section: Any) -> Deployment:
    def program() -> None:
        keys = Keys("keys", KeysArgs(names=NAMES, settings=KeySettings(), protect=protect))
        settings = LakeSettings.model_validate(section)
        Lake("lake", LakeArgs(names=NAMES, keys=keys, settings=settings, protect=protect))

    return deploy(program, preview=preview)


def test_the_buckets_and_their_names() -> None:
    deployment = lake()
    assert {b.name: b.inputs["bucket"] for b in deployment.all("aws:s3/bucket:Bucket")} == {
        "lake-access-logs-bucket": f"{PREFIX}access-logs",
        "lake-artifacts-bucket": f"{PREFIX}artifacts",
        "lake-processed-bucket": f"{PREFIX}processed-data",
        "lake-raw-bucket": f"{PREFIX}raw-data",
    }


@pytest.mark.parametrize("bucket", ["raw", "processed", "artifacts", "access-logs"])
def test_every_bucket_has_every_guard(bucket: str) -> None:
    deployment = lake()
    name = f"lake-{bucket}"
    block = deployment.one(f"{name}-public-access-block").inputs
    assert {k: v for k, v in block.items() if k != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert deployment.one(f"{name}-ownership").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert deployment.one(f"{name}-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert deployment.one(f"{name}-events").inputs["eventbridge"] is True
    assert deployment.one(f"{name}-bucket").inputs["forceDestroy"] is False
    statements = policy(deployment.one(f"{name}-policy"))
    assert statements["DenyPlainHttp"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    brought = statements["DenyCustomerKeys"]
    assert (brought["Effect"], brought["Action"], brought["Principal"]) == ("Deny", ["s3:PutObject"], "*")
    assert brought["Condition"] == {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}}
    assert [each.rpartition("/")[2] for each in brought["Resource"]] == ["*"]
    assert statements["DenyOldTls"]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    clean_up = deployment.one(f"{name}-lifecycle").inputs["rules"][0]
    assert clean_up["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert clean_up["noncurrentVersionExpiration"] == {"noncurrentDays": 90}


@pytest.mark.parametrize(("bucket", "key"), KEYS.items())
def test_each_data_bucket_takes_its_own_key_only(bucket: str, key: str) -> None:
    deployment = lake()
    arn = f"arn:aws:kms:eu-west-1:123456789012:key/{key}"
    assert deployment.one(f"lake-{bucket}-encryption").inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": arn},
            "bucketKeyEnabled": True,
        }
    ]
    statements = policy(deployment.one(f"lake-{bucket}-policy"))
    # Null: a request without the header gets the bucket's default and must pass.
    for sid, header, value in (
        ("DenyOtherEncryption", "s3:x-amz-server-side-encryption", "aws:kms"),
        ("DenyOtherKeys", "s3:x-amz-server-side-encryption-aws-kms-key-id", arn),
    ):
        # Without `Null`, the negated operator would hold, and refuse, where a request names nothing at all.
        assert statements[sid]["Condition"] == {"Null": {header: "false"}, "StringNotEquals": {header: value}}
    assert deployment.one(f"lake-{bucket}-logging").inputs["targetBucket"] == f"{PREFIX}access-logs"


def test_the_platform_neither_writes_nor_deletes_raw_data() -> None:
    found = policy(lake().one("lake-raw-policy"))
    changes, deliveries = found["DenyChangesByThePlatform"], found["DenyDeliveriesByJobs"]
    assert {"s3:DeleteObject", "s3:DeleteObjectVersion"} <= set(changes["Action"])
    assert deliveries["Action"] == ["s3:PutObject"]
    for statement in (changes, deliveries):
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {
            "ArnLike": {
                "aws:PrincipalArn": [
                    "arn:aws:iam::123456789012:role/mlplatform/staging/*",
                    "arn:aws:iam::123456789012:role/mlplatform-admin/staging/*",
                ]
            }
        }
        assert f"arn:aws:s3:::{PREFIX}raw-data/*" in statement["Resource"]


def test_of_its_roles_only_those_that_people_take_to_deliver_write_raw_data() -> None:
    engineer = "arn:aws:iam::123456789012:role/mlplatform-admin/staging/mlplatform-staging-user-data-engineer"
    changes, settings, deliveries, overwriting = immutable_statements(NAMES, [engineer])
    ours = {"aws:PrincipalArn": [NAMES.every_role, NAMES.admin_arn("role", "*")]}
    assert changes.conditions == {"ArnLike": ours}
    deployers = "arn:aws:iam::123456789012:role/mlplatform-admin/staging/mlplatform-staging-delivery-*"
    assert settings.conditions == {"ArnLike": ours, "ArnNotLike": {"aws:PrincipalArn": deployers}}
    assert list(settings.actions) == ["s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"]
    assert deliveries.conditions == {"ArnLike": ours, "ArnNotEquals": {"aws:PrincipalArn": [engineer]}}
    assert (list(overwriting.actions), overwriting.conditions) == (
        ["s3:PutObject"],
        {"ArnLike": ours, "Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    )


def test_the_calls_that_docs_name_say_what_the_bucket_asks_for() -> None:
    """By botocore's model, from which the options of `aws s3api` are made; parts of an upload cannot say it."""
    s3: Any = botocore.session.get_session().get_service_model("s3")

    def says_it(operation: str) -> bool:
        member = s3.operation_model(operation).input_shape.members.get("IfNoneMatch")
        return member is not None and member.serialization == {"location": "header", "name": "If-None-Match"}

    operations = ("PutObject", "CompleteMultipartUpload", "CreateMultipartUpload", "UploadPart")
    assert [operation for operation in operations if says_it(operation)] == list(operations[:2])
    option = f"--{xform_name('IfNoneMatch', '-')}"
    text = Path("docs/data.md").read_text(encoding="utf-8")
    assert f"`aws s3api {xform_name('PutObject', '-')} {option} '*'`" in text


def test_the_log_bucket_takes_logs_of_this_stack_and_is_not_logged_itself() -> None:
    deployment = lake()
    assert deployment.one("lake-access-logs-encryption").inputs["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    assert deployment.names("aws:s3/bucketLogging:BucketLogging") == [
        "lake-artifacts-logging",
        "lake-processed-logging",
        "lake-raw-logging",
    ]
    statement = policy(deployment.one("lake-access-logs-policy"))["AccessLogDelivery"]
    assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{PREFIX}*"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }


def test_ages_of_objects() -> None:
    deployment = lake(infrequent_access_after_days=40, archive_after_days=80, data_capture_days=10, access_log_days=100)

    def rules(bucket: str) -> list[dict[str, Any]]:
        return deployment.one(f"lake-{bucket}-lifecycle").inputs["rules"][1:]

    assert rules("raw") == [
        {
            "id": "tiers",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [
                {"days": 40, "storageClass": "STANDARD_IA"},
                {"days": 80, "storageClass": "GLACIER_IR"},
            ],
        }
    ]
    assert rules("processed") == [
        {
            "id": "expire-data-capture",
            "status": "Enabled",
            "filter": {"prefix": "data-capture/"},
            "expiration": {"days": 10},
        },
        {
            "id": "expire-datasets",
            "status": "Enabled",
            "filter": {"prefix": "datasets/"},
            "expiration": {"days": 7},
        },
    ]
    assert rules("artifacts") == []
    assert rules("access-logs")[0]["expiration"] == {"days": 100}


def test_object_lock_is_for_raw_data_and_off_by_default() -> None:
    kind = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    assert lake().names(kind) == []
    assert "objectLockEnabled" not in lake().one("lake-raw-bucket").inputs
    locked = lake(object_lock_days=30)
    assert locked.names(kind) == ["lake-raw-lock"]
    assert locked.one("lake-raw-lock").inputs["rule"] == {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}
    assert locked.one("lake-raw-bucket").inputs["objectLockEnabled"] is True
    assert locked.one("lake-raw-bucket").ignore_changes == ("objectLockEnabled",)


def test_opening_a_bucket_is_written_so_that_policies_see_it() -> None:
    block = lake(block_public_access=False).one("lake-raw-public-access-block").inputs
    assert block["blockPublicPolicy"] is False
    assert block["restrictPublicBuckets"] is False


@pytest.mark.parametrize("protect", [True, False])
def test_protection_holds_for_every_bucket_and_all_that_guards_it(protect: bool) -> None:
    found = [r for r in lake(protect=protect, object_lock_days=30).resources if r.type.startswith("aws:s3/")]
    assert len({r.type for r in found}) == 10
    assert {r.name: r.protect for r in found} == {r.name: protect for r in found}


def test_what_s3_would_refuse_in_parallel_comes_in_order() -> None:
    deployment = lake()
    assert "lake-raw-public-access-block" in deployment.one("lake-raw-policy").dependencies
    assert "lake-raw-versioning" in deployment.one("lake-raw-lifecycle").dependencies


def test_a_preview_declares_the_same() -> None:
    assert sorted(r.name for r in lake(preview=True).resources) == sorted(r.name for r in lake().resources)


def test_a_bucket_of_the_account_takes_the_logs_in_place_of_our_own() -> None:
    deployment = lake(access_log_bucket="central-access-logs")
    assert deployment.names("aws:s3/bucket:Bucket") == [
        "lake-artifacts-bucket",
        "lake-processed-bucket",
        "lake-raw-bucket",
    ]
    for role, bucket in (("raw", "raw-data"), ("processed", "processed-data"), ("artifacts", "artifacts")):
        logging = deployment.one(f"lake-{role}-logging").inputs
        assert (logging["targetBucket"], logging["targetPrefix"]) == ("central-access-logs", f"{PREFIX}{bucket}/")
