"""The declared pipelines and their projects, made by the adapter and read back from the emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.delivery.stages import Action, of_code
from local.adapter import Adapter
from local.emulator import Emulator
from tests.components.delivery.delivered import IMAGE, delivered
from tests.components.delivery.test_pipeline import PROJECT, built

PIPELINE = "aws:codepipeline/pipeline:Pipeline"
NAME = "mlplatform-staging-delivery"


@pytest.fixture(scope="module")
def adapter(emulator: Emulator) -> Adapter:
    """With the role that runs pipelines there, as CodePipeline wants it."""
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "codepipeline.amazonaws.com"}}
    emulator.client("iam").create_role(
        RoleName=f"{NAME}-pipeline",
        Path="/mlplatform-admin/staging/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]}),
    )
    return Adapter(emulator.url, emulator.account, emulator.region)


def configured(action: Action) -> dict[str, Any]:
    return {
        "name": action.name,
        "actionTypeId": {"category": action.category, "owner": "AWS", "provider": action.provider, "version": "1"},
        "runOrder": action.order,
        "configuration": dict(action.configuration),
        "inputArtifacts": [{"name": each} for each in action.inputs],
        "outputArtifacts": [{"name": each} for each in action.outputs],
        **({"namespace": action.namespace} if action.namespace else {}),
        **({"timeoutInMinutes": action.minutes} if action.minutes else {}),
    }


def test_the_projects_of_builds_are_made_without_a_location(emulator: Emulator, adapter: Adapter) -> None:
    declared = built().all(PROJECT)
    for each in declared:
        adapter.create(PROJECT, each.name, each.inputs)
    builds = delivered().builds
    names = [f"{NAME}-{build.name}" for build in builds]
    found = emulator.client("codebuild").batch_get_projects(names=names)["projects"]
    assert [each["name"] for each in found] == names
    for build, project in zip(builds, found, strict=True):
        assert project["source"] == {
            "type": "CODEPIPELINE",
            "buildspec": f"components/delivery/buildspecs/{build.buildspec}.yaml",
        }
        assert (project["artifacts"]["type"], project["environment"]["image"]) == ("CODEPIPELINE", IMAGE)
        assert (project["environment"]["privilegedMode"], project["timeoutInMinutes"]) == (build.images, build.minutes)
        assert project["serviceRole"].endswith(f":role/mlplatform-admin/staging/{NAME}-{build.builder}")


def test_a_pipeline_is_read_back_as_it_was_declared_and_changes_in_place(emulator: Emulator, adapter: Adapter) -> None:
    inputs = built().one("delivery-pipeline-code").inputs
    made = adapter.create(PIPELINE, "code", inputs)
    client = emulator.client("codepipeline")
    found = client.get_pipeline(name=NAME)["pipeline"]
    assert (found["pipelineType"], found["executionMode"]) == ("V2", "SUPERSEDED")
    assert found["stages"] == [
        {"name": stage.name, "actions": [configured(action) for action in stage.actions]}
        for stage in of_code(delivered())
    ]
    changed = {**inputs, "executionMode": "QUEUED"}
    assert adapter.replaces(PIPELINE, inputs, changed) == []
    adapter.update(PIPELINE, made.id, inputs, changed, made.outputs)
    assert client.get_pipeline(name=NAME)["pipeline"]["executionMode"] == "QUEUED"
    adapter.delete(PIPELINE, made.id, changed, made.outputs)
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        client.get_pipeline(name=NAME)


def test_a_project_whose_source_is_elsewhere_still_has_to_say_where(emulator: Emulator) -> None:
    with pytest.raises(ClientError, match="source location is required"):
        emulator.client("codebuild").create_project(
            name="elsewhere",
            source={"type": "GITHUB"},
            artifacts={"type": "CODEPIPELINE"},
            environment={"type": "LINUX_CONTAINER", "image": IMAGE, "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=f"arn:aws:iam::{emulator.account}:role/builds",
        )
