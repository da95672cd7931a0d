"""Amazon EventBridge: rules, targets and bus policies (module `cloudwatch` of the provider)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import json_object, json_text, resource_policy, switch
from local.adapter.table import (
    ID,
    Autoname,
    Call,
    ResourceType,
    Scope,
    Source,
    Tagging,
    To,
    response,
    text,
    value,
)

_DEFAULT_BUS = "default"


def _pattern(pattern: Any) -> str:
    if not isinstance(json_object(pattern), Mapping):
        raise ValueError('must be a JSON object, such as {"source": ["aws.s3"]}')  # noqa: TRY004
    return str(pattern)


def _on_bus(name: str) -> Source:
    """An id that carries the bus unless it is the default one, as the provider writes it."""
    plain, full = text(name), text(f"{{eventBusName}}/{name}")
    return lambda scope: plain(scope) if scope.inputs.get("eventBusName", _DEFAULT_BUS) == _DEFAULT_BUS else full(scope)


RULE = ResourceType(
    type="aws:cloudwatch/eventRule:EventRule",
    service="events",
    autoname=Autoname(prefix_key="namePrefix", longest=64),
    create=(Call(operation="PutRule"),),
    fields={"eventPattern": To("EventPattern", _pattern), "isEnabled": To("State", switch("ENABLED", "DISABLED"))},
    defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
    provider_only=("forceDestroy", "namePrefix"),
    update=(Call(operation="PutRule"),),
    delete=(
        Call(
            operation="DeleteRule",
            given={"Name": value("name"), "EventBusName": value("eventBusName"), "Force": value("forceDestroy", False)},
        ),
    ),
    replace=("eventBusName", "name", "namePrefix"),
    id=_on_bus("{name}"),
    outputs={"arn": response("RuleArn")},
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"ResourceARN": value("arn")}),
)

_TARGET = {
    "appsyncTarget": "AppSyncParameters",
    "arn": "Arn",
    "batchTarget": "BatchParameters",
    "deadLetterConfig": "DeadLetterConfig",
    "ecsTarget": "EcsParameters",
    "httpTarget": "HttpParameters",
    "input": "Input",
    "inputPath": "InputPath",
    "inputTransformer": "InputTransformer",
    "kinesisTarget": "KinesisParameters",
    "redshiftTarget": "RedshiftDataParameters",
    "retryPolicy": "RetryPolicy",
    "roleArn": "RoleArn",
    "runCommandTargets": "RunCommandParameters.RunCommandTargets",
    "sagemakerPipelineTarget": "SageMakerPipelineParameters",
    "sqsTarget": "SqsParameters",
    "targetId": "Id",
}

TARGET = ResourceType(
    type="aws:cloudwatch/eventTarget:EventTarget",
    service="events",
    autoname=Autoname(key="targetId", longest=64),
    create=(Call(operation="PutTargets", failures="FailedEntries[0].ErrorMessage"),),
    fields={
        **{key: f"Targets[].{member}" for key, member in _TARGET.items()},
        "batchTarget.arraySize": "ArrayProperties.Size",
        "batchTarget.jobAttempts": "RetryStrategy.Attempts",
        "ecsTarget.networkConfiguration.assignPublicIp": To(
            "awsvpcConfiguration.AssignPublicIp", switch("ENABLED", "DISABLED")
        ),
        "ecsTarget.networkConfiguration.securityGroups": "awsvpcConfiguration.SecurityGroups",
        "ecsTarget.networkConfiguration.subnets": "awsvpcConfiguration.Subnets",
        "ecsTarget.orderedPlacementStrategies": "PlacementStrategy",
        "input": To("Targets[].Input", json_text),
        "inputTransformer.inputPaths": "InputPathsMap",
        "redshiftTarget.secretsManagerArn": "SecretManagerArn",
    },
    defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
    provider_only=("forceDestroy",),
    update=(Call(operation="PutTargets", failures="FailedEntries[0].ErrorMessage"),),
    delete=(
        Call(
            operation="RemoveTargets",
            given={"Rule": value("rule"), "EventBusName": value("eventBusName"), "Ids[]": value("targetId")},
            failures="FailedEntries[0].ErrorMessage",
        ),
    ),
    replace=("eventBusName", "rule", "targetId"),
    id=_on_bus("{rule}-{targetId}"),
)


def _bus(scope: Scope) -> str:
    return str(scope.inputs.get("eventBusName", _DEFAULT_BUS))


BUS_POLICY = ResourceType(
    type="aws:cloudwatch/eventBusPolicy:EventBusPolicy",
    service="events",
    create=(Call(operation="PutPermission"),),
    fields={"policy": To("Policy", resource_policy)},
    defaults={"eventBusName": _DEFAULT_BUS},
    update=(Call(operation="PutPermission"),),
    delete=(Call(operation="RemovePermission", given={"EventBusName": _bus, "RemoveAllPermissions": True}),),
    replace=("eventBusName",),
    id=_bus,
)

BUS = ResourceType(
    type="aws:cloudwatch/eventBus:EventBus",
    service="events",
    create=(Call(operation="CreateEventBus"),),
    fields={"kmsKeyIdentifier": "KmsKeyIdentifier"},
    autoname=Autoname(longest=256),
    update=(Call(operation="UpdateEventBus", given={"Name": ID}),),
    delete=(Call(operation="DeleteEventBus", given={"Name": ID}),),
    replace=("eventSourceName", "name"),
    id=value("name"),
    outputs={"arn": response("EventBusArn")},
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"ResourceARN": value("arn")}),
)

TYPES = (RULE, TARGET, BUS_POLICY, BUS)
