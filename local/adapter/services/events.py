"""Amazon EventBridge: rules, targets and bus policies (module `cloudwatch` of the provider)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import json_object, json_text, switch
from local.adapter.table import Autoname, Call, ResourceType, Source, To, text, value

SERVICE = "events"

_DEFAULT_BUS = "default"
_FAILURES = "FailedEntries[0].ErrorMessage"


def _pattern(pattern: Any) -> str:
    if not isinstance(json_object(pattern), Mapping):
        raise ValueError('must be a JSON object, such as {"source": ["aws.s3"]}')  # noqa: TRY004
    return str(pattern)


def _on_bus(name: str) -> Source:
    """An id that carries the bus unless it is the default one, as the provider writes it."""
    plain, full = text(name), text(f"{{eventBusName}}/{name}")
    return lambda scope: plain(scope) if scope.inputs.get("eventBusName", _DEFAULT_BUS) == _DEFAULT_BUS else full(scope)


_TARGETS = {
    "appsyncTarget": "AppSyncParameters",
    "batchTarget": "BatchParameters",
    "ecsTarget": "EcsParameters",
    "httpTarget": "HttpParameters",
    "kinesisTarget": "KinesisParameters",
    "redshiftTarget": "RedshiftDataParameters",
    "runCommandTargets": "RunCommandParameters.RunCommandTargets",
    "sagemakerPipelineTarget": "SageMakerPipelineParameters",
    "sqsTarget": "SqsParameters",
    "targetId": "Id",
}

TYPES = (
    ResourceType(
        "aws:cloudwatch/eventRule:EventRule",
        noun="Rule",
        id=_on_bus("{name}"),
        fields={"eventPattern": To("EventPattern", _pattern), "isEnabled": To("State", switch("ENABLED", "DISABLED"))},
        defaults={"eventBusName": _DEFAULT_BUS, "forceDestroy": False},
        provider_only=("forceDestroy",),
        delete=(Call("DeleteRule", given={"Force": value("forceDestroy", False)}),),
    ),
    ResourceType(
        "aws:cloudwatch/eventTarget:EventTarget",
        id=_on_bus("{rule}-{targetId}"),
        autoname=Autoname(key="targetId"),
        create=(Call("PutTargets", failures=_FAILURES),),
        inside="Targets[]",
        fields={
            **{key: f"Targets[].{member}" for key, member in _TARGETS.items()},
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
        delete=(Call("RemoveTargets", failures=_FAILURES),),
    ),
    ResourceType("aws:cloudwatch/eventBus:EventBus", lacking=("UpdateEventBus",)),
)
