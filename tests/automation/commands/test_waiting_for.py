"""What a stack says it waits for, copied into a shell."""

from __future__ import annotations

import re
import shlex

import pytest

from automation.commands import main
from components.operations.bootstrap import waiting_for
from contracts import release
from settings import Workload
from tests.automation.conftest import Platform, platform_of

WORKLOADS = {"churn": Workload(contract="contracts/churn.yaml")}


def test_the_commands_work_as_they_stand(emulator: object, monkeypatch: pytest.MonkeyPatch) -> None:
    platform: Platform = platform_of(emulator, "churn")  # pyright: ignore[reportArgumentType]
    for name, value in platform.emulator.environment().items():
        monkeypatch.setenv(name, value)
    for image in ("training", "inference"):
        platform.push(image, "waited-for")
    package = platform.register(approved=False)
    waits = waiting_for(platform.names.ground, WORKLOADS, images={}, releases={"churn": {}})
    commands = [command for wait in waits for command in re.findall(r"`(.*?)`", wait)]
    acts = [shlex.split(command) for command in commands if " -m automation " in command]
    assert [act[3] for act in acts] == ["publish", "publish", "approve", "promote"]
    assert all(act[:3] == [".venv/bin/python", "-m", "automation"] for act in acts)
    assert [main(act[3:]) for act in acts] == [0, 0, 0, 0]
    ssm = platform.client("ssm")
    text = ssm.get_parameter(Name=platform.names.release_parameter)["Parameter"]["Value"]
    assert release.from_json(text).wanted.champion == package
    for image in ("training", "inference"):
        uri = ssm.get_parameter(Name=platform.names.image_parameter(image))["Parameter"]["Value"]
        assert re.fullmatch(rf".*/mlplatform-staging-{image}@sha256:[0-9a-f]{{64}}", uri)
