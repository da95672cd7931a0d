"""What delivering costs where the stack has pipelines of CodePipeline: minutes of actions and of builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Resource

PIPELINE: Final = "aws:codepipeline/pipeline:Pipeline"
_BUILD: Final = "CodeBuild"
#: CodePipeline bills minutes of every action but approvals by hand (AWS CodePipeline pricing, "V2 type pipelines").
_NOT_BILLED: Final = "Approval"
_SIZES: Final = {"BUILD_GENERAL1_SMALL": "general1.small", "BUILD_GENERAL1_MEDIUM": "general1.medium"}


def _actions(pipeline: Resource) -> Iterator[Mapping[str, Any]]:
    return (action for stage in pipeline.list("stages") for action in stage["actions"])


def _pipeline(resource: Resource, context: Context) -> Iterator[Charge]:
    billed = [action for action in _actions(resource) if action["category"] != _NOT_BILLED]
    yield Charge("codepipeline", "V2 action", _minutes(context) * len(billed), traffic=True)


def _project(resource: Resource, context: Context) -> Iterator[Charge]:
    """A build for each action that runs it, in every pipeline."""
    name = resource.inputs["name"]
    runs = sum(
        action["provider"] == _BUILD and action["configuration"]["ProjectName"] == name
        for pipeline in context.document.all(PIPELINE)
        for action in _actions(pipeline)
    )
    size = _SIZES[resource.inputs["environment"]["computeType"]]
    yield Charge("codebuild", size, _minutes(context) * runs, traffic=True)


def _minutes(context: Context) -> float:
    return context.traffic.deliveries * context.traffic.build_minutes


RULES: Final[Mapping[str, Rule]] = {PIPELINE: _pipeline, "aws:codebuild/project:Project": _project}
