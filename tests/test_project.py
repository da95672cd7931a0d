"""Pulumi.yaml: what the CLI, `pulumi new` and a reader take from it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.runtime import ConfigError, DefaultProviderError, Stack, config

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
PACKAGE: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_project_says_whose_it_is_and_which_cli_it_needs() -> None:
    assert PROJECT["license"] == PACKAGE["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert PROJECT["author"] == PACKAGE["authors"][0]["name"]
    assert PROJECT["name"] == PACKAGE["name"]
    assert re.fullmatch(r">=3\.\d+\.\d+", PROJECT["requiredPulumiVersion"])


def test_a_template_asks_for_what_no_default_can_know() -> None:
    template = PROJECT["template"]
    assert set(template) == {"displayName", "description", "quickstart", "config", "metadata"}
    required = {key for key, spec in PROJECT["config"].items() if not {"default", "value"} & set(spec)}
    assert required <= set(template["config"])
    assert set(template["config"]) - required == {"aws:region"}
    assert all(set(spec) <= {"description", "default", "secret"} for spec in template["config"].values())


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_every_stack_refuses_the_default_provider_of_aws(stack: str) -> None:
    assert config.stack_config(config.load_project(ROOT), stack)["pulumi:disable-default-providers"] == '["aws"]'


def test_a_wrong_type_hides_no_other_fault_of_the_config(tmp_path: Path) -> None:
    wrong = {"protect": "maybe", "foo": "bar", "logs": {"retention_days": 0}}
    with pytest.raises(ConfigError) as refused:
        Stack("staging", home=tmp_path, config_overrides=wrong)
    assert sorted(fault.partition(": found")[0] for fault in refused.value.faults) == [
        "ml-platform:foo",
        "ml-platform:logs.retention_days",
        "ml-platform:protect",
    ]


def test_a_resource_of_the_program_that_forgets_its_provider_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "__main__.py"
    program.write_text('import pulumi_aws as aws\naws.sns.Topic("forgotten")')
    with pytest.raises(DefaultProviderError, match=r"aws:sns/topic:Topic::forgotten' must use an explicit provider"):
        Stack("staging", program=program, home=tmp_path).synth()


def test_a_drawing_made_into_a_file_is_the_drawing_alone(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "flowchart of $*"\n')
    python.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["/usr/bin/env", "make", "--assume-old", ".venv/local.stamp", "diagram", f"BIN={tmp_path}", "STACK=prod"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "flowchart of -m local diagram --stack prod\n"


def test_commands_run_from_any_directory_on_files_of_that_directory(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text((ROOT / "contracts/churn.yaml").read_text())
    # what `make setup` puts into the environment as ml-platform.pth
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    arguments = ["synth", "--contract", "mine.yaml", "--home", "home", "--out", "synth.json"]
    done = subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" resources of ml-platform/staging in synth.json\n")
    assert (tmp_path / "synth.json").is_file()


def test_the_files_that_a_recipe_names_are_there() -> None:
    named = set(re.findall(r"`([\w.-]+(?:/[\w.<>*-]*)*)`", (ROOT / "CONTRIBUTING.md").read_text()))
    paths = {name for name in named if "/" in name and "<" not in name} | {"pyproject.toml", "README.md", "Pulumi.yaml"}
    assert paths >= {"contracts/kinds/__init__.py", "components/access.py"}
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


def test_the_commands_that_a_recipe_names_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    modules = {name.replace(".", "/") for name in re.findall(r"python -m ([\w.]+)", text)} - {"pytest"}
    targets = set(re.findall(r"make ([\w-]+)", text))
    assert modules >= {"settings", "contracts/facts", "policies/tools/reference"}
    files = {name: [ROOT / f"{name}.py", ROOT / name / "__main__.py"] for name in modules}
    assert [name for name, found in files.items() if not any(path.is_file() for path in found)] == []
    declared = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets - declared == set()
