from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from automation.commands import app
from tests.delivery.blocks import ROOT, SHELL, Block, blocks, run, workflows

BLOCKS = {block.where: block for block in blocks()}
#: What each block calls where all goes well.
_AUTOMATION = ".venv/bin/python -m automation"
_COMMENTS = "repos/example/platform/issues/7/comments"
_DEPLOYED = "repos/example/platform/actions/workflows/deploy.yml/runs?branch=main&status=success&per_page=1"
_MINE = (
    '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- ml-platform: preview -->"))) | .id'
)
CALLS = {
    "deploy/check/1": ["make check"],
    "deploy/check/2": ["make test"],
    "drift/drift/1": ["make setup"],
    "drift/drift/2": [f"{_AUTOMATION} drift --stack staging"],
    "images/images/1": [
        f"gh api {_DEPLOYED} --jq .workflow_runs[0].head_sha // empty",
        "git diff --quiet 1111 HEAD -- contracts workloads .dockerignore",
    ],
    "images/images/2": ["make images SYFT=/tools/syft"],
    "nightly/nightly/1": ["make test-all"],
    "pull-request/check/1": ["make check"],
    "pull-request/check/2": ["make test"],
    "pull-request/comment/1": [
        f"gh api --paginate {_COMMENTS} --jq {_MINE}",
        f"gh api --method POST {_COMMENTS} -F body=@comment.md --silent",
    ],
    "pull-request/judge/1": ["make setup"],
    "pull-request/judge/2": ["make pr-cost STACK=staging BASE=HEAD^1"],
    "pull-request/judge/3": ["make pr-policies STACK=staging"],
    "pull-request/judge/4": ["make pr-comment STACK=staging"],
    "pull-request/preview/1": ["make setup"],
    "pull-request/preview/2": ["make pr-preview STACK=staging"],
    "pull-request/preview/3": ["make pr-comment STACK=staging"],
    "release/check/1": ["make check"],
    "release/check/2": ["make test"],
    "release/release/1": [".ci/release-notes v0.1.0"],
    "release/release/2": ["gh release create v0.1.0 --verify-tag --title v0.1.0 --notes-file notes.md"],
    "stack/deploy/1": ["gh api repos/example/platform/commits/main --jq .sha"],
    "stack/deploy/2": ["make setup"],
    "stack/deploy/3": [
        f"{_AUTOMATION} ship training --stack staging --yes",
        f"{_AUTOMATION} ship inference --stack staging --yes",
        f"{_AUTOMATION} ship inference-arm64 --stack staging --yes",
    ],
    "stack/deploy/4": [f"{_AUTOMATION} up --stack staging --yes"],
    "stack/deploy/5": [f"{_AUTOMATION} verify --stack staging"],
    "stack/deploy/6": [f"{_AUTOMATION} smoke --stack staging --report .local/delivery/smoke.xml"],
}
#: What a call prints, where the block reads it: block -> number of the call -> text.
ANSWERS = {"images/images/1": {0: "1111\n"}, "stack/deploy/1": {0: "2222\n"}}
#: Where a call that fails is an answer.
ASKS = {("images/images/1", 1)}
FAILING = [(where, call) for where, calls in CALLS.items() for call in range(len(calls)) if (where, call) not in ASKS]


def test_every_block_of_the_workflows_is_run_here() -> None:
    assert sorted(BLOCKS) == sorted(CALLS)


def test_every_block_is_run_by_a_shell_that_stops_at_the_first_failure() -> None:
    for name, workflow in workflows().items():
        assert workflow["defaults"] == {"run": {"shell": SHELL}}, name
        assert [step for job in workflow["jobs"].values() for step in job.get("steps", ()) if "shell" in step] == []


def test_no_block_has_an_expression_pasted_into_its_text() -> None:
    assert [block.where for block in BLOCKS.values() if "${{" in block.script] == []


@pytest.mark.parametrize("where", sorted(BLOCKS))
def test_a_block_calls_what_it_is_to_call(where: str, tmp_path: Path) -> None:
    ran = run(BLOCKS[where], tmp_path, answers=ANSWERS.get(where))
    assert (ran.calls, ran.code) == (CALLS[where], 0), ran.said


@pytest.mark.parametrize(("where", "call"), FAILING, ids=[f"{where} call {call}" for where, call in FAILING])
def test_a_call_that_fails_stops_its_block(where: str, call: int, tmp_path: Path) -> None:
    ran = run(BLOCKS[where], tmp_path, answers=ANSWERS.get(where), failing=call)
    assert ran.calls == CALLS[where][: call + 1]
    assert ran.code != 0


def test_a_call_that_fails_within_a_pipe_or_a_substitution_stops_the_block_too(tmp_path: Path) -> None:
    for number, script in enumerate(("make a | tail -n 1\nmake b", 'found=$(make a | tail -n 1)\nmake "b$found"')):
        ran = run(Block(where="x", script=script, environment={}), tmp_path / str(number), failing=0)
        assert (ran.calls, ran.code) == (["make a"], 3)


def test_a_variable_that_nobody_set_stops_the_block(tmp_path: Path) -> None:
    ran = run(Block(where="x", script='make "$STAK"', environment={"STACK": "prod"}), tmp_path)
    assert (ran.calls, ran.code) == ([], 1)


@pytest.mark.parametrize(
    "command", sorted({call for calls in CALLS.values() for call in calls if call.startswith("make ")})
)
def test_what_is_made_is_a_target_of_the_makefile(command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def commands() -> list[list[str]]:
    calls = {call for calls in CALLS.values() for call in calls if call.startswith(f"{_AUTOMATION} ")}
    return sorted(call.removeprefix(f"{_AUTOMATION} ").split() for call in calls)


@pytest.mark.parametrize("argv", commands(), ids=lambda argv: " ".join(argv))
def test_what_is_asked_of_automation_is_one_of_its_commands(argv: list[str]) -> None:
    group: Any = get_command(app)
    context = group.make_context("automation", [*argv])
    name, command, rest = group.resolve_command(context, [*argv])
    command.make_context(name, rest, parent=context)  # parses, and runs nothing


def test_images_are_built_when_something_of_them_changed_or_nobody_knows(tmp_path: Path) -> None:
    block = BLOCKS["images/images/1"]
    for number, (event, deployed, failing, built) in enumerate(
        [
            ("push", "1111\n", None, "false"),
            ("push", "1111\n", 1, "true"),  # something differs, or nobody has that commit any more
            ("push", "", None, "true"),  # nothing was ever deployed
            ("workflow_dispatch", "1111\n", None, "true"),  # somebody asks for it, as for a newer base image
        ]
    ):
        home = tmp_path / str(number)
        asked = Block(where=block.where, script=block.script, environment={"GITHUB_EVENT_NAME": event})
        assert run(asked, home, answers={0: deployed}, failing=failing).code == 0
        assert (home / "output").read_text() == f"built={built}\n"


def test_a_comment_that_is_there_is_written_again(tmp_path: Path) -> None:
    block = BLOCKS["pull-request/comment/1"]
    ran = run(block, tmp_path, answers={0: "41\n42\n"})
    assert ran.calls[1:] == [
        "gh api --method PATCH repos/example/platform/issues/comments/42 -F body=@comment.md --silent"
    ]
    assert (ran.cwd / "comment.md").read_text() == "<!-- ml-platform: preview -->\n### prod\n### staging\n"


def test_a_run_that_main_has_left_behind_deploys_nothing(tmp_path: Path) -> None:
    ran = run(BLOCKS["stack/deploy/1"], tmp_path, answers={0: "3333\n"})
    assert ran.code == 1
    assert ran.said == "::error::main is at 3333: approve the run of that commit instead of this one\n"


def test_what_forks_are_told_stands_in_the_summary_of_the_run(tmp_path: Path) -> None:
    assert run(BLOCKS["pull-request/judge/4"], tmp_path).code == 0
    assert (tmp_path / "summary").read_text() == "### staging\n"
