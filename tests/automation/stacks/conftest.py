"""A project in a directory of its own, and a `pulumi` on PATH that is played (`stub_pulumi`)."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation.commands import stacks, target
from automation.stacks import environments
from settings.__main__ import main as settings_main
from tests.automation.cost.written import resource, synth

ROOT = Path(__file__).parents[3]
BUCKET, TOPIC, ENDPOINT = "aws:s3/bucket:Bucket", "aws:sns/topic:Topic", "aws:sagemaker/endpoint:Endpoint"
RESOURCES = (
    {"type": BUCKET, "name": "lake-raw-bucket"},
    {"type": TOPIC, "name": "alerts-topic"},
    {"type": ENDPOINT, "name": "churn-live-endpoint"},
)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The played CLI: what its program wants, what goes wrong, what it was asked, and the state that it has."""

    home: Path
    project: Path

    def set(self, **changes: Any) -> None:
        path = self.home / "scenario.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(known | changes))

    def state(self, stack: str) -> dict[str, Any]:
        return json.loads((self.home / f"{stack}.json").read_text())

    def put(self, stack: str, **state: Any) -> None:
        known: dict[str, Any] = {"resources": [], "pending": [], "outputs": {}, "history": []}
        (self.home / f"{stack}.json").write_text(json.dumps(known | state))

    def stacks(self) -> list[str]:
        return sorted(path.stem for path in self.home.glob("*.json") if path.stem != "scenario")

    def names(self, stack: str) -> list[str]:
        return [resource["name"] for resource in self.state(stack)["resources"]]

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        path = self.home / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def asked(self) -> list[str]:
        """The commands that were called, without those that only read."""
        commands = [
            " ".join(call["argv"][:2] if call["argv"][0] == "stack" else call["argv"][:1]) for call in self.calls
        ]
        return [
            each
            for each in commands
            if each not in ("stack --show-name", "stack export", "stack output", "stack history")
        ]


def checked_here(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
    """`python -m settings check`, without the second that a process of its own takes."""
    assert command[1:4] == ["-m", "settings", "check"]
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        code = settings_main(command[3:])
    return subprocess.CompletedProcess(command, code, stdout="", stderr=said.getvalue())


#: 14.60 USD a month.
VPC_ENDPOINT = resource("ec2/vpcEndpoint:VpcEndpoint", "sns", vpcEndpointType="Interface", subnetIds=["a", "b"])


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Stacks staging (there, empty) and prod (not there) of a project; commands act on that one."""
    project, home, programs = (tmp_path / name for name in ("project", "backend", "bin"))
    for directory in (project / "policies", home, programs):
        directory.mkdir(parents=True)
    for name in ("Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "policies" / "config", project / "policies" / "config")
    stub = programs / "pulumi"
    stub.write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} {Path(__file__).with_name("stub_pulumi.py")} "$@"\n'
    )
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STUB_HOME", str(home))
    monkeypatch.setattr(target, "PROJECT", project)
    monkeypatch.setattr(environments, "subprocess", SimpleNamespace(run=checked_here))
    monkeypatch.setattr(stacks, "findings", lambda _: [])  # it has tests of its own, and this project no program
    monkeypatch.setattr(stacks.local, "synth", lambda *_: synth(VPC_ENDPOINT))  # the same
    played = Engine(home=home, project=project)
    played.set(
        resources=RESOURCES,
        violations=[],
        refuses={},
        fails={},
        fails_once=False,
        hangs="",
        drift={},
        config={},
        outputs={"waiting_for": []},
    )
    played.put("staging")
    return played
