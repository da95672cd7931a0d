"""A bucket with every guard on: what all buckets of the lake have in common.

Versioned, encrypted with a key of its own, owned by the account (no ACLs), closed to the public, TLS only, logged, with
events to EventBridge and a lifecycle that also cleans up broken uploads and old versions.

Left out on purpose: replication to another region (Checkov CKV_AWS_144), because personal data leaves its region by a
decision of its owner only, and all but raw data can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.service import Service
from contracts.names import Names

#: Parts of uploads that were never finished cost storage and show up in no listing.
ABORT_UPLOADS_AFTER_DAYS = 7
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "s3",
        types="s3/bucket s3/bucketLifecycleConfiguration s3/bucketLogging s3/bucketNotification "
        "s3/bucketObjectLockConfiguration s3/bucketOwnershipControls s3/bucketPolicy s3/bucketPublicAccessBlock "
        "s3/bucketServerSideEncryptionConfiguration s3/bucketVersioning",
        reads="GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
        "GetBucketNotification GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
        "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite "
        "GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration ListBucket "
        "ListTagsForResource",
        changes="CreateBucket DeleteBucket DeleteBucketPolicy PutBucketLogging PutBucketNotification "
        "PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock "
        "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration TagResource "
        "UntagResource",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Tier:
    """Objects older than `days` move to a storage class, for example GLACIER_IR."""

    days: int
    storage_class: str


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Objects under `prefix` older than `days` are deleted."""

    prefix: str
    days: int


def lifecycle_rules(
    *, noncurrent_days: int, tiers: Sequence[Tier] = (), expiries: Sequence[Expiry] = ()
) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    """Rules of a versioned bucket: tiers for everything, expiry by prefix, and cleaning up."""
    everything = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    rules = [
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="clean-up",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=ABORT_UPLOADS_AFTER_DAYS
            ),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=noncurrent_days
            ),
        )
    ]
    if tiers:
        transitions = [
            aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(days=tier.days, storage_class=tier.storage_class)
            for tier in tiers
        ]
        rules.append(
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id="tiers", status="Enabled", filter=everything, transitions=transitions
            )
        )
    for expiry in expiries:
        rules.append(
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id=f"expire-{expiry.prefix.strip('/') or 'all'}",
                status="Enabled",
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=expiry.prefix),
                expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expiry.days),
            )
        )
    return rules


def transport_statements(names: Names, bucket: str) -> list[Statement]:
    """Nobody talks to the bucket without TLS 1.2 or newer."""
    everything = [names.bucket_arn(bucket), names.bucket_arn(bucket, "*")]
    return [
        access.deny("DenyPlainHttp", ["s3:*"], everything, conditions={"Bool": {"aws:SecureTransport": "false"}}),
        access.deny("DenyOldTls", ["s3:*"], everything, conditions={"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]


def customer_key_statement(names: Names, bucket: str) -> Statement:
    """No object is written with a key that the request brings: whoever writes over an object so and keeps the key has
    taken it away. Such a request names none of the headers that the statements below compare.

    S3 blocks it by itself in new buckets since April 2026, until somebody lets it in again (Amazon S3 user guide,
    "Blocking or unblocking SSE-C for a general purpose bucket"; read 2026-11-29).
    """
    header = "s3:x-amz-server-side-encryption-customer-algorithm"
    everything = [names.bucket_arn(bucket, "*")]
    return access.deny("DenyCustomerKeys", ["s3:PutObject"], everything, conditions={"Null": {header: "false"}})


def encryption_statements(names: Names, bucket: str, key_arn: pulumi.Input[str]) -> list[Statement]:
    """No object is written with another key or kind of encryption; a request that names neither gets the default.

    Both conditions are needed: a negated operator also holds where the key is absent (IAM user guide, "Condition
    operators"), and would then refuse every request that relies on the bucket's default encryption.
    """
    wanted = {
        "DenyOtherEncryption": ("s3:x-amz-server-side-encryption", "aws:kms"),
        "DenyOtherKeys": ("s3:x-amz-server-side-encryption-aws-kms-key-id", key_arn),
    }
    return [
        access.deny(
            sid,
            ["s3:PutObject"],
            [names.bucket_arn(bucket, "*")],
            conditions={"Null": {header: "false"}, "StringNotEquals": {header: value}},
        )
        for sid, (header, value) in wanted.items()
    ]


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """One bucket. `key_arn` None means SSE-S3, which only the bucket of access logs may have.

    `log_bucket` None means that accesses are not logged, for the same bucket. `block_public_access` False opens the
    door to public policies. `object_lock_days` above 0 makes every object undeletable for that long. `protect` holds
    for the bucket and all that guards it.
    """

    names: Names
    bucket: str
    key_arn: pulumi.Input[str] | None
    log_bucket: pulumi.Input[str] | None
    lifecycle: Sequence[aws.s3.BucketLifecycleConfigurationRuleArgs]
    protect: bool
    block_public_access: bool = True
    object_lock_days: int = 0
    statements: Sequence[Statement] = field(default_factory=tuple)


class Bucket(pulumi.ComponentResource):
    """One guarded bucket.

    raw = Bucket("lake-raw", BucketArgs(names=names, bucket=names.raw_bucket, key_arn=key.arn, ...))
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    guarded: pulumi.Output[str]
    """The name, once the bucket's policy is in place: for what S3 accepts only when the policy allows it."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:bucket:Bucket", name, None, opts)
        self._name, self._args = name, args
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args.bucket,
            object_lock_enabled=True if args.object_lock_days else None,
            force_destroy=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # The lock can be switched on for a bucket that exists; the provider would rather replace the bucket.
                ignore_changes=["object_lock_enabled"],
            ),
        )
        self.bucket, self.arn = bucket.bucket, bucket.arn
        self.guarded = self._guards().bucket
        self._contents()
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        # Protected like the bucket: a destroy without a preview, as by the Automation API, deletes all that is not
        # protected before it fails, and would leave the data without policy, versions and encryption.
        return pulumi.ResourceOptions(parent=self, protect=self._args.protect, depends_on=list(depends_on))

    def _guards(self) -> aws.s3.BucketPolicy:
        """Who may reach the bucket and how its content is encrypted; gives the policy."""
        args = self._args
        block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access-block",
            bucket=self.bucket,
            block_public_acls=args.block_public_access,
            block_public_policy=args.block_public_access,
            ignore_public_acls=args.block_public_access,
            restrict_public_buckets=args.block_public_access,
            opts=self._child(),
        )
        aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._child(),
        )
        default = (
            aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="AES256"
            )
            if args.key_arn is None
            else aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="aws:kms", kms_master_key_id=args.key_arn
            )
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default,
                    bucket_key_enabled=None if args.key_arn is None else True,
                )
            ],
            opts=self._child(),
        )
        statements = [
            *transport_statements(args.names, args.bucket),
            customer_key_statement(args.names, args.bucket),
            *args.statements,
        ]
        if args.key_arn is not None:
            statements += encryption_statements(args.names, args.bucket, args.key_arn)
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket,
            policy=access.document(statements),
            opts=self._child(block),  # S3 refuses to change both at the same moment
        )

    def _contents(self) -> None:
        """What happens to objects: versions, ages, locks, logs and events."""
        args = self._args
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self._child(),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle", bucket=self.bucket, rules=args.lifecycle, opts=self._child(versioning)
        )
        aws.s3.BucketNotification(f"{self._name}-events", bucket=self.bucket, eventbridge=True, opts=self._child())
        if args.object_lock_days:
            aws.s3.BucketObjectLockConfiguration(
                f"{self._name}-lock",
                bucket=self.bucket,
                rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
                    default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                        mode="COMPLIANCE", days=args.object_lock_days
                    )
                ),
                opts=self._child(versioning),
            )
        if args.log_bucket is not None:
            aws.s3.BucketLogging(
                f"{self._name}-logging",
                bucket=self.bucket,
                target_bucket=args.log_bucket,
                target_prefix=f"{args.bucket}/",
                opts=self._child(),
            )
