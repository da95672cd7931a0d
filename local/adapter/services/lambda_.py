"""AWS Lambda: functions, who may call them, and what calls them."""

from __future__ import annotations

from collections.abc import Iterator

from local.adapter.assets import zip_digest, zipped
from local.adapter.table import Autoname, Call, Request, Requests, ResourceType, Scope, To, Wait, live, text

SERVICE = "lambda"

_NO_LIMIT = -1  # reservedConcurrentExecutions that reserves nothing

_CODE = {
    "code": To("ZipFile", zipped),
    "imageUri": To("ImageUri"),
    "s3Bucket": To("S3Bucket"),
    "s3Key": To("S3Key"),
    "s3ObjectVersion": To("S3ObjectVersion"),
    "sourceKmsKeyArn": To("SourceKMSKeyArn"),
}


def _reserved(scope: Scope) -> Iterator[Request]:
    wanted = scope.inputs.get("reservedConcurrentExecutions", _NO_LIMIT)
    if wanted != _NO_LIMIT:
        parameters = {"FunctionName": scope.id, "ReservedConcurrentExecutions": wanted}
        origins = {"ReservedConcurrentExecutions": "reservedConcurrentExecutions"}
        yield Request("PutFunctionConcurrency", parameters, origins=origins)
    elif scope.before.get("reservedConcurrentExecutions", _NO_LIMIT) != _NO_LIMIT:
        yield Request("DeleteFunctionConcurrency", {"FunctionName": scope.id})


def _published(scope: Scope) -> Iterator[Request]:
    """A version of what has changed; the provider publishes one itself once all of an update is there."""
    if scope.inputs.get("publish") and scope.changed & _OF_A_VERSION:
        yield Request("PublishVersion", {"FunctionName": scope.id})


def _newest(scope: Scope) -> str:
    """The newest version of a function that publishes, the first one where none is there yet; else what is not
    published.
    """
    if not scope.inputs.get("publish"):
        return "$LATEST"
    found = [int(each["Version"]) for each in scope.live.get("Versions", []) if each["Version"].isdecimal()]
    return str(max(found, default=1))


_OF_A_VERSION = frozenset(
    {*_CODE, "description", "environment", "imageConfig", "memorySize", "role", "timeout", "tracingConfig", "vpcConfig"}
)
_RESERVED = Requests(takes=("reservedConcurrentExecutions",), build=_reserved)

TYPES = (
    ResourceType(
        "aws:lambda/function:Function",
        arn="function:{name}",
        autoname=Autoname(longest=64),
        create=(Call("CreateFunction"), _RESERVED),
        fields={
            **{key: To(f"Code.{to.member}", to.via) for key, to in _CODE.items()},
            "durableConfig.retentionPeriod": "RetentionPeriodInDays",
            "fileSystemConfig": "FileSystemConfigs[]",
            "snapStart.optimizationStatus": To(""),
            "sourceCodeHash": To(""),
            "vpcConfig.vpcId": To(""),
        },
        defaults={
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": _NO_LIMIT,
            "skipDestroy": False,
            "timeout": 3,
        },
        provider_only=(
            "codeSha256",
            "replaceSecurityGroupsOnDestroy",
            "replacementSecurityGroupIds",
            "skipDestroy",
            "useResourceTimeoutForPropagation",
        ),
        update=(
            Call(
                "UpdateFunctionCode",
                takes=(*_CODE, "architectures", "publish", "publishTo", "sourceCodeHash"),
                fields=_CODE,
            ),
            Call(
                "UpdateFunctionConfiguration",
                unset={
                    "deadLetterConfig": {"targetArn": ""},
                    "description": "",
                    "environment": {"variables": {}},
                    "kmsKeyArn": "",
                    "layers": [],
                    "vpcConfig": {"securityGroupIds": [], "subnetIds": []},
                },
            ),
            Call("PutFunctionCodeSigningConfig", takes=("codeSigningConfigArn",)),
            _RESERVED,
            Requests(takes=(), build=_published, always=True),
        ),
        replace=("name", "packageType", "tenancyConfig"),
        digests={"code": ("codeSha256", zip_digest)},
        read=(Call("GetFunctionConfiguration"), Call("ListVersionsByFunction")),
        lacking=("PutFunctionCodeSigningConfig",),
        wait=Wait("State", ready=("Active", "Inactive"), failed=("Failed",), reason="StateReason"),
        outputs={
            "version": _newest,
            "invokeArn": text("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"),
            "lastModified": live("LastModified"),
            "qualifiedArn": lambda scope: text(f"{{arn}}:{_newest(scope)}")(scope),
            "sourceCodeHash": live("CodeSha256"),
            "sourceCodeSize": live("CodeSize"),
        },
    ),
    ResourceType(
        "aws:lambda/alias:Alias",
        id="{name}",
        replace=("functionName", "name"),
        fields={"functionName": "FunctionName"},
    ),
    ResourceType(
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        id="{functionName},{qualifier}",
        replace=("functionName", "qualifier"),
        provider_only=("skipDestroy",),
        recorded="the emulator keeps no environment warm before it is asked",
    ),
    ResourceType(
        "aws:lambda/permission:Permission",
        id="{statementId}",
        autoname=Autoname(key="statementId"),
        create=(Call("AddPermission"),),
        fields={"function": "FunctionName"},
        delete=(Call("RemovePermission"),),
    ),
)
