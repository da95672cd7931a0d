"""AWS CodePipeline and CodeBuild: pipelines, and the projects that their actions run."""

from __future__ import annotations

from typing import Any

from local.adapter.conversions import one, only
from local.adapter.table import ID, ResourceType, Tagging, To
from local.adapter.values import known_items

SERVICE = "codepipeline"

_ACTIONS = "stages.actions"
_TYPE = {f"{_ACTIONS}.{part}": f"actionTypeId.{part}" for part in ("category", "owner", "provider", "version")}
_CONDITIONS = {f"stages.{when}.condition": To("conditions", one) for when in ("beforeEntry", "onFailure", "onSuccess")}
_PUBLIC = "public builds are not emulated; leave it out"


def _artifacts(names: Any) -> Any:
    return [{"name": name} for name in known_items(names)]


TYPES = (
    ResourceType(
        "aws:codepipeline/pipeline:Pipeline",
        id="{name}",
        arn="{name}",
        inside="pipeline",
        fields={
            "artifactStores": To("pipeline.artifactStore", only),  # one in each region is for actions in several
            "artifactStores.region": "",
            f"{_ACTIONS}.inputArtifacts": To("inputArtifacts", _artifacts),
            f"{_ACTIONS}.outputArtifacts": To("outputArtifacts", _artifacts),
            f"{_ACTIONS}.outputArtifactsForComputeActions": "outputArtifacts",
            **_TYPE,
            **_CONDITIONS,
        },
    ),
    ResourceType(
        "aws:codebuild/project:Project",
        service="codebuild",
        fields={"buildTimeout": "timeoutInMinutes", "queuedTimeout": "queuedTimeoutInMinutes"},
        refused={"projectVisibility": _PUBLIC, "resourceAccessRole": _PUBLIC},
        tags=Tagging(
            create="tags", tag="UpdateProject", untag="UpdateProject", given={"name": ID}, member="tags", whole=True
        ),
        lacking=("UpdateProject",),
    ),
)
