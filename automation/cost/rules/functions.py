"""What functions of Lambda cost: those that answer to alarms and schedules, and those that are endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Document, Resource
from automation.cost.rules import sagemaker

FUNCTION: Final = "aws:lambda/function:Function"
_ALIAS: Final = "aws:lambda/alias:Alias"
#: Calls of a function a month, each of some seconds: alarms, schedules.
_CALLS: Final = 100
_CALL_SECONDS: Final = 10
#: Share of the requests to a function that is traced (AWS X-Ray developer guide, "Sampling": one a second, and 5 %).
_TRACED: Final = 0.05


def serves(function: Resource, document: Document) -> bool:
    """Whether it is an endpoint that runs: one has an alias, and one that is stopped no concurrency."""
    return _is_endpoint(function, document) and function.inputs.get("reservedConcurrentExecutions") != 0


def _is_endpoint(function: Resource, document: Document) -> bool:
    return bool(document.all(_ALIAS, functionName=function.inputs.get("name")))


def _function(resource: Resource, context: Context) -> Iterator[Charge]:
    """By requests and the seconds of its memory; an endpoint is asked what endpoints are."""
    traffic, endpoint = context.traffic, _is_endpoint(resource, context.document)
    if endpoint and not serves(resource, context.document):
        return
    calls = traffic.served if endpoint else _CALLS
    seconds = traffic.serverless_ms / 1000 if endpoint else _CALL_SECONDS
    processor = _processor(resource)
    yield Charge("lambda", "requests", calls / 1_000_000, traffic=True)
    yield Charge("lambda", f"duration {processor}", calls * seconds * _gigabytes(resource), traffic=True)
    if (resource.inputs.get("tracingConfig") or {}).get("mode") == "Active":
        traced = calls * (_TRACED if endpoint else 1)
        yield Charge("xray", "traces recorded", traced / 1_000_000, traffic=True)


def _warm(resource: Resource, context: Context) -> Iterator[Charge]:
    """Memory by the seconds that environments are kept warm, the fewest of each hour, whether asked or not. The
    duration of requests that they answer is cheaper than what is counted of the function.
    """
    document, traffic = context
    called = resource.inputs["functionName"]
    targets = document.all(sagemaker.SCALED, resourceId=f"function:{called}:{resource.inputs['qualifier']}")
    kept: float = resource.inputs["provisionedConcurrentExecutions"]
    if targets:
        kept = sagemaker.fewest(targets[0], context)
    seconds = kept * traffic.endpoint_hours * 3600
    function = document.one(FUNCTION, name=called)
    yield Charge("lambda", f"provisioned concurrency {_processor(function)}", seconds * _gigabytes(function))


def _processor(function: Resource) -> str:
    return "arm" if "arm64" in function.list("architectures") else "x86"


def _gigabytes(function: Resource) -> float:
    return (function.inputs.get("memorySize") or 128) / 1024


RULES: Final[Mapping[str, Rule]] = {
    FUNCTION: _function,
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": _warm,
}

#: What costs nothing, or is counted with another resource.
FREE: Final = frozenset(
    {
        "aws:codedeploy/application:Application",
        "aws:codedeploy/deploymentGroup:DeploymentGroup",
        _ALIAS,
        "aws:lambda/permission:Permission",
    }
)
