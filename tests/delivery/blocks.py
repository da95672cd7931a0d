"""The run blocks of the workflows, and a shell that runs one as a runner does, with every program a stub.

What this shows: a block calls what it is to call, in that order, with those words, and stops at the first call that
fails. What it cannot show: what the programs do (their own tests do that) and what a runner has installed.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
#: How the workflows have their blocks run; {0} is the block's file.
SHELL = "bash -euo pipefail {0}"
#: Programs that a block may call by name. They are stubs here.
PROGRAMS = ("gh", "git", "make", ".ci/release-notes", ".venv/bin/python")
#: What an expression in `env` stands for here.
EXPRESSIONS = {
    "github.event.pull_request.number": "7",
    "github.token": "the-token",
    "inputs.stack": "staging",
    "matrix.stack": "staging",
    "steps.syft.outputs.cmd": "/tools/syft",
    "vars.PULUMI_BACKEND_URL": "s3://state",
}
_STUB = """#!/bin/bash
call=$(wc -l < "$CALLS")
echo "${0#"$STUBS"/} $*" >> "$CALLS"
if [ -f "$ANSWERS/$call" ]; then cat "$ANSWERS/$call"; fi
if [ "$call" = "$FAILING" ]; then exit 3; fi
"""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A step with `run`; `where` is workflow/job/number of the block in its job."""

    where: str
    script: str
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a block ended, and what it called."""

    code: int
    calls: Sequence[str]
    said: str
    cwd: Path


def read(path: Path) -> dict[str, Any]:
    """A workflow. YAML 1.1 reads the key `on` as true."""
    found = yaml.safe_load(path.read_text())
    found["on"] = found.pop(True)
    return found


def workflows() -> dict[str, dict[str, Any]]:
    """The workflows by the name of their file."""
    return {path.stem: read(path) for path in sorted(WORKFLOWS.iterdir())}


def blocks() -> Iterator[Block]:
    """Every block of every workflow."""
    for name, workflow in workflows().items():
        for job_id, job in workflow["jobs"].items():
            ran = [step for step in job.get("steps", ()) if "run" in step]
            for number, step in enumerate(ran, 1):
                environment = {**job.get("env", {}), **step.get("env", {})}
                yield Block(
                    where=f"{name}/{job_id}/{number}",
                    script=step["run"],
                    environment={key: _value(value) for key, value in environment.items()},
                )


def _value(text: str) -> str:
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: EXPRESSIONS[found[1]], text)


def run(block: Block, home: Path, *, answers: Mapping[int, str] | None = None, failing: int | None = None) -> Ran:
    """Run a block in an empty directory. `answers` is what the calls print, by number; call `failing` fails."""
    cwd, told = home / "cwd", home / "answers"
    for program in PROGRAMS:
        path = (cwd if "/" in program else home / "bin") / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_STUB)
        path.chmod(0o755)
    for stack in ("prod", "staging"):  # what steps before leave
        for place in (cwd / "comments" / f"comment-{stack}", cwd / ".local" / "delivery" / stack):
            place.mkdir(parents=True)
            (place / "comment.md").write_text(f"### {stack}\n")
    told.mkdir()
    for call, text in (answers or {}).items():
        (told / str(call)).write_text(text)
    (home / "calls").write_text("")
    (home / "block").write_text(block.script)
    environment = {
        "PATH": f"{home / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "CALLS": str(home / "calls"),
        "ANSWERS": str(told),
        "STUBS": str(home / "bin"),
        "FAILING": "" if failing is None else str(failing),
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_OUTPUT": str(home / "output"),
        "GITHUB_REF_NAME": "v0.1.0" if block.where.startswith("release/") else "main",
        "GITHUB_REPOSITORY": "example/platform",
        "GITHUB_SHA": "2222",
        "GITHUB_STEP_SUMMARY": str(home / "summary"),
        **block.environment,
    }
    command = SHELL.format(home / "block").split()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return Ran(code=done.returncode, calls=(home / "calls").read_text().splitlines(), said=said, cwd=cwd)
