"""The program and the policy pack under the real Pulumi CLI, its AWS plugin played by the sample cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.operations.counting import ON_PAPER
from components.ground import judged

ROOT = Path(__file__).parents[2]
#: What the CLI reads of the project; the rest of the checkout has no part in it.
PROGRAM = ("Pulumi.yaml", "__main__.py")
PACKAGES = ("automation", "components", "contracts", "policies", "settings", "shapes", "workloads")
#: Where the config of the one endpoint stands.
LIVE = "workloads/churn/endpoints/live"
#: The program's virtual environment holds the SDKs of these, so the CLI wants their plugins.
PLUGINS = ("aws", "awsx", "docker", "docker-build")

pytestmark = [
    pytest.mark.pulumi_cli,
    pytest.mark.skipif(not shutil.which("pulumi"), reason="the Pulumi CLI is not on PATH"),
]


def copy_program(target: Path) -> None:
    """Put what the CLI reads of the project into a new directory."""
    target.mkdir()
    for name in PROGRAM:
        shutil.copy(ROOT / name, target)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that has ended, and what it said."""

    code: int
    text: str


@dataclass(kw_only=True)
class Cli:
    """A stack in a copy of the project, with a backend of its own."""

    directory: Path
    stack: str
    policies: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def project(self) -> Path:
        return self.directory / "project"

    def prepare(self, changes: dict[str, Any]) -> None:
        """Copy the project, with changes in the stack's config, and create the stack."""
        copy_program(self.project)
        (self.project / ".venv").symlink_to(sys.prefix)
        content = yaml.safe_load((ROOT / f"Pulumi.{self.stack}.yaml").read_text())
        for section, change in changes.items():
            place: Any = content["config"]
            for key in f"ml-platform:{section}".split("/"):
                place = place.setdefault(key, {})
            place.update(change)
        (self.project / f"Pulumi.{self.stack}.yaml").write_text(yaml.safe_dump(content))
        levels = self.project / f"policies/config/{self.stack}.json"
        levels.write_text(json.dumps(json.loads(levels.read_text()) | self.policies))
        (self.directory / "state").mkdir()
        self.plugins("steady")
        assert self.run("stack", "init", "--secrets-provider", "passphrase").code == 0

    def plugins(self, state: str) -> None:
        """Put plugins in front of whatever the machine has; `state` is that of the sample cloud."""
        (self.directory / "bin").mkdir(exist_ok=True)
        for package in PLUGINS:
            path = self.directory / "bin" / f"pulumi-resource-{package}"
            arguments = f"-m tests.cli.plugin {package} {self.stack} {state}"
            path.write_text(f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} {arguments}\n")
            path.chmod(0o755)

    def up(self, *options: str) -> Ended:
        return self.run("up", "--yes", *options)

    @property
    def environment(self) -> dict[str, str]:
        """What the CLI is given beside the variables of the pack: its own backend, plugins that are played."""
        return {
            "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self.directory / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.directory / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "of a test",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            ON_PAPER: "yes",
        }

    def run(self, *arguments: str, policies: bool = True) -> Ended:
        """Run the CLI in the environment that `.envrc` gives, or without its policies."""
        judging = judged.variables(self.stack, self.project) if policies else {}
        environment = os.environ | self.environment | {name: str(path) for name, path in judging.items()}
        command = ["pulumi", *arguments, "--stack", self.stack, "--non-interactive"]
        done = subprocess.run(
            command, cwd=self.project, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        return Ended(code=done.returncode, text=done.stdout + done.stderr)

    def resources(self, kind: str = "aws:") -> Sequence[dict[str, Any]]:
        """The resources in the stack's state whose type begins with `kind`."""
        exported = json.loads(self.run("stack", "export").text)
        found = exported["deployment"].get("resources") or []
        return [resource for resource in found if resource["type"].startswith(kind)]


def stack(directory: Path, name: str, *, policies: dict[str, Any] | None = None, **changes: Any) -> Cli:
    cli = Cli(directory=directory, stack=name, policies=policies or {})
    cli.prepare(changes)
    return cli


def test_a_stack_comes_up_in_steps_and_then_stays_as_it_is(tmp_path: Path) -> None:
    cli = stack(tmp_path, "prod")
    cli.plugins("bootstrap")
    first = cli.up()
    assert first.code == 0, first.text
    assert len(json.loads(cli.run("stack", "output", "waiting_for", "--json").text)) == 3
    cli.plugins("steady")
    second = cli.up()
    assert second.code == 0, second.text
    assert json.loads(cli.run("stack", "output", "waiting_for", "--json").text) == []
    assert [endpoint["inputs"]["name"] for endpoint in cli.resources("aws:sagemaker/endpoint:")] == ["churn-prod-live"]
    again = cli.up("--expect-no-changes")
    assert again.code == 0, again.text

    deployed = cli.resources()
    destroyed = cli.run("destroy", "--yes")
    assert destroyed.code != 0
    assert 'churn-live-endpoint" cannot be deleted\n    because it is protected.' in destroyed.text
    assert cli.resources() == deployed


def test_an_update_whose_rollout_was_turned_back_fails_until_it_comes_through(tmp_path: Path) -> None:
    cli = stack(tmp_path, "prod")
    assert cli.up().code == 0
    before = cli.resources("aws:sagemaker/endpoint:")[0]["outputs"]["endpointConfigName"]
    assert (
        cli.run("config", "set", "--path", "ml-platform:workloads.churn.endpoints.live.instance_count", "4").code == 0
    )
    cli.plugins("turned-back")
    for _ in range(2):  # the state holds the new inputs by then, and the provider what it read
        failed = cli.up()
        assert failed.code != 0
        assert f"endpoint churn-prod-live serves {before} and not churn-prod-live-" in failed.text
        assert "`python -m automation follow` writes it" in failed.text
    cli.plugins("steady")
    mended = cli.up()
    assert mended.code == 0, mended.text
    assert cli.resources("aws:sagemaker/endpoint:")[0]["outputs"]["endpointConfigName"] != before


def test_a_mandatory_policy_stops_prod_before_anything_is_created(tmp_path: Path) -> None:
    cli = stack(tmp_path, "prod", **{LIVE: {"capture_percent": 0}})
    refused = cli.up()
    assert refused.code != 0
    assert "[mandatory]" in refused.text
    assert "dataCaptureConfig.initialSamplingPercentage is 0; it must be at least 100 %." in refused.text
    assert cli.resources("aws:sagemaker/endpointConfiguration:") == []


def test_a_bare_up_of_a_protected_stack_is_refused_before_anything_is_created(tmp_path: Path) -> None:
    cli = stack(tmp_path, "prod")
    refused = cli.run("up", "--yes", policies=False)
    assert refused.code != 0
    assert "stack prod has ml-platform:protect, and no policy pack would judge this run" in refused.text
    assert cli.resources() == []


def test_a_policy_at_the_level_remediate_repairs_what_it_finds(tmp_path: Path) -> None:
    levels = {"s3-public-access-block-complete": "remediate"}
    cli = stack(tmp_path, "staging", policies=levels, lake={"block_public_access": False})
    assert cli.up().code == 0
    blocks = [block["inputs"] for block in cli.resources("aws:s3/bucketPublicAccessBlock:")]
    settings = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert {block["bucket"]: [block[key] for key in settings] for block in blocks} == {
        f"123456789012-staging-ai-{role}": [True] * 4
        for role in ("access-logs", "artifacts", "processed-data", "raw-data")
    }
