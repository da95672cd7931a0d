"""Audit: a trail of who did what in the account, with every read and write of the lake, and the account's analyzer.

The trail's files lie in a bucket of their own, where nobody can delete one before its lock ends, and every hour a
signed digest says which files there are and what is in them. Management events also come to a log group, where they can
be searched and watched. IAM Access Analyzer names what is open to others than the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground.bucket import Bucket, BucketArgs, Expiry, lifecycle_rules
from components.ground.keys import Domain, Granted, Keys
from components.service import Service
from contracts.names import Names
from settings import Audit as AuditSettings

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "access-analyzer",
        types="accessanalyzer/analyzer",
        reads="GetAnalyzer ListTagsForResource",
        changes="CreateAnalyzer DeleteAnalyzer TagResource UntagResource",
        named="analyzer/{prefix}-*",
        links="access-analyzer",  # IAM user guide, "Using service-linked roles for IAM Access Analyzer"
    ),
    Service(
        "cloudtrail",
        types="cloudtrail/trail",
        reads="GetEventSelectors GetInsightSelectors GetTrailStatus ListTags",
        reads_anywhere="DescribeTrails",
        changes="AddTags CreateTrail DeleteTrail PutEventSelectors RemoveTags StartLogging StopLogging UpdateTrail",
        named="trail/{prefix}-*",
        handed_to="cloudtrail",
    ),
)
_ROLE: Final = "audit"
_CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"


def granted(names: Names, settings: AuditSettings) -> Granted:
    """What the trail needs of the key of logs (CloudTrail user guide, "Configure AWS KMS key policies for CloudTrail").

    Decrypt is for the bucket key of the trail's bucket.
    """
    if not settings.trail:
        return {}
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    return {Domain.LOGS: [_for_the_trail("TrailOfThisStack", actions, ["*"], names)]}


def delivery_statements(names: Names, bucket: str) -> list[Statement]:
    """The trail writes its files (CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail")."""
    files = names.bucket_arn(bucket, f"AWSLogs/{names.account}/*")
    return [
        _for_the_trail("TrailLooks", ["s3:GetBucketAcl"], [names.bucket_arn(bucket)], names),
        _for_the_trail("TrailWrites", ["s3:PutObject"], [files], names),
    ]


def event_selectors(names: Names, *, management_events: bool) -> list[aws.cloudtrail.TrailAdvancedEventSelectorArgs]:
    """Reads and writes of objects in the lake's buckets, and the calls that change the account.

    By bucket and not by prefix below it: what a workload may not touch is what an audit looks for.
    """
    buckets = (names.raw_bucket, names.processed_bucket, names.artifacts_bucket)
    fields: dict[str, dict[str, dict[str, list[str]]]] = {
        "Objects of the lake": {
            "eventCategory": {"equals": ["Data"]},
            "resources.type": {"equals": ["AWS::S3::Object"]},
            "resources.ARN": {"starts_withs": [f"{names.bucket_arn(bucket)}/" for bucket in buckets]},
        }
    }
    if management_events:
        fields["Management events"] = {"eventCategory": {"equals": ["Management"]}}
    return [
        aws.cloudtrail.TrailAdvancedEventSelectorArgs(
            name=name,
            field_selectors=[
                aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(field=field, **wanted)
                for field, wanted in selected.items()
            ],
        )
        for name, selected in fields.items()
    ]


def _for_the_trail(sid: str, actions: list[str], resources: list[str], names: Names) -> Statement:
    trail = names.arn("cloudtrail", f"trail/{names.resource(_ROLE)}")
    return access.grant(
        sid, actions, resources, {"Service": _CLOUDTRAIL}, conditions={"StringEquals": {"aws:SourceArn": trail}}
    )


@dataclass(frozen=True, kw_only=True)
class AuditArgs:
    """`settings` is the section of the stack config. `log_bucket` takes the accesses to the trail's bucket."""

    names: Names
    keys: Keys
    settings: AuditSettings
    log_bucket: pulumi.Input[str] | None
    log_retention_days: int
    permissions_boundary: pulumi.Input[str]
    protect: bool


class Audit(pulumi.ComponentResource):
    """The trail with its bucket and log group, and the analyzer, as the settings want them.

    Audit("audit", AuditArgs(names=names, keys=keys, settings=settings.audit, ...))
    """

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:ground:Audit", name, None, opts)
        self._name, self._args = name, args
        if args.settings.trail:
            self._trail()
        if args.settings.analyzer:
            aws.accessanalyzer.Analyzer(
                f"{name}-analyzer",
                analyzer_name=args.names.resource("analyzer"),
                type="ACCOUNT",
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})

    def _trail(self) -> None:
        args, names, key = self._args, self._args.names, self._args.keys[Domain.LOGS].arn
        bucket, group = self._bucket(), f"/aws/cloudtrail/{names.resource(_ROLE)}"
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-events",
            name=group,
            kms_key_id=key,
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = access.Role(
            f"{self._name}-role",
            access.RoleArgs(
                names=names,
                job=_ROLE,
                service=_CLOUDTRAIL,
                names_source=False,
                description="Delivers the trail's events to its log group",
                statements=[access.write_logs(names, [group])],
                permissions_boundary=args.permissions_boundary,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        aws.cloudtrail.Trail(
            f"{self._name}-trail",
            name=names.resource(_ROLE),
            s3_bucket_name=bucket.guarded,
            kms_key_id=key,
            enable_log_file_validation=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            cloud_watch_logs_group_arn=names.arn("logs", f"log-group:{group}:*"),
            cloud_watch_logs_role_arn=role.arn,
            advanced_event_selectors=event_selectors(names, management_events=args.settings.management_events),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=[logs]),
        )

    def _bucket(self) -> Bucket:
        args, name = self._args, self._args.names.bucket(_ROLE)
        return Bucket(
            f"{self._name}-files",
            BucketArgs(
                names=args.names,
                bucket=name,
                key_arn=args.keys[Domain.LOGS].arn,
                log_bucket=args.log_bucket,
                lifecycle=lifecycle_rules(
                    noncurrent_days=args.settings.lock_days,
                    expiries=[Expiry(prefix="", days=args.settings.keep_days)],
                ),
                protect=args.protect,
                object_lock_days=args.settings.lock_days,
                statements=delivery_statements(args.names, name),
            ),
            pulumi.ResourceOptions(parent=self),
        )
