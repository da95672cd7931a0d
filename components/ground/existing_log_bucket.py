"""A bucket that the account has already for S3 access logs: looked up, judged by its policy, and never changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.ground.endpoints import found
from components.ground.permits import Call, permitted
from contracts.names import Names

DELIVERY = "logging.s3.amazonaws.com"


def check(bucket: str, names: Names, lookup: pulumi.InvokeOptions) -> None:
    """Look a bucket up. Raises RunError, with every fault, for one that takes no access logs of the lake."""
    properties = _read("AWS::S3::Bucket", bucket, lookup)
    if properties is None:
        raise pulumi.RunError(
            f"lake.access_log_bucket: found {bucket}, which does not exist; allowed: a bucket of the stack's account "
            "and region; correct it"
        )
    policy = _read("AWS::S3::BucketPolicy", bucket, lookup) or {}
    if lines := [f"  {line}" for line in faults(bucket, properties, policy.get("PolicyDocument", {}), names)]:
        raise pulumi.RunError(f"lake.access_log_bucket: {bucket} takes no access logs:\n" + "\n".join(lines))


def _read(kind: str, identifier: str, lookup: pulumi.InvokeOptions) -> Mapping[str, Any] | None:
    answer = found(lambda: aws.cloudcontrol.get_resource(identifier=identifier, type_name=kind, opts=lookup))
    return None if answer is None else json.loads(answer.properties)


def faults(bucket: str, properties: Mapping[str, Any], policy: Mapping[str, Any], names: Names) -> Iterator[str]:
    """What keeps S3 from delivering logs (Amazon S3 user guide, "Logging requests with server access logging").

    `properties` are those of AWS::S3::Bucket in the CloudFormation template reference.
    """
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    algorithm = next((rule.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules), "AES256")
    if algorithm != "AES256":
        yield f"BucketEncryption: found {algorithm}; allowed: AES256, as S3 delivers no logs to buckets with KMS keys"
    if properties.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention"):
        yield "ObjectLockConfiguration: found a default retention; allowed: none, as S3 delivers no logs then"
    for source in (names.raw_bucket, names.processed_bucket, names.artifacts_bucket):
        call = Call(
            kind="Service",
            principal=DELIVERY,
            action="s3:PutObject",
            resource=names.bucket_arn(bucket, f"{source}/x"),
            facts={"aws:SourceAccount": names.account, "aws:SourceArn": names.bucket_arn(source)},
        )
        if not permitted(policy, call):
            yield (
                f"PolicyDocument: does not let {DELIVERY} put the logs of {source} under {source}/; have its owner "
                f"allow s3:PutObject on {names.bucket_arn(bucket, f'{source}/*')}"
            )
