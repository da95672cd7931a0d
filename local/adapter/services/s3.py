"""Amazon S3: buckets, their settings (one resource type each) and objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from local.adapter.assets import content, md5_digest
from local.adapter.conversions import bucket_name, decoded, encoded, resource_policy
from local.adapter.table import (
    ABSENT,
    Autoname,
    Call,
    ForEach,
    Request,
    ResourceType,
    Scope,
    Tagging,
    To,
    live,
    text,
    value,
)

SERVICE = "s3"


def _location(scope: Scope) -> Any:
    """Outside us-east-1 a bucket's region must be named (CreateBucket, LocationConstraint)."""
    return ABSENT if scope.region == "us-east-1" else scope.region


def _versions(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    """Delete the versions and delete markers that were found; of an object, only those of its own key."""
    for entry in (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())):
        if scope.inputs.get("key", entry["Key"]) == entry["Key"]:
            parameters = {"Bucket": scope.inputs["bucket"], "Key": entry["Key"], "VersionId": entry["VersionId"]}
            if scope.inputs.get("forceDestroy"):
                parameters["BypassGovernanceRetention"] = True
            yield Request("DeleteObject", parameters)


def _with_filter(rules: Any) -> Any:
    """S3 refuses a rule without filter or prefix; the provider sends an empty filter, for the whole bucket."""
    if not isinstance(rules, list):
        return rules
    return [
        {**rule, "filter": rule.get("filter") or {}} if isinstance(rule, dict) and not rule.get("prefix") else rule
        for rule in rules
    ]


def _receivers(arn_key: str) -> To:
    """The receivers of one kind; the provider writes prefix and suffix flat, the API as a list of filter rules."""
    member = {"lambdaFunctionArn": "LambdaFunction", "queueArn": "Queue", "topicArn": "Topic"}[arn_key]

    def convert(receivers: Any) -> Any:
        return [_receiver(receiver) if isinstance(receiver, dict) else receiver for receiver in receivers]

    return To(f"NotificationConfiguration.{member}Configurations", convert)


def _receiver(receiver: Mapping[str, Any]) -> dict[str, Any]:
    rules = [
        {"name": name, "value": receiver[key]}
        for key, name in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
        if receiver.get(key)
    ]
    plain = {key: item for key, item in receiver.items() if key not in ("filterPrefix", "filterSuffix")}
    return {**plain, "filter": {"key": {"filterRules": rules}}} if rules else plain


def _etag(scope: Scope) -> Any:
    return found.strip('"') if (found := live("ETag")(scope)) is not ABSENT else ABSENT


def _tagging(kind: str, create: str, **resource: Any) -> Tagging:
    """S3 replaces all tags at once."""
    return Tagging(
        create=create,
        wrap=urlencode if create else None,
        tag=f"Put{kind}Tagging",
        untag=f"Delete{kind}Tagging",
        given={"Bucket": value("bucket"), **resource},
        member="Tagging.TagSet",
        whole=True,
    )


#: The inputs that name the bucket of a setting, where the provider asks for its owner too.
_OWNED = ("bucket", "expectedBucketOwner")

TYPES = (
    ResourceType(
        "aws:s3/bucket:Bucket",
        arn="arn:{partition}:s3:::{bucket}",
        autoname=Autoname(key="bucket", lower=True, longest=63),
        create=(Call("CreateBucket", given={"CreateBucketConfiguration.LocationConstraint": _location}),),
        fields={"bucket": To("Bucket", bucket_name), "objectLockEnabled": "ObjectLockEnabledForBucket"},
        defaults={"forceDestroy": False},
        provider_only=("forceDestroy",),
        refused={
            "accelerationStatus": "write it as an aws.s3.BucketAccelerateConfiguration",
            "acl": "write it as an aws.s3.BucketAcl",
            "corsRules": "write them as an aws.s3.BucketCorsConfiguration",
            "grants": "write them as an aws.s3.BucketAcl",
            "lifecycleRules": "write them as an aws.s3.BucketLifecycleConfiguration",
            "logging": "write it as an aws.s3.BucketLogging",
            "objectLockConfiguration": "write it as an aws.s3.BucketObjectLockConfiguration",
            "policy": "write it as an aws.s3.BucketPolicy",
            "replicationConfiguration": "write it as an aws.s3.BucketReplicationConfig",
            "requestPayer": "write it as an aws.s3.BucketRequestPaymentConfiguration",
            "serverSideEncryptionConfiguration": "write it as an aws.s3.BucketServerSideEncryptionConfiguration",
            "versioning": "write it as an aws.s3.BucketVersioning",
            "website": "write it as an aws.s3.BucketWebsiteConfiguration",
        },
        delete=(
            ForEach(
                find=Call("ListObjectVersions"),
                build=_versions,
                repeat="Versions[0] || DeleteMarkers[0]",
                only_if="forceDestroy",
            ),
            Call("DeleteBucket"),
        ),
        outputs={
            "bucketDomainName": text("{bucket}.s3.{suffix}"),
            "bucketRegion": text("{region}"),
            "bucketRegionalDomainName": text("{bucket}.s3.{region}.{suffix}"),
        },
        tags=_tagging("Bucket", create=""),
    ),
    ResourceType(
        "aws:s3/bucketVersioning:BucketVersioning",
        replace=_OWNED,
        # Versioning cannot be taken off a bucket again, only suspended.
        delete=(Call("PutBucketVersioning", given={"VersioningConfiguration.Status": "Suspended"}),),
    ),
    ResourceType(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        noun="BucketEncryption",
        inside="ServerSideEncryptionConfiguration",
        fields={"rules.blockedEncryptionTypes": "BlockedEncryptionTypes.EncryptionType"},
    ),
    ResourceType(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        noun="PublicAccessBlock",
        inside="PublicAccessBlockConfiguration",
        defaults=dict.fromkeys(
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), False
        ),
        provider_only=("skipDestroy",),
    ),
    ResourceType(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        fields={"rule": "OwnershipControls.Rules[]"},
    ),
    ResourceType(
        "aws:s3/bucketPolicy:BucketPolicy",
        fields={"policy": To("Policy", resource_policy)},
    ),
    ResourceType(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        fields={"rules": To("LifecycleConfiguration.Rules", _with_filter)},
        provider_only=("timeouts",),
        delete=(Call("DeleteBucketLifecycle"),),
    ),
    ResourceType(
        "aws:s3/bucketLogging:BucketLogging",
        inside="BucketLoggingStatus.LoggingEnabled",
        replace=_OWNED,
        delete=(Call("PutBucketLogging", given={"BucketLoggingStatus": {}}),),
    ),
    ResourceType(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        noun="ObjectLockConfiguration",
        inside="ObjectLockConfiguration",
        defaults={"objectLockEnabled": "Enabled"},
        replace=(*_OWNED, "objectLockEnabled"),
        # Object Lock cannot be taken off a bucket again, only its default retention.
        delete=(
            Call(
                "PutObjectLockConfiguration",
                given={
                    "ExpectedBucketOwner": value("expectedBucketOwner"),
                    "ObjectLockConfiguration.ObjectLockEnabled": "Enabled",
                },
            ),
        ),
    ),
    ResourceType(
        "aws:s3/bucketNotification:BucketNotification",
        create=(Call("PutBucketNotificationConfiguration", given={"NotificationConfiguration": {}}),),
        fields={
            "eventbridge": To("NotificationConfiguration.EventBridgeConfiguration", lambda on: {} if on else None),
            "lambdaFunctions": _receivers("lambdaFunctionArn"),
            "queues": _receivers("queueArn"),
            "topics": _receivers("topicArn"),
        },
        defaults={"eventbridge": False},
        delete=(Call("PutBucketNotificationConfiguration", given={"NotificationConfiguration": {}}),),
    ),
    ResourceType(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        noun="Object",
        id="{bucket}/{key}",
        arn="arn:{partition}:s3:::{bucket}/{key}",
        delete=(ForEach(find=Call("ListObjectVersions", given={"Prefix": value("key")}), build=_versions),),
        fields={
            "content": To("Body", encoded),
            "contentBase64": To("Body", decoded),
            "kmsKeyId": "SSEKMSKeyId",
            "source": To("Body", content),
            "websiteRedirect": "WebsiteRedirectLocation",
        },
        provider_only=("etag", "forceDestroy", "overrideProvider", "sourceHash"),
        digests={"source": ("etag", md5_digest)},
        replace=("bucket", "key"),
        read=(Call("HeadObject"),),
        outputs={"etag": _etag, "versionId": live("VersionId")},
        tags=_tagging("Object", create="Tagging", Key=value("key")),
    ),
)
