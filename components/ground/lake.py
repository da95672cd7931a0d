"""The data lake: raw, processed and artifacts, and the log of who touched them.

Raw data is immutable: the platform's own roles may neither write nor delete there, but that jobs which pull a source
deliver; versions are kept, and with `lake.object_lock_days` nobody can delete at all. Nothing is written where it is
read: jobs read raw and write processed, or read processed and write artifacts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

from components import access, readers
from components.access import Statement
from components.ground.bucket import Bucket, BucketArgs, Expiry, Tier, lifecycle_rules
from components.ground.keys import Domain, Keys
from contracts.layout import DATA_CAPTURE, DATA_SET_DAYS, DATA_SETS
from contracts.names import Names
from settings import Lake as LakeSettings

#: How long artifacts of deliveries are kept: longer than an approval may take.
HANDED_ON_DAYS: Final = 90


#: A write that does not ask whether there is an object already.
_UNCONDITIONAL: Final = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}


def immutable_statements(names: Names, deliverers: Sequence[str] = ()) -> list[Statement]:
    """The platform's roles, on each level named after the stack, neither write nor delete raw data.

    `deliverers` are ARNs of those among them that deliver. They write where nothing is, for a version that lies under
    another one expires. (S3 user guide, "Enforce conditional writes on Amazon S3 buckets", read 30 November 2026: the
    parts of an upload carry no condition, its end does.) How long versions are kept is set by who deploys the stack, as
    the rest of the bucket is.
    """
    raw = [names.bucket_arn(names.raw_bucket), names.bucket_arn(names.raw_bucket, "*")]
    ours = {"ArnLike": {"aws:PrincipalArn": [names.every_role, names.admin_arn("role", "*")]}}
    others = {"ArnNotEquals": {"aws:PrincipalArn": list(deliverers)}} if deliverers else {}
    but_deploy = {"ArnNotLike": {"aws:PrincipalArn": names.admin_arn("role", names.resource("delivery-*"))}}
    changes = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention"]
    settings = ["s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"]
    return [
        access.deny("DenyChangesByThePlatform", changes, raw[1:], conditions=ours),
        access.deny("DenySettingsByThePlatform", settings, raw[:1], conditions={**ours, **but_deploy}),
        access.deny("DenyDeliveriesByJobs", ["s3:PutObject"], raw[1:], conditions={**ours, **others}),
        access.deny("DenyOverwriting", ["s3:PutObject"], raw[1:], conditions={**ours, **_UNCONDITIONAL}),
    ]


def log_delivery_statement(names: Names, log_bucket: str) -> Statement:
    """S3's log delivery writes here, for this stack's buckets only."""
    return access.grant(
        "AccessLogDelivery",
        ["s3:PutObject"],
        [names.bucket_arn(log_bucket, "*")],
        {"Service": "logging.s3.amazonaws.com"},
        conditions={
            "ArnLike": {"aws:SourceArn": names.bucket_arn(names.bucket("*"))},
            "StringEquals": {"aws:SourceAccount": names.account},
        },
    )


def balancer_log_statement(names: Names, log_bucket: str) -> Statement:
    """Load balancers of the stack's endpoints log their requests here (Elastic Load Balancing, "Enable access logs for
    your Application Load Balancer"), each below its own name.

    As on that page the id of the load balancer's account in the key, which the service puts there, keeps others out.
    Nowhere does AWS promise that the service says its account beside (read 2026-11-29), so that is asked where it does.
    """
    key = f"load-balancers/{names.every}/AWSLogs/{names.account}/*"
    return access.grant(
        "BalancerLogDelivery",
        ["s3:PutObject"],
        [names.bucket_arn(log_bucket, key)],
        {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        conditions={"StringEqualsIfExists": {"aws:SourceAccount": names.account}},
    )


@dataclass(frozen=True, kw_only=True)
class LakeArgs:
    """`settings` is the section of the stack config. `protect` refuses deletion of the buckets.

    `deliverers` are ARNs of roles of the stack that deliver raw data: people's, and those of pulls. `readers` are roles
    outside that read models. `handed_on` are prefixes of artifacts that nobody needs once they are delivered.
    `balancers` says that there are load balancers, which log their requests.
    """

    names: Names
    keys: Keys
    settings: LakeSettings
    protect: bool
    deliverers: Sequence[str] = ()
    readers: Sequence[str] = ()
    handed_on: Sequence[str] = ()
    balancers: bool = False


class Lake(pulumi.ComponentResource):
    """The buckets.

    lake = Lake("lake", LakeArgs(names=names, keys=keys, settings=settings.lake, protect=True))
    lake.artifacts.bucket
    """

    raw: Bucket
    processed: Bucket
    artifacts: Bucket
    access_logs: Bucket | None
    """None where the account has a bucket for them already."""
    log_bucket: pulumi.Input[str]
    """Where accesses are logged, whosever it is."""

    def __init__(self, name: str, args: LakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:lake:Lake", name, None, opts)
        names, keys, settings = args.names, args.keys, args.settings
        child = pulumi.ResourceOptions(parent=self)
        self.access_logs = None if settings.access_log_bucket else self._access_logs(name, args, child)
        self.log_bucket = self.access_logs.guarded if self.access_logs else str(settings.access_log_bucket)
        log_bucket = self.log_bucket
        self.raw = Bucket(
            f"{name}-raw",
            BucketArgs(
                names=names,
                bucket=names.raw_bucket,
                key_arn=keys[Domain.RAW].arn,
                log_bucket=log_bucket,
                lifecycle=lifecycle_rules(
                    noncurrent_days=settings.noncurrent_version_days,
                    tiers=[
                        Tier(days=settings.infrequent_access_after_days, storage_class="STANDARD_IA"),
                        Tier(days=settings.archive_after_days, storage_class="GLACIER_IR"),
                    ],
                ),
                protect=args.protect,
                block_public_access=settings.block_public_access,
                object_lock_days=settings.object_lock_days,
                statements=immutable_statements(names, args.deliverers),
            ),
            child,
        )
        self.processed = Bucket(
            f"{name}-processed",
            BucketArgs(
                names=names,
                bucket=names.processed_bucket,
                key_arn=keys[Domain.PROCESSED].arn,
                log_bucket=log_bucket,
                lifecycle=lifecycle_rules(
                    noncurrent_days=settings.noncurrent_version_days,
                    expiries=[
                        Expiry(prefix=DATA_CAPTURE, days=settings.data_capture_days),
                        Expiry(prefix=DATA_SETS, days=DATA_SET_DAYS),
                    ],
                ),
                protect=args.protect,
                block_public_access=settings.block_public_access,
            ),
            child,
        )
        self.artifacts = Bucket(
            f"{name}-artifacts",
            BucketArgs(
                names=names,
                bucket=names.artifacts_bucket,
                key_arn=keys[Domain.MODELS].arn,
                log_bucket=log_bucket,
                lifecycle=lifecycle_rules(
                    noncurrent_days=settings.noncurrent_version_days,
                    expiries=[Expiry(prefix=prefix, days=HANDED_ON_DAYS) for prefix in args.handed_on],
                ),
                protect=args.protect,
                block_public_access=settings.block_public_access,
                statements=readers.artifacts(names, args.readers),
            ),
            child,
        )
        self.register_outputs(
            {
                "raw": self.raw.bucket,
                "processed": self.processed.bucket,
                "artifacts": self.artifacts.bucket,
                "accessLogs": self.access_logs.bucket if self.access_logs else log_bucket,
            }
        )

    def _access_logs(self, name: str, args: LakeArgs, opts: pulumi.ResourceOptions) -> Bucket:
        names, settings = args.names, args.settings
        bucket = names.bucket("access-logs")
        # S3 delivers access logs only to buckets whose default encryption is SSE-S3, and a bucket that logs its own
        # accesses writes a log line for every log line (Amazon S3 user guide, "Logging requests with server access
        # logging"): hence no KMS key and no log bucket here.
        return Bucket(
            f"{name}-access-logs",
            BucketArgs(
                names=names,
                bucket=bucket,
                key_arn=None,
                log_bucket=None,
                lifecycle=lifecycle_rules(
                    noncurrent_days=settings.noncurrent_version_days,
                    expiries=[Expiry(prefix="", days=settings.access_log_days)],
                ),
                protect=args.protect,
                block_public_access=settings.block_public_access,
                statements=[
                    log_delivery_statement(names, bucket),
                    *([balancer_log_statement(names, bucket)] if args.balancers else []),
                ],
            ),
            opts,
        )
