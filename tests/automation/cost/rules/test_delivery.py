"""What pipelines of CodePipeline cost: minutes, by use."""

from __future__ import annotations

from typing import Any

from automation.cost import Traffic
from tests.automation.cost.written import estimated, items, resource, usd


def build(project: str) -> dict[str, Any]:
    return {"category": "Build", "provider": "CodeBuild", "configuration": {"ProjectName": project}}


SOURCE = {"category": "Source", "provider": "CodeCommit", "configuration": {}}
APPROVAL = {"category": "Approval", "provider": "Manual", "configuration": {}}
STAGES = [{"actions": [SOURCE]}, {"actions": [build("deploy"), build("brief")]}, {"actions": [APPROVAL]}]
CODE = resource("codepipeline/pipeline:Pipeline", "code", stages=STAGES)
MODELS = resource("codepipeline/pipeline:Pipeline", "models", stages=[STAGES[0], {"actions": [build("brief")]}])


def project(name: str, size: str) -> dict[str, Any]:
    return resource("codebuild/project:Project", name, name=name, environment={"computeType": size})


def test_actions_cost_their_minutes_and_an_approval_nothing() -> None:
    found = estimated(CODE, traffic=Traffic(deliveries=10, build_minutes=6))
    assert items(found, "code") == {"V2 action": 180}
    assert usd(found) == 0.36


def test_a_build_costs_by_its_size_once_for_each_action_that_runs_it() -> None:
    projects = (project("deploy", "BUILD_GENERAL1_SMALL"), project("brief", "BUILD_GENERAL1_MEDIUM"))
    found = estimated(CODE, MODELS, *projects, traffic=Traffic(deliveries=10, build_minutes=6))
    assert items(found, "deploy") == {"general1.small": 60}
    assert items(found, "brief") == {"general1.medium": 120}


def test_a_stack_that_is_never_delivered_pays_for_no_pipeline() -> None:
    deployed = project("deploy", "BUILD_GENERAL1_SMALL")
    assert usd(estimated(CODE, deployed, traffic=Traffic(deliveries=0))) == 0
