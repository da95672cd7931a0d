"""What CodeBuild does with a buildspec of version 0.2, on this machine.

The commands of all phases run one after the other in one shell, and the first that fails ends the build (every phase
says `on-failure: ABORT`). CodeBuild user guide, "Build specification reference for CodeBuild".
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.delivery.blocks import ROOT

WHERE: Final = ROOT / "components" / "delivery" / "buildspecs"
PHASES: Final = ("install", "pre_build", "build", "post_build")


@dataclass(frozen=True, kw_only=True)
class Built:
    """How a build ended, what it exported, and what it said; `failed` is the command that ended it, None for none."""

    code: int
    exported: Mapping[str, str]
    said: str
    failed: str | None = None


@dataclass(frozen=True, kw_only=True)
class Buildspec:
    """One file of the project."""

    name: str
    content: Mapping[str, Any]

    @classmethod
    def read(cls, name: str, where: Path = WHERE) -> Buildspec:
        return cls(name=name, content=yaml.safe_load((where / f"{name}.yaml").read_text()))

    @property
    def environment(self) -> Mapping[str, Any]:
        return self.content["env"]

    @property
    def phases(self) -> Sequence[Mapping[str, Any]]:
        """In order."""
        return [self.content["phases"][phase] for phase in PHASES if phase in self.content["phases"]]

    @property
    def commands(self) -> Sequence[str]:
        """Those of all phases, in order, without what follows them however they ended (`finally`)."""
        return [command for phase in self.phases for command in phase["commands"]]

    def run(self, cwd: Path, environment: Mapping[str, str]) -> Built:
        """Run it in a directory with the source."""
        exports, reached = cwd / ".exports", cwd / ".reached"
        wanted = self.environment.get("exported-variables", ())
        lines, number = list[str](), 0
        for phase in self.phases:
            after = phase.get("finally", [])
            for command in phase["commands"]:
                lines += [f"echo {number} > '{reached}'", command, "ended=$?"]
                lines += ["if [ $ended != 0 ]; then", *after, "exit $ended; fi"]
                number += 1
            lines += [f"{each} || exit" for each in after]
        lines += [f"printf '%s=%s\\0' {name} \"${name}\" >> '{exports}'" for name in wanted]
        exports.write_text("")
        done = subprocess.run(
            [self.environment["shell"], "-c", "\n".join(lines)],
            cwd=cwd,
            env={**environment, **self.environment.get("variables", {})},
            capture_output=True,
            text=True,
            check=False,
        )
        pairs = [each.partition("=") for each in exports.read_text().split("\0") if each]
        exported = {name: value for name, _, value in pairs}
        failed = self.commands[int(reached.read_text())] if done.returncode else None
        return Built(code=done.returncode, exported=exported, said=done.stdout + done.stderr, failed=failed)
