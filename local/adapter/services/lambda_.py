"""AWS Lambda: functions, who may call them, and what calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.adapter.assets import zip_digest, zipped
from local.adapter.conversions import one
from local.adapter.table import (
    EVERYTHING,
    ID,
    Autoname,
    Call,
    Request,
    Requests,
    ResourceType,
    Scope,
    Tagging,
    To,
    Wait,
    live,
    response,
    text,
    value,
)

_NO_LIMIT = -1  # reservedConcurrentExecutions that reserves nothing

_CODE = {
    "code": To("ZipFile", zipped),
    "imageUri": To("ImageUri"),
    "s3Bucket": To("S3Bucket"),
    "s3Key": To("S3Key"),
    "s3ObjectVersion": To("S3ObjectVersion"),
    "sourceKmsKeyArn": To("SourceKMSKeyArn"),
}
_CONFIGURATION = (
    "capacityProviderConfig",
    "deadLetterConfig",
    "description",
    "durableConfig",
    "environment",
    "ephemeralStorage",
    "fileSystemConfig",
    "handler",
    "imageConfig",
    "kmsKeyArn",
    "layers",
    "loggingConfig",
    "memorySize",
    "role",
    "runtime",
    "snapStart",
    "timeout",
    "tracingConfig",
    "vpcConfig",
)


def _reserved(scope: Scope) -> Iterator[Request]:
    wanted = scope.inputs.get("reservedConcurrentExecutions", _NO_LIMIT)
    if wanted != _NO_LIMIT:
        parameters = {"FunctionName": scope.id, "ReservedConcurrentExecutions": wanted}
        origins = {"ReservedConcurrentExecutions": "reservedConcurrentExecutions"}
        yield Request(operation="PutFunctionConcurrency", parameters=parameters, origins=origins)
    elif scope.before.get("reservedConcurrentExecutions", _NO_LIMIT) != _NO_LIMIT:
        yield Request(operation="DeleteFunctionConcurrency", parameters={"FunctionName": scope.id})


_RESERVED = Requests(takes=("reservedConcurrentExecutions",), build=_reserved)

FUNCTION = ResourceType(
    type="aws:lambda/function:Function",
    service="lambda",
    autoname=Autoname(longest=64),
    create=(Call(operation="CreateFunction"), _RESERVED),
    fields={
        **{key: To(f"Code.{to.member}", to.via) for key, to in _CODE.items()},
        "durableConfig.retentionPeriod": "RetentionPeriodInDays",
        "fileSystemConfig": "FileSystemConfigs[]",
        "name": "FunctionName",
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
            operation="UpdateFunctionCode",
            takes=(*_CODE, "architectures", "publish", "publishTo", "sourceCodeHash"),
            given={"FunctionName": ID},
            fields=_CODE,
        ),
        Call(
            operation="UpdateFunctionConfiguration",
            takes=_CONFIGURATION,
            given={"FunctionName": ID},
            unset={
                "deadLetterConfig": {"targetArn": ""},
                "description": "",
                "environment": {"variables": {}},
                "kmsKeyArn": "",
                "layers": [],
                "vpcConfig": {"securityGroupIds": [], "subnetIds": []},
            },
        ),
        Call(operation="PutFunctionCodeSigningConfig", takes=("codeSigningConfigArn",), given={"FunctionName": ID}),
        _RESERVED,
    ),
    delete=(Call(operation="DeleteFunction", given={"FunctionName": ID}),),
    replace=("name", "packageType", "tenancyConfig"),
    digests={"code": ("codeSha256", zip_digest)},
    id=value("name"),
    read=(Call(operation="GetFunctionConfiguration", given={"FunctionName": ID}),),
    wait=Wait(path="State", ready=("Active", "Inactive"), failed=("Failed",), reason="StateReason"),
    outputs={
        "arn": live("FunctionArn"),
        "invokeArn": text("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"),
        "lastModified": live("LastModified"),
        "qualifiedArn": lambda scope: f"{scope.live['FunctionArn']}:{scope.live['Version']}",
        "sourceCodeHash": live("CodeSha256"),
        "sourceCodeSize": live("CodeSize"),
        "version": live("Version"),
    },
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"Resource": value("arn")}),
)

PERMISSION = ResourceType(
    type="aws:lambda/permission:Permission",
    service="lambda",
    autoname=Autoname(key="statementId", prefix_key="statementIdPrefix", longest=100),
    create=(Call(operation="AddPermission"),),
    fields={"function": "FunctionName"},
    provider_only=("statementIdPrefix",),
    delete=(
        Call(
            operation="RemovePermission",
            given={"FunctionName": value("function"), "StatementId": ID, "Qualifier": value("qualifier")},
        ),
    ),
    replace=EVERYTHING,
    id=value("statementId"),
)

_EVENT_INVOKE = {"FunctionName": value("functionName"), "Qualifier": value("qualifier")}

FUNCTION_EVENT_INVOKE_CONFIG = ResourceType(
    type="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    service="lambda",
    create=(Call(operation="PutFunctionEventInvokeConfig"),),
    defaults={"maximumRetryAttempts": 2},
    update=(Call(operation="PutFunctionEventInvokeConfig"),),
    delete=(Call(operation="DeleteFunctionEventInvokeConfig", given=_EVENT_INVOKE),),
    replace=("functionName", "qualifier"),
    id=value("functionName"),
)


def _brokers(endpoints: Mapping[str, Any]) -> dict[str, list[str]]:
    return {kind: str(servers).split(",") for kind, servers in endpoints.items()}


_FIXED_SOURCE = (
    "amazonManagedKafkaEventSourceConfig",
    "eventSourceArn",
    "queues",
    "selfManagedEventSource",
    "selfManagedKafkaEventSourceConfig",
    "startingPosition",
    "startingPositionTimestamp",
    "topics",
)
_SOURCE_SETTINGS = (
    "batchSize",
    "bisectBatchOnFunctionError",
    "destinationConfig",
    "documentDbEventSourceConfig",
    "enabled",
    "filterCriteria",
    "functionName",
    "functionResponseTypes",
    "kmsKeyArn",
    "maximumBatchingWindowInSeconds",
    "maximumRecordAgeInSeconds",
    "maximumRetryAttempts",
    "metricsConfig",
    "parallelizationFactor",
    "provisionedPollerConfig",
    "scalingConfig",
    "sourceAccessConfigurations",
    "tumblingWindowInSeconds",
)

EVENT_SOURCE_MAPPING = ResourceType(
    type="aws:lambda/eventSourceMapping:EventSourceMapping",
    service="lambda",
    create=(Call(operation="CreateEventSourceMapping"),),
    fields={
        "destinationConfig.onFailure.destinationArn": "Destination",
        "queues": To("Queues", one),
        "selfManagedEventSource.endpoints": To("Endpoints", _brokers),
    },
    defaults={"enabled": True},
    provider_only=("useResourceTimeoutForPropagation",),
    update=(
        Call(
            operation="UpdateEventSourceMapping",
            takes=_SOURCE_SETTINGS,
            given={"UUID": ID},
            unset={"filterCriteria": {}, "functionResponseTypes": [], "scalingConfig": {}},
        ),
    ),
    delete=(Call(operation="DeleteEventSourceMapping", given={"UUID": ID}),),
    replace=_FIXED_SOURCE,
    id=response("UUID"),
    read=(Call(operation="GetEventSourceMapping", given={"UUID": ID}),),
    outputs={
        "arn": text("arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}"),
        "functionArn": live("FunctionArn"),
        "state": live("State"),
        "uuid": ID,
    },
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"Resource": value("arn")}),
)

TYPES = (FUNCTION, PERMISSION, FUNCTION_EVENT_INVOKE_CONFIG, EVENT_SOURCE_MAPPING)
