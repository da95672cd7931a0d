"""Without a Pulumi CLI: the local run of this project, as a process of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from automation.exits import Exit
from automation.operations.errors import PolicyViolationError, RefusedError
from automation.stacks.deployment import Changes
from automation.stacks.log import Step, Violation

#: What stands beside every result of it.
SAYS = "by the local run (python -m local), on an emulated AWS: no Pulumi CLI and no account had a part in it"


def has_cli() -> bool:
    """Whether there is a Pulumi CLI on PATH."""
    return shutil.which("pulumi") is not None


def preview(stack: str, project: Path) -> Changes:
    """What `up` would do in the emulator of the stack, or in an empty account where none is running."""
    found = json.loads(_run(project, "preview", "--stack", stack, "--json").stdout)
    return Changes(
        steps=[Step(**step) for step in found["steps"]],
        counts=found["counts"],
        advisories=[Violation(**advisory) for advisory in found["advisories"]],
    )


def policies(stack: str, project: Path, *, form: str, levels: str | None = None) -> tuple[str, bool]:
    """What every policy says of every resource of a stack, and whether a mandatory one is violated."""
    named = ["--levels", levels] if levels else []
    done = _run(project, "policies", "--stack", stack, "--format", form, *named)
    return done.stdout.rstrip("\n"), done.returncode == Exit.POLICY


def synth(
    stack: str, project: Path, *, config: Sequence[str] = (), config_file: Path | None = None
) -> Mapping[str, Any]:
    """Every resource of a stack, with other config (`KEY=VALUE`) or another stack file where it is given."""
    options = [f"--config={each}" for each in config]
    options += [f"--config-file={config_file.resolve()}"] if config_file else []
    return json.loads(_run(project, "synth", "--stack", stack, "--out", "-", *options).stdout)


def judged(stack: str, project: Path, account: Mapping[str, str | None], *, config_file: Path | None = None) -> str:
    """What the program says of the network, key and bucket of an account that its config names; empty where they fit.

    `account` has access_key, secret_key and token of who asks, and `endpoint_url` where that is not AWS's own.
    """
    command = [sys.executable, "-m", "local", "synth", "--stack", stack, "--out", "-", "--account"]
    command += [f"--config-file={config_file.resolve()}"] if config_file else []
    done = subprocess.run(command, cwd=project, input=json.dumps(account), capture_output=True, text=True, check=False)
    return "" if done.returncode == Exit.DONE else _reason(done)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why it failed, without the warnings before."""
    found = re.search(r"^error: (.*)", done.stderr, re.DOTALL | re.MULTILINE)
    return found[1].strip() if found else done.stderr.strip() or f"it ended with {done.returncode}"


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "local", *arguments], cwd=project, capture_output=True, text=True, check=False
    )
    if done.returncode == Exit.DONE or (done.returncode == Exit.POLICY and done.stdout):
        return done
    said = done.stderr.strip().removeprefix("error: ")
    if done.returncode == Exit.POLICY:
        raise PolicyViolationError(f"mandatory policies are violated:\n{said}")
    raise RefusedError(f"the local run failed: {said or f'it ended with {done.returncode}'}")
