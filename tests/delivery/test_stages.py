"""Workflows of GitHub, jobs of GitLab, builds of CodePipeline: they do what .ci/stages.yaml says, in those words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from components.delivery.stages import BUILDS, Delivered, of_code, project
from contracts.names import Names
from settings import CodePipeline
from tests.delivery.blocks import ROOT, workflows
from tests.delivery.codebuild import Buildspec

STAGES: list[dict[str, Any]] = yaml.safe_load((ROOT / ".ci" / "stages.yaml").read_text())
GITLAB: dict[str, Any] = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
NAMES = [stage["stage"] for stage in STAGES]
#: The same thing in the words of each.
_WORDS = {
    "BASE=HEAD^1": 'BASE="$BASE"',
    "$GITHUB_REF_NAME": "$TAG",
    "$CI_COMMIT_TAG": "$TAG",
    ' SYFT="$SYFT"': "",
}
_COMMAND = re.compile(r"(?:make|\.venv/bin/python -m automation|\.ci/release-notes) [^;&]+")


def commands(lines: Iterable[str]) -> list[str]:
    """The project's own commands in some lines of shell."""
    found = [each.strip() for line in lines for each in _COMMAND.findall(line)]
    for word, other in _WORDS.items():
        found = [each.replace(word, other) for each in found]
    return found


def on_github(where: str) -> list[str]:
    workflow, _, job = where.partition("/")
    steps = workflows()[workflow]["jobs"][job]["steps"]
    return commands(line for step in steps for line in step.get("run", "").splitlines())


def gitlab(job: str) -> dict[str, Any]:
    """A job with what it extends, one level after the other."""
    own = GITLAB[job]
    return {**(gitlab(own["extends"]) if "extends" in own else {}), **own}


@pytest.mark.parametrize("stage", STAGES, ids=NAMES)
def test_a_stage_has_the_same_commands_everywhere(stage: dict[str, Any]) -> None:
    job = gitlab(stage["stage"])
    assert commands([*job["script"], *job.get("after_script", ())]) == stage["commands"]
    for where in stage["github"]:
        assert on_github(where) == stage["commands"], where
    if buildspec := stage.get("buildspec"):
        found = Buildspec.read(buildspec).commands
        # What only an approval in CodePipeline asks for comes after all that the others do.
        here = [each for each in commands(found) if " delivered " not in each]
        assert here == [each.replace('"', "") for each in stage["commands"]]


def test_code_pipeline_does_what_a_merge_does_in_the_same_order() -> None:
    of = Delivered(
        names=(staging := Names(stack="staging", account="123456789012", region="eu-west-1")),
        production=staging.elsewhere("prod"),
        settings=CodePipeline.model_validate(
            {
                "source": {"kind": "codecommit", "repository": "ml-platform"},
                "image": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/delivery@sha256:{'0' * 64}",
            }
        ),
        state_bucket="example-pulumi-state",
        approvals="",
    )
    built = {project(of.names, build.name): build.buildspec for build in BUILDS}
    actions = [action for stage in of_code(of) for action in stage.actions if action.provider == "CodeBuild"]
    run = [built[action.configuration["ProjectName"]] for action in actions]
    on_merge = [stage["buildspec"] for stage in STAGES if "buildspec" in stage]
    assert [each for each in run if each in on_merge] == on_merge
    assert [each for each in run if each not in on_merge] == ["brief", "approved"]


def test_the_stages_have_one_order() -> None:
    assert GITLAB["stages"] == NAMES
    jobs = workflows()["deploy"]["jobs"]
    assert list(jobs) == [name for name in NAMES if name in jobs]
    of_a_change = workflows()["pull-request"]["jobs"]
    assert [name for name in of_a_change if name != "comment"] == [name for name in NAMES if name in of_a_change]


def test_every_job_is_a_stage_of_its_name() -> None:
    reserved = {"stages", "workflow", "default", "variables"}
    jobs = {name: job["stage"] for name, job in GITLAB.items() if name not in reserved and not name.startswith(".")}
    assert jobs == {name: name for name in NAMES}
    known = {where for stage in STAGES for where in stage["github"]}
    ours = {
        f"{name}/{job}"
        for name, workflow in workflows().items()
        for job in workflow["jobs"]
        if "steps" in workflow["jobs"][job] and on_github(f"{name}/{job}")
    }
    assert ours == known


@pytest.mark.parametrize("stage", STAGES, ids=NAMES)
def test_credentials_are_for_the_stages_that_need_an_account(stage: dict[str, Any]) -> None:
    job = gitlab(stage["stage"])
    assert ("id_tokens" in job) is (stage["account"] != "nothing")
    environments = {"nothing": None, "read": "$STACK-preview", "deploy": "$STACK"}
    assert job.get("environment", {}).get("name") == environments[stage["account"]]
    for where in stage["github"]:
        workflow, _, name = where.partition("/")
        granted = workflows()[workflow]["jobs"][name]["permissions"]
        assert ("id-token" in granted) is (stage["account"] != "nothing"), where


def test_prod_waits_for_somebody_and_staging_does_not() -> None:
    assert [rule.get("when") for rule in gitlab("prod")["rules"]] == ["manual"]
    assert [rule.get("when") for rule in gitlab("staging")["rules"]] == [None]
    assert gitlab("prod")["variables"] == {"STACK": "prod"}


def test_whoever_deploys_has_the_images_of_that_commit() -> None:
    deploying = {rule["if"] for name in ("staging", "prod") for rule in gitlab(name)["rules"]}
    assert [{rule["if"]} for rule in gitlab("images")["rules"]] == [deploying]
    assert "changes" not in gitlab("images")["rules"][0]


def test_deployments_of_one_stack_do_not_meet_and_are_not_interrupted() -> None:
    for name in ("staging", "prod"):
        assert gitlab(name)["resource_group"] == "stack-$STACK"
        assert gitlab(name)["interruptible"] is False


def test_gitlab_stores_no_key() -> None:
    text = (ROOT / ".gitlab-ci.yml").read_text()
    assert not re.search(r"AWS_SECRET|AWS_ACCESS_KEY|PULUMI_ACCESS_TOKEN", text)
    assert {each["aud"] for each in gitlab("drift")["id_tokens"].values()} == {"sts.amazonaws.com"}


def test_a_merge_request_of_a_fork_gets_no_credentials() -> None:
    (rule,) = gitlab("preview")["rules"]
    assert rule["if"].endswith("&& $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID")


def test_no_job_of_gitlab_runs_in_whatever_image_is_the_latest() -> None:
    """What takes a role or writes a release runs in an image that the project names by digest, the rest in versions."""
    images = {name: gitlab(name).get("image", GITLAB["default"]["image"]) for name in NAMES}
    assert {name: image for name, image in images.items() if image.startswith("$")} == {
        **dict.fromkeys(("preview", "staging", "prod", "drift"), "$DELIVERY_IMAGE"),
        "release": "$RELEASE_IMAGE",
    }
    assert [image for image in images.values() if not re.search(r"^\$|:\d", image)] == []
