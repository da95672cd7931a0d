"""What a refresh reads of a resource type, and how the API's answers become inputs again, as the provider's Read does.

Not every input of every type: what a rollout, a rollback or a hand moves. What has a new name whenever it is another
one, such as a model, is there or gone, and may be tagged. A type that is not here is left as the state has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from local.adapter.conversions import as_text
from local.adapter.services.cloudformation import template_body
from local.adapter.table import ABSENT, ID, Call, Scope, Source, evaluated, live, value

_RESERVED = "aws:"  # tags that services set themselves, which the provider leaves out
_TEXTS = ("bakeTimeInMinutes", "canaryBakeTimeInMinutes", "stepBakeTimeInMinutes")
_OF_A_STRATEGY = ("strategy", "bakeTimeInMinutes", "canaryConfiguration", "linearConfiguration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The calls of a refresh, the inputs that their merged answers tell, and what is in them unless it is gone.

    A source that finds nothing says that the resource has no such input. `there` is a source, None where a call for
    what is gone ends with an error.
    """

    calls: tuple[Call, ...]
    inputs: Mapping[str, Source]
    there: Source | None = None

    def told(self, scope: Scope) -> dict[str, Any]:
        """The inputs as they are live, None for those that it has not."""
        found = {key: evaluated(source, scope) for key, source in self.inputs.items()}
        return {key: None if each is ABSENT else each for key, each in found.items()}


def _camel(answer: Any) -> Any:
    """An answer in the spelling of inputs: `{"TerminationWaitInSeconds": 0}` -> `{"terminationWaitInSeconds": 0}`."""
    if isinstance(answer, Mapping):
        items = cast("Mapping[str, Any]", answer).items()
        return {key[:1].lower() + key[1:]: _camel(each) for key, each in items}
    return [_camel(each) for each in cast("list[Any]", answer)] if isinstance(answer, list) else answer


def _spelt(path: str) -> Source:
    return lambda scope: _camel(live(path)(scope))


def _tags(path: str, key: str = "Key", content: str = "Value") -> Source:
    """The list of tags at a path as the provider has it."""

    def read(scope: Scope) -> Any:
        found: list[dict[str, str]] = live(path, [])(scope)
        tags = {each[key]: each[content] for each in found if not each[key].startswith(_RESERVED)}
        return tags or ABSENT

    return read


def _strategy(scope: Scope) -> Any:
    """How a service is deployed to; the provider has minutes as texts, and the rest of the structure elsewhere."""
    found = live("services[0].deploymentConfiguration", {})(scope)
    return _with_texts({key: found[key] for key in _OF_A_STRATEGY if found.get(key) is not None}) or ABSENT


def _with_texts(found: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: _with_texts(each) if isinstance(each, Mapping) else each for key, each in found.items()}
    return told | {key: as_text(told[key]) for key in _TEXTS if key in told}


def _weights(scope: Scope) -> Any:
    """The shares that an alias gives to other versions; without any, no routing."""
    weights = live("RoutingConfig.AdditionalVersionWeights", {})(scope)
    return {"additionalVersionWeights": weights} if weights else ABSENT


def _parameter(key: str) -> Source:
    """A parameter's value, under the input that the program has given it by."""
    return lambda scope: live("Parameter.Value")(scope) if key in scope.inputs else ABSENT


_SCALED = {
    "ServiceNamespace": value("serviceNamespace"),
    "ResourceId": value("resourceId"),
    "ScalableDimension": value("scalableDimension"),
}
_TAGS = Call("ListTags", given={"ResourceArn": value("arn")})
_TAGGED = {"tagsAll": _tags("Tags")}

READINGS: Mapping[str, Reading] = {
    # The provider reads how the last update moved traffic (resource aws_sagemaker_endpoint, `LastDeploymentConfig`).
    "aws:sagemaker/endpoint:Endpoint": Reading(
        calls=(Call("DescribeEndpoint", given={"EndpointName": ID}), _TAGS),
        inputs={
            "endpointConfigName": live("EndpointConfigName"),
            "deploymentConfig": _spelt("LastDeploymentConfig"),
            **_TAGGED,
        },
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Reading(
        calls=(Call("DescribeEndpointConfig", given={"EndpointConfigName": ID}), _TAGS), inputs=_TAGGED
    ),
    "aws:sagemaker/model:Model": Reading(calls=(Call("DescribeModel", given={"ModelName": ID}), _TAGS), inputs=_TAGGED),
    "aws:ecs/service:Service": Reading(
        calls=(
            Call(
                "DescribeServices",
                given={"cluster": value("cluster"), "services[]": value("name"), "include[]": "TAGS"},
            ),
        ),
        inputs={
            "taskDefinition": live("services[0].taskDefinition"),
            "desiredCount": live("services[0].desiredCount"),
            "deploymentConfiguration": _strategy,
            "tagsAll": _tags("services[0].tags", "key", "value"),
        },
        there=live("services[?status != 'INACTIVE'] | [0]"),
    ),
    # CloudFormation has the former template again where an update failed (resource aws_cloudformation_stack).
    "aws:cloudformation/stack:Stack": Reading(
        calls=(Call("DescribeStacks", given={"StackName": ID}), Call("GetTemplate", given={"StackName": ID})),
        inputs={"templateBody": template_body, "tagsAll": _tags("Stacks[0].Tags")},
        there=live("Stacks[?StackStatus != 'DELETE_COMPLETE'] | [0]"),
    ),
    "aws:lambda/alias:Alias": Reading(
        calls=(Call("GetAlias", given={"FunctionName": value("functionName"), "Name": value("name")}),),
        inputs={"functionVersion": live("FunctionVersion"), "routingConfig": _weights},
    ),
    "aws:appautoscaling/target:Target": Reading(
        calls=(
            Call(
                "DescribeScalableTargets",
                given={
                    "ServiceNamespace": value("serviceNamespace"),
                    "ResourceIds[]": value("resourceId"),
                    "ScalableDimension": value("scalableDimension"),
                },
            ),
        ),
        inputs={
            "minCapacity": live("ScalableTargets[0].MinCapacity"),
            "maxCapacity": live("ScalableTargets[0].MaxCapacity"),
        },
        there=live("ScalableTargets[0]"),
    ),
    # Both go with their target.
    "aws:appautoscaling/policy:Policy": Reading(
        calls=(Call("DescribeScalingPolicies", given={**_SCALED, "PolicyNames[]": value("name")}),),
        inputs={},
        there=live("ScalingPolicies[0]"),
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Reading(
        calls=(Call("DescribeScheduledActions", given={**_SCALED, "ScheduledActionNames[]": value("name")}),),
        inputs={},
        there=live("ScheduledActions[0]"),
    ),
    "aws:ssm/parameter:Parameter": Reading(
        calls=(
            Call("GetParameter", given={"Name": ID, "WithDecryption": True}),
            Call("ListTagsForResource", given={"ResourceType": "Parameter", "ResourceId": ID}),
        ),
        inputs={
            "value": _parameter("value"),
            "insecureValue": _parameter("insecureValue"),
            "tagsAll": _tags("TagList"),
        },
    ),
}
