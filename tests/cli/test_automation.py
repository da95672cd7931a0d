"""`automation/stacks` on the real engine, the AWS plugin played; tests/automation/stacks has a CLI that is played."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from automation.operations.errors import PolicyViolationError, RefusedError
from automation.stacks import deployment, drift, teardown, workspace
from contracts.release.lock import BusyError
from tests.cli.test_pulumi import LIVE, Cli, stack

pytestmark = [
    pytest.mark.pulumi_cli,
    pytest.mark.skipif(not shutil.which("pulumi"), reason="the Pulumi CLI is not on PATH"),
]
KILLED = """
import sys
from pathlib import Path
from automation.stacks import deployment, workspace
deployment.up(workspace.select(sys.argv[1], Path(sys.argv[2])), watch=lambda log: print(len(log.done), flush=True))
"""


def opened(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stack, found by the functions of automation with no variable of the pack in the shell."""
    for name, value in cli.environment.items():
        monkeypatch.setenv(name, value)
    for name in (workspace.PACK, workspace.LEVELS):
        monkeypatch.delenv(name, raising=False)
    return workspace.select(cli.stack, cli.project)


def test_a_protected_stack_is_brought_up_judged_without_any_variable_in_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = stack(tmp_path, "prod")
    engine = opened(cli, monkeypatch)
    planned = deployment.preview(engine)
    done = deployment.up(engine)
    made = {resource["urn"] for resource in cli.resources()}
    for steps in (planned.steps, done.steps):
        assert {step.urn for step in steps if step.type.startswith("aws:")} == made
    assert deployment.up(engine).nothing
    assert drift.judged(deployment.preview_refresh(engine)).foreign == []
    assert deployment.outputs(engine)["waiting_for"] == []
    before = cli.resources()
    with pytest.raises(RefusedError, match="the stack is protected"):
        teardown.tear_down(engine, lambda _: None, region="eu-west-1", empty=False)
    assert cli.resources() == before


def test_a_violation_is_one_before_anything_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = stack(tmp_path, "prod", **{LIVE: {"capture_percent": 0}})
    with pytest.raises(PolicyViolationError, match=r"dataCaptureConfig.initialSamplingPercentage is 0; it must be at"):
        deployment.preview(opened(cli, monkeypatch))
    assert cli.resources() == []


def test_a_stack_goes_and_says_which_keys_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = stack(tmp_path, "staging")
    engine = opened(cli, monkeypatch)
    deployment.up(engine)
    done = teardown.tear_down(engine, lambda _: None, region="eu-west-1", empty=False)
    assert cli.resources() == []
    assert {left.what.split()[0] for left in done.left} >= {"key"}
    assert teardown.tear_down(engine, lambda _: None, region="eu-west-1", empty=False).steps == []
    deployment.remove(engine)
    with pytest.raises(RefusedError, match="stack staging is not in the backend"):
        workspace.select("staging", cli.project)
    assert (cli.project / "Pulumi.staging.yaml").is_file()


def test_a_run_that_was_killed_leaves_a_lock_that_cancel_takes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = stack(tmp_path, "staging")
    engine = opened(cli, monkeypatch)
    command = [sys.executable, "-c", KILLED, cli.stack, str(cli.project)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 3:
            pass
        os.killpg(process.pid, signal.SIGKILL)
    time.sleep(1)  # the plugins notice that their engine is gone
    with pytest.raises(BusyError, match=r"locked by another update .* `python -m automation cancel --stack staging`"):
        deployment.preview(engine)
    deployment.cancel(engine)
    if any(each.op == "creating" for each in deployment.pending(engine)):
        with pytest.raises(RefusedError, match="was killed while it created"):
            deployment.up(engine)
        deployment.refresh(engine, forget_creates=True)
    deployment.up(engine)
    assert deployment.up(engine).nothing
