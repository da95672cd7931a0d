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
    Source,
    Tagging,
    To,
    live,
    text,
    value,
)

_BUCKET = {"Bucket": value("bucket")}
_OWNER = {"ExpectedBucketOwner": value("expectedBucketOwner")}


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
            yield Request(operation="DeleteObject", parameters=parameters)


BUCKET = ResourceType(
    type="aws:s3/bucket:Bucket",
    service="s3",
    autoname=Autoname(key="bucket", prefix_key="bucketPrefix", lower=True, longest=63),
    create=(Call(operation="CreateBucket", given={"CreateBucketConfiguration.LocationConstraint": _location}),),
    fields={"bucket": To("Bucket", bucket_name), "objectLockEnabled": "ObjectLockEnabledForBucket"},
    defaults={"forceDestroy": False},
    provider_only=("bucketPrefix", "forceDestroy"),
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
            find=Call(operation="ListObjectVersions", given=_BUCKET),
            build=_versions,
            repeat="Versions[0] || DeleteMarkers[0]",
            only_if="forceDestroy",
        ),
        Call(operation="DeleteBucket", given=_BUCKET),
    ),
    replace=("bucket", "bucketNamespace", "bucketPrefix", "objectLockEnabled"),
    id=value("bucket"),
    outputs={
        "arn": text("arn:{partition}:s3:::{bucket}"),
        "bucketDomainName": text("{bucket}.s3.{suffix}"),
        "bucketRegion": text("{region}"),
        "bucketRegionalDomainName": text("{bucket}.s3.{region}.{suffix}"),
    },
    tags=Tagging(
        create="",
        tag="PutBucketTagging",
        untag="DeleteBucketTagging",
        given=_BUCKET,
        member="Tagging.TagSet",
        whole=True,
    ),
)


def _setting(
    token: str,
    put: str,
    *,
    delete: Call,
    fields: Mapping[str, str | To],
    given: Mapping[str, Any] | None = None,
    replace: tuple[str, ...] = ("bucket", "expectedBucketOwner"),
    defaults: Mapping[str, Any] | None = None,
    provider_only: tuple[str, ...] = (),
) -> ResourceType:
    """A bucket's setting: one operation puts the whole of it, its id is the bucket."""
    return ResourceType(
        type=token,
        service="s3",
        create=(Call(operation=put, given=given or {}),),
        update=(Call(operation=put, given=given or {}),),
        delete=(delete,),
        fields=fields,
        defaults=defaults or {},
        provider_only=provider_only,
        replace=replace,
        id=value("bucket"),
    )


VERSIONING = _setting(
    "aws:s3/bucketVersioning:BucketVersioning",
    "PutBucketVersioning",
    fields={"bucket": "Bucket"},
    # Versioning cannot be taken off a bucket again, only suspended.
    delete=Call(operation="PutBucketVersioning", given={**_BUCKET, "VersioningConfiguration.Status": "Suspended"}),
)

ENCRYPTION = _setting(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "PutBucketEncryption",
    fields={
        "rules": "ServerSideEncryptionConfiguration.Rules",
        "rules.blockedEncryptionTypes": "BlockedEncryptionTypes.EncryptionType",
    },
    delete=Call(operation="DeleteBucketEncryption", given={**_BUCKET, **_OWNER}),
)

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

PUBLIC_ACCESS_BLOCK = _setting(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "PutPublicAccessBlock",
    replace=("bucket",),
    fields={key: f"PublicAccessBlockConfiguration.{key[0].upper()}{key[1:]}" for key in _BLOCKS},
    defaults=dict.fromkeys(_BLOCKS, False),
    provider_only=("skipDestroy",),
    delete=Call(operation="DeletePublicAccessBlock", given=_BUCKET),
)

OWNERSHIP_CONTROLS = _setting(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "PutBucketOwnershipControls",
    replace=("bucket",),
    fields={"rule": "OwnershipControls.Rules[]"},
    delete=Call(operation="DeleteBucketOwnershipControls", given=_BUCKET),
)

POLICY = _setting(
    "aws:s3/bucketPolicy:BucketPolicy",
    "PutBucketPolicy",
    replace=("bucket",),
    fields={"policy": To("Policy", resource_policy)},
    delete=Call(operation="DeleteBucketPolicy", given=_BUCKET),
)


def _with_filter(rules: Any) -> Any:
    """S3 refuses a rule without filter or prefix; the provider sends an empty filter, for the whole bucket."""
    if not isinstance(rules, list):
        return rules
    return [
        {**rule, "filter": rule.get("filter") or {}} if isinstance(rule, dict) and not rule.get("prefix") else rule
        for rule in rules
    ]


LIFECYCLE = _setting(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "PutBucketLifecycleConfiguration",
    fields={"rules": To("LifecycleConfiguration.Rules", _with_filter)},
    provider_only=("timeouts",),
    delete=Call(operation="DeleteBucketLifecycle", given={**_BUCKET, **_OWNER}),
)

LOGGING = _setting(
    "aws:s3/bucketLogging:BucketLogging",
    "PutBucketLogging",
    fields={
        key: f"BucketLoggingStatus.LoggingEnabled.{key[0].upper()}{key[1:]}"
        for key in ("targetBucket", "targetPrefix", "targetGrants", "targetObjectKeyFormat")
    },
    delete=Call(operation="PutBucketLogging", given={**_BUCKET, "BucketLoggingStatus": {}}),
)

OBJECT_LOCK = _setting(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "PutObjectLockConfiguration",
    fields={
        "objectLockEnabled": "ObjectLockConfiguration.ObjectLockEnabled",
        "rule": "ObjectLockConfiguration.Rule",
    },
    defaults={"objectLockEnabled": "Enabled"},
    replace=("bucket", "expectedBucketOwner", "objectLockEnabled"),
    # Object Lock cannot be taken off a bucket again, only its default retention.
    delete=Call(
        operation="PutObjectLockConfiguration",
        given={**_BUCKET, **_OWNER, "ObjectLockConfiguration.ObjectLockEnabled": "Enabled"},
    ),
)


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


NOTIFICATION = _setting(
    "aws:s3/bucketNotification:BucketNotification",
    "PutBucketNotificationConfiguration",
    replace=("bucket",),
    fields={
        "eventbridge": To("NotificationConfiguration.EventBridgeConfiguration", lambda on: {} if on else None),
        "lambdaFunctions": _receivers("lambdaFunctionArn"),
        "queues": _receivers("queueArn"),
        "topics": _receivers("topicArn"),
    },
    defaults={"eventbridge": False},
    given={"NotificationConfiguration": {}},
    delete=Call(operation="PutBucketNotificationConfiguration", given={**_BUCKET, "NotificationConfiguration": {}}),
)

_OBJECT = {**_BUCKET, "Key": value("key")}


def _etag() -> Source:
    return lambda scope: found.strip('"') if (found := live("ETag")(scope)) is not ABSENT else ABSENT


OBJECT = ResourceType(
    type="aws:s3/bucketObjectv2:BucketObjectv2",
    service="s3",
    create=(Call(operation="PutObject"),),
    update=(Call(operation="PutObject"),),
    delete=(
        ForEach(
            find=Call(operation="ListObjectVersions", given={**_BUCKET, "Prefix": value("key")}),
            build=_versions,
        ),
    ),
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
    id=text("{bucket}/{key}"),
    read=(Call(operation="HeadObject", given=_OBJECT),),
    outputs={
        "arn": text("arn:{partition}:s3:::{bucket}/{key}"),
        "etag": _etag(),
        "versionId": live("VersionId"),
    },
    tags=Tagging(
        create="Tagging",
        wrap=urlencode,
        tag="PutObjectTagging",
        untag="DeleteObjectTagging",
        given=_OBJECT,
        member="Tagging.TagSet",
        whole=True,
    ),
)

TYPES = (
    BUCKET,
    VERSIONING,
    ENCRYPTION,
    PUBLIC_ACCESS_BLOCK,
    OWNERSHIP_CONTROLS,
    POLICY,
    LIFECYCLE,
    LOGGING,
    OBJECT_LOCK,
    NOTIFICATION,
    OBJECT,
)
