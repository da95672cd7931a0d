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
    "actions/setup-python": ("a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"),
}
#: What a job may do with the token of the run, beyond reading the repository.
MAY = {
    "release/release": {"contents": "write"},
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
        assert job["permissions"] == {"contents": "read"} | MAY.get(where, {}), where


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
