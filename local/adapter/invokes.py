"""The provider's functions (data sources), answered by the emulated API.

The table at the end holds those that are known; every other one is an error that names it. Arguments and answers are in
the engine's camel case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.adapter import ec2_lookups, prebuilt_images, regions
from local.adapter.api import Api
from local.adapter.errors import ApiRefused, UnknownType

Args = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a function is answered: the API, and the account and region that it asks about."""

    api: Api
    account: str
    region: str

    def call(self, function: str, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call the API. Raises ApiRefused."""
        return self.api.call(function, self.region, service, operation, parameters)


def invoke(token: str, args: Args, context: Context) -> Answer:
    """Call a function of the provider.

    Raises UnknownType for one without a table entry, ApiRefused, and InvalidInput.
    """
    function = _FUNCTIONS.get(token)
    if function is None:
        known = ", ".join(sorted(_FUNCTIONS))
        raise UnknownType(f"{token}: the adapter does not know this function; it knows {known}")
    return function(args, context)


def _caller_identity(_: Args, context: Context) -> Answer:
    found = context.call("getCallerIdentity", "sts", "GetCallerIdentity", {})
    return {"accountId": found["Account"], "arn": found["Arn"], "id": found["Account"], "userId": found["UserId"]}


def _region(args: Args, context: Context) -> Answer:
    region = args.get("name") or context.region
    endpoint = f"ec2.{region}.{regions.partition(region)['dnsSuffix']}"
    described = regions.description(region)
    return {"description": described, "endpoint": endpoint, "id": region, "name": region, "region": region}


def _availability_zones(args: Args, context: Context) -> Answer:
    filters = [{"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or []]
    if args.get("state"):
        filters.append({"Name": "state", "Values": [args["state"]]})
    parameters: dict[str, Any] = {"Filters": filters} if filters else {}
    if args.get("allAvailabilityZones"):
        parameters["AllAvailabilityZones"] = True
    found = context.call("getAvailabilityZones", "ec2", "DescribeAvailabilityZones", parameters)["AvailabilityZones"]
    excluded = {*(args.get("excludeNames") or []), *(args.get("excludeZoneIds") or [])}
    zones = sorted(
        (zone for zone in found if zone["ZoneName"] not in excluded and zone.get("ZoneId") not in excluded),
        key=lambda zone: zone["ZoneName"],
    )
    return {
        **args,
        "groupNames": sorted({zone.get("GroupName", context.region) for zone in zones}),
        "id": context.region,
        "names": [zone["ZoneName"] for zone in zones],
        "region": context.region,
        "zoneIds": [zone.get("ZoneId", "") for zone in zones],
    }


def _parameters_by_path(args: Args, context: Context) -> Answer:
    """Every page; a path with no parameters gives empty lists, not an error."""
    given = {"recursive": args.get("recursive", False), "withDecryption": args.get("withDecryption", True)}
    request: dict[str, Any] = {
        "Path": args["path"],
        "Recursive": given["recursive"],
        "WithDecryption": given["withDecryption"],
    }
    found: list[dict[str, Any]] = []
    while True:
        page = context.call("getParametersByPath", "ssm", "GetParametersByPath", request)
        found += page["Parameters"]
        if not page.get("NextToken"):
            break
        request["NextToken"] = page["NextToken"]
    return {
        **given,
        "arns": [parameter["ARN"] for parameter in found],
        "id": args["path"],
        "names": [parameter["Name"] for parameter in found],
        "path": args["path"],
        "region": context.region,
        "types": [parameter["Type"] for parameter in found],
        "values": [parameter["Value"] for parameter in found],
    }


def _objects(args: Args, context: Context) -> Answer:
    """Keys of a bucket below a prefix, every page."""
    request: dict[str, Any] = {"Bucket": args["bucket"], "Prefix": args.get("prefix", "")}
    keys: list[str] = []
    while True:
        page = context.call("getObjects", "s3", "ListObjectsV2", request)
        keys += [each["Key"] for each in page.get("Contents", [])]
        if not page.get("IsTruncated"):
            return {**args, "id": args["bucket"], "keys": keys, "region": context.region}
        request["ContinuationToken"] = page["NextContinuationToken"]


def _object(args: Args, context: Context) -> Answer:
    """An object with its content, which the provider reads where its type is one that people can read."""
    found = context.call("getObject", "s3", "GetObject", {"Bucket": args["bucket"], "Key": args["key"]})
    readable = found["ContentType"].startswith("text/") or found["ContentType"] == "application/json"
    body = found["Body"].read().decode() if readable else ""
    told = {"body": body, "contentType": found["ContentType"], "etag": found["ETag"].strip('"')}
    return {**args, **told, "id": f"{args['bucket']}/{args['key']}", "region": context.region}


def _model_package(subject: str, arn: str, context: Context) -> dict[str, Any]:
    """The properties of AWS::SageMaker::ModelPackage, which have the names of the operation's answer."""
    found = context.call(subject, "sagemaker", "DescribeModelPackage", {"ModelPackageName": arn})
    return {key: item for key, item in found.items() if key not in ("CreatedBy", "LastModifiedBy", "ResponseMetadata")}


_KEY_DEFAULTS = {"Description": "", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}


def _key_properties(subject: str, key_id: str, context: Context) -> dict[str, Any]:
    """The properties of AWS::KMS::Key, which three operations tell."""
    asked = {"KeyId": key_id}
    key = context.call(subject, "kms", "DescribeKey", asked)["KeyMetadata"]
    policy = context.call(subject, "kms", "GetKeyPolicy", asked | {"PolicyName": "default"})["Policy"]
    rotates = context.call(subject, "kms", "GetKeyRotationStatus", asked)["KeyRotationEnabled"]
    # moto leaves out what CreateKey was not given; these are the API's own defaults.
    shared = {name: key.get(name, default) for name, default in _KEY_DEFAULTS.items()}
    return {
        **shared,
        "Enabled": key["Enabled"],
        "Arn": key["Arn"],
        "EnableKeyRotation": rotates,
        "KeyPolicy": json.loads(policy),
    }


def _bucket_properties(subject: str, bucket: str, context: Context) -> dict[str, Any]:
    """Of AWS::S3::Bucket: encryption and lock, which the API has operations of their own for."""
    asked = {"Bucket": bucket}
    _or_missing(subject, bucket, lambda: context.call(subject, "s3", "HeadBucket", asked))
    parts = {
        "BucketEncryption": ("GetBucketEncryption", "ServerSideEncryptionConfiguration"),
        "ObjectLockConfiguration": ("GetObjectLockConfiguration", "ObjectLockConfiguration"),
    }
    properties: dict[str, Any] = {"BucketName": bucket}
    for name, (operation, member) in parts.items():
        try:
            properties[name] = context.call(subject, "s3", operation, asked)[member]
        except ApiRefused as error:
            if "NotFound" not in error.code:
                raise
    if encryption := properties.get("BucketEncryption"):
        rules = [
            {"ServerSideEncryptionByDefault": rule.get("ApplyServerSideEncryptionByDefault", {})}
            for rule in encryption["Rules"]
        ]
        properties["BucketEncryption"] = {"ServerSideEncryptionConfiguration": rules}
    return properties


def _bucket_policy(subject: str, bucket: str, context: Context) -> dict[str, Any]:
    asked = {"Bucket": bucket}
    found = _or_missing(subject, bucket, lambda: context.call(subject, "s3", "GetBucketPolicy", asked))
    return {"Bucket": bucket, "PolicyDocument": json.loads(found["Policy"])}


def _or_missing(subject: str, identifier: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """An answer, or the provider's words for a resource that is not there."""
    try:
        return ask()
    except ApiRefused as error:
        if not (error.is_gone or error.code == "404"):
            raise
        message = f"reading {identifier}: couldn't find resource"
        raise ApiRefused(subject, "cloudcontrol", "GetResource", "ResourceNotFoundException", message) from error


#: CloudFormation type -> what reads its properties, by the identifier, from the services' own operations.
_READERS: Mapping[str, Callable[[str, str, Context], dict[str, Any]]] = {
    "AWS::KMS::Key": _key_properties,
    "AWS::S3::Bucket": _bucket_properties,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SageMaker::ModelPackage": _model_package,
}


def _cloud_control_resource(args: Args, context: Context) -> Answer:
    kind = args["typeName"]
    if kind not in _READERS:
        raise UnknownType(
            f"aws:cloudcontrol/getResource:getResource: typeName {kind!r} cannot be read here; "
            f"it can be {', '.join(_READERS)}"
        )
    properties = _READERS[kind](f"getResource {kind}", args["identifier"], context)
    return {
        **args,
        "id": args["identifier"],
        "properties": json.dumps(properties, default=lambda moment: moment.isoformat(), sort_keys=True),
        "region": context.region,
    }


_FUNCTIONS: Mapping[str, Callable[[Args, Context], Answer]] = {
    **ec2_lookups.FUNCTIONS,
    "aws:cloudcontrol/getResource:getResource": _cloud_control_resource,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": lambda args, context: regions.endpoint_service(
        args, context.region
    ),
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": lambda _, context: dict(regions.partition(context.region)),
    "aws:index/getRegion:getRegion": _region,
    "aws:s3/getObject:getObject": _object,
    "aws:s3/getObjects:getObjects": _objects,
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": lambda args, context: prebuilt_images.found(
        args, context.region
    ),
    "aws:ssm/getParametersByPath:getParametersByPath": _parameters_by_path,
}
