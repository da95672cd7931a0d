"""`up --beneath`: what others had in the account before is deployed first, and says how the stack stands on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.loop import LoopError
from local.loop.console import Console
from local.loop.run import stand_on
from local.runtime import Stack
from local.runtime.errors import ConfigError
from local.runtime.sample import SampleCloud

SUBNETS = ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]


def standing(tmp_path: Path, exported: dict[str, object]) -> Stack:
    """A stack of the platform on a project that exports these outputs."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: landing-zone\nruntime: python\nmain: .\n")
    (project / "Pulumi.staging.yaml").write_text("config: {}\n")
    lines = [f"pulumi.export({name!r}, {value!r})" for name, value in exported.items()]
    (project / "__main__.py").write_text("\n".join(["import pulumi", *lines]))
    stack = Stack("staging", home=tmp_path / "home")
    stack.home.mkdir()
    stand_on(stack, project, SampleCloud(stack.name, stack.region, endpoints={}), Console())
    return stack


def test_its_output_config_is_on_top_of_the_stacks(tmp_path: Path) -> None:
    network = {"existing": {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": SUBNETS}}
    stack = standing(tmp_path, {"config": {"network": network}})
    assert json.loads(stack.config["ml-platform:network"]) == network
    assert stack.config["ml-platform:tags"] == Stack("staging", home=tmp_path / "plain").config["ml-platform:tags"]


def test_without_that_output_the_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoopError) as caught:
        standing(tmp_path, {"vpc": "vpc-0a1b2c3d"})
    assert str(caught.value) == (
        f"--beneath: {tmp_path / 'project'} has no output `config`; export one with the platform's config"
    )


def test_faults_of_that_config_are_told_as_of_any_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        standing(tmp_path, {"config": {"network": {"existing": {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": SUBNETS[:1]}}}})
    assert caught.value.faults == (
        '  ml-platform:network.existing.subnet_ids: found ["subnet-0a1b2c3d"]; allowed: a list of at least 2; '
        "choose such a value",
    )
