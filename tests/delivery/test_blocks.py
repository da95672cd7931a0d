from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.delivery.blocks import ROOT, SHELL, Block, blocks, run, workflows

BLOCKS = {block.where: block for block in blocks()}
#: What each block calls where all goes well.
CALLS = {
    "nightly/nightly/1": ["make test-all"],
    "release/check/1": ["make check"],
    "release/check/2": ["make test"],
    "release/release/1": [".ci/release-notes v0.1.0"],
    "release/release/2": ["gh release create v0.1.0 --verify-tag --title v0.1.0 --notes-file notes.md"],
}
FAILING = [(where, call) for where, calls in CALLS.items() for call in range(len(calls))]


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
    ran = run(BLOCKS[where], tmp_path)
    assert (ran.calls, ran.code) == (CALLS[where], 0)


@pytest.mark.parametrize(("where", "call"), FAILING, ids=[f"{where} call {call}" for where, call in FAILING])
def test_a_call_that_fails_stops_its_block(where: str, call: int, tmp_path: Path) -> None:
    ran = run(BLOCKS[where], tmp_path, failing=call)
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
    assert ".venv/bin/" in done.stdout
