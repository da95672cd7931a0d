"""A workload that is new: its contract proposed from data and judged, and its place in a stack's file.

Contract and data are read by `python -m contracts`, a process of its own: what reads data is no part of this package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from automation.operations import stack_files
from automation.operations.errors import RefusedError

_KEY: Final = "ml-platform:workloads"


def propose(data: Path, options: Mapping[str, str | None]) -> Mapping[str, Any]:
    """Write the contract that `data` suggests; a person at a terminal is asked for what is open. Returns its facts."""
    given = [text for name, value in options.items() if value is not None for text in (f"--{name}", value)]
    done = _contracts("propose", str(data.resolve()), "--json", *given, asks=True)
    if done.returncode:
        raise RefusedError(done.stderr.strip() if done.stderr else "no contract was written")
    return json.loads(done.stdout)


def judge(contract: Path, data: Path) -> str:
    """What a run would make of the data. RefusedError where no model could be trained on it."""
    done = _contracts("check", str(contract), "--data", str(data.resolve()))
    if done.returncode:
        raise RefusedError(f"{done.stdout}{done.stderr}".strip())
    return done.stdout.strip()


def require_new(stack_file: Path, name: str) -> None:
    """RefusedError where the stack's file has a workload of that name."""
    known = (stack_files.read(stack_file).get("config") or {}).get(_KEY)
    if isinstance(known, dict) and name in known:
        raise RefusedError(f"{stack_file}: workload {name!r} is there already; give another --name")


def add(stack_file: Path, name: str, contract: str, *, default: Mapping[str, Any]) -> None:
    """Add the workload to a stack's file, whose other lines stay as they are, comments and all.

    `default` are the workloads of a stack that names none, which the file has to name from now on. RefusedError where
    the workload is there already, and where the file is written in a way that leaves no place for lines.
    """
    require_new(stack_file, name)
    text = stack_file.read_text(encoding="utf-8")
    before = yaml.safe_load(text) or {}
    known = (before.get("config") or {}).get(_KEY)
    added = {name: _entry(contract)}
    if known is None:
        added = {**default, **added}
    if known is not None and not isinstance(known, dict):  # JSON in text, as `pulumi config set` writes it
        changed, wanted = None, None
    else:
        wanted = {**before, "config": {**(before.get("config") or {}), _KEY: {**(known or {}), **added}}}
        changed = _inserted(text, added, has_key=known is not None)
    if changed is None or yaml.safe_load(changed) != wanted:
        raise RefusedError(
            f"{stack_file} is not written line by line there; add to {_KEY}:\n{yaml.safe_dump(added, sort_keys=False)}"
        )
    stack_file.write_text(changed, encoding="utf-8")


def _entry(contract: str) -> dict[str, Any]:
    return {"contract": contract, "endpoints": {"live": {"kind": "realtime"}}}


def _inserted(text: str, added: Mapping[str, Any], *, has_key: bool) -> str | None:
    """`text` with the lines of `added` after the last workload, or after the last key of the config; None: no place."""
    config = stack_files.below(yaml.compose(text, yaml.SafeLoader), "config")
    place = stack_files.below(config, _KEY) if has_key else config
    if not isinstance(place, yaml.MappingNode) or place.flow_style or not place.value:
        return None
    block = yaml.safe_dump(added if has_key else {_KEY: added}, sort_keys=False)
    column = place.value[0][0].start_mark.column
    old = text.splitlines(keepends=True)
    at = stack_files.last_line(place) + 1
    if old[at - 1][-1] != "\n":
        old[at - 1] += "\n"
    return "".join([*old[:at], *(f"{' ' * column}{line}\n" for line in block.splitlines()), *old[at:]])


def _contracts(*arguments: str, asks: bool = False) -> subprocess.CompletedProcess[str]:
    """`python -m contracts`; with `asks` a person at a terminal sees its questions, and why it refuses."""
    at_terminal = asks and sys.stdin.isatty()
    return subprocess.run(
        [sys.executable, "-m", "contracts", *arguments],
        cwd=Path(__file__).parents[2],
        stdin=None if at_terminal else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if at_terminal else subprocess.PIPE,
        text=True,
        check=False,
    )
