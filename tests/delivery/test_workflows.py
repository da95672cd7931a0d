"""What holds for every workflow: what a run may do, for how long, and whose code it runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.delivery.blocks import ROOT, WORKFLOWS, workflows

#: The actions of others, each by the commit of a version.
ACTIONS = {
    "actions/checkout": ("de0fac2e4500dabe0009e67214ff5f5447ce83dd", "v6.0.2"),
    "actions/download-artifact": ("70fc10c6e5e1ce46ad2ea6f2b72d43f7d47b13c3", "v8.0.0"),
    "actions/setup-python": ("a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "anchore/sbom-action/download-syft": ("e22c389904149dbc22b58101806040fa8d37a610", "v0.24.0"),
    "aws-actions/configure-aws-credentials": ("8df5847569e6427dd6c4fb1cf565c83acfa8afa7", "v6.0.0"),
    "docker/setup-buildx-action": ("4d04d5d9486b7bd6fa91e7baf45bbb4f8b9deedd", "v4.0.0"),
    "pulumi/actions": ("8e5e406f4007fca908480587cb9893c07090f58d", "v7.0.0"),
    "sigstore/cosign-installer": ("ba7bc0a3fef59531c69a25acd34668d6d3fe6f22", "v4.1.0"),
}
#: What a job may do with the token of the run.
MAY = {
    "drift/drift": {"contents": "read", "id-token": "write"},
    "deploy/images": {"actions": "read", "contents": "read"},
    "images/images": {"actions": "read", "contents": "read"},
    "deploy/staging": {"contents": "read", "id-token": "write"},
    "deploy/prod": {"contents": "read", "id-token": "write"},
    "pull-request/comment": {"pull-requests": "write"},
    "pull-request/preview": {"contents": "read", "id-token": "write"},
    "release/release": {"contents": "write"},
    "stack/deploy": {"contents": "read", "id-token": "write"},
}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, workflow in workflows().items():
        for job_id, job in workflow["jobs"].items():
            yield f"{name}/{job_id}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for where, job in jobs():
        yield from ((where, step) for step in job.get("steps", ()))


def test_every_action_is_pinned_to_the_commit_of_a_version() -> None:
    used = {
        (action, commit, version)
        for path in WORKFLOWS.iterdir()
        for action, commit, version in re.findall(r"uses: ([^./\s]\S*)@(\S+)(?: # (\S+))?\n", path.read_text())
    }
    assert used == {(action, commit, version) for action, (commit, version) in ACTIONS.items()}
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit, _ in ACTIONS.values())


def test_no_workflow_runs_with_the_rights_of_the_repository_for_somebody_elses_code() -> None:
    events = {event for workflow in workflows().values() for event in workflow["on"]}
    assert events <= {"pull_request", "push", "schedule", "workflow_call", "workflow_dispatch"}


def test_a_job_may_read_the_repository_and_no_more_than_it_says() -> None:
    for name, workflow in workflows().items():
        assert workflow["permissions"] == {}, name
    for where, job in jobs():
        assert job["permissions"] == MAY.get(where, {"contents": "read"}), where


def test_no_secret_is_stored() -> None:
    for path in WORKFLOWS.iterdir():
        assert "secrets." not in path.read_text(), path.name
        assert "secrets: inherit" not in path.read_text(), path.name


def test_no_checkout_leaves_the_token_behind() -> None:
    found = [step for _, step in steps() if str(step.get("uses")).startswith("actions/checkout@")]
    assert found
    assert [step for step in found if step["with"]["persist-credentials"] is not False] == []


def test_every_job_ends_by_itself() -> None:
    for where, job in jobs():
        if "uses" not in job:
            assert 0 < job["timeout-minutes"] <= 180, where


def test_two_runs_of_one_thing_do_not_meet() -> None:
    for name, workflow in workflows().items():
        groups = [workflow.get("concurrency"), *(job.get("concurrency") for job in workflow["jobs"].values())]
        assert any(groups) or set(workflow["on"]) == {"workflow_call"}, name


def test_every_job_has_the_python_of_the_project() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    versions = {step["with"]["python-version"] for _, step in steps() if "setup-python" in str(step.get("uses"))}
    assert {f"=={version}.*" for version in versions} == {wanted}


def test_credentials_are_for_jobs_with_an_environment_and_each_environment_has_its_role() -> None:
    for where, job in jobs():
        taken = [step["with"] for step in job.get("steps", ()) if "aws-credentials" in str(step.get("uses"))]
        assert bool(taken) is ("environment" in job), where
        assert all(step["role-to-assume"] == "${{ vars.AWS_ROLE }}" for step in taken)
    environments = {where: job["environment"] for where, job in jobs() if "environment" in job}
    assert environments == {
        "drift/drift": "${{ matrix.stack }}-preview",
        "pull-request/preview": "${{ matrix.stack }}-preview",
        "stack/deploy": "${{ inputs.stack }}",
    }


def test_a_fork_gets_no_credentials_and_what_may_write_runs_nothing_of_the_pull_request() -> None:
    found = workflows()["pull-request"]["jobs"]
    condition = "github.event.pull_request.head.repo.full_name == github.repository"
    assert {name for name, job in found.items() if "id-token" in job["permissions"]} == {"preview"}
    assert condition in found["preview"]["if"]
    assert found["comment"]["needs"] == "preview"
    assert "needs.preview.result != 'skipped'" in found["comment"]["if"]
    assert not any("checkout" in str(step.get("uses")) for step in found["comment"]["steps"])


def test_prod_comes_after_staging_with_the_same_images() -> None:
    found = workflows()["deploy"]["jobs"]
    assert [(name, job.get("needs")) for name, job in found.items()] == [
        ("check", None),
        ("images", "check"),
        ("staging", "images"),
        ("prod", ["images", "staging"]),
    ]
    staging, prod = (found[name] for name in ("staging", "prod"))
    assert staging["with"] | {"stack": "prod"} == prod["with"]
    assert staging["uses"] == prod["uses"] == "./.github/workflows/stack.yml"


def test_a_job_without_credentials_builds_what_others_push() -> None:
    found = workflows()["images"]["jobs"]["images"]
    assert "environment" not in found
    assert set(found["permissions"].values()) == {"read"}


def test_the_cli_of_the_runs_is_that_of_the_sdk() -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (sdk,) = (package["version"] for package in locked if package["name"] == "pulumi")
    installed = {step["with"]["pulumi-version"] for _, step in steps() if "pulumi/actions" in str(step.get("uses"))}
    assert installed == {sdk}


def test_what_is_committed_for_a_stack_is_what_the_runs_go_over() -> None:
    stacks = sorted(path.stem.removeprefix("Pulumi.") for path in ROOT.glob("Pulumi.*.yaml"))
    found = {where: sorted(job["strategy"]["matrix"]["stack"]) for where, job in jobs() if "strategy" in job}
    assert found == dict.fromkeys(["drift/drift", "pull-request/judge", "pull-request/preview"], stacks)
