"""What is said of an emulator that was kept can be done."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.commands import main
from local.emulator.client import Emulator
from local.loop import kept, run
from local.loop.console import Console
from local.runtime import Stack

LIST = "import boto3; print([b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"


def test_servers_that_live_are_named_and_dead_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    servers: list[dict[str, Any]] = [
        {"endpoint": "churn-dev-live", "url": "http://127.0.0.1:1", "alive": False},
        {"endpoint": "churn-dev-live", "url": "http://127.0.0.1:2", "alive": True},
        {"endpoint": "income-dev-live", "url": "http://127.0.0.1:3", "alive": True},
    ]
    monkeypatch.setattr(Emulator, "model_servers", lambda self: servers)
    running = Emulator(url="http://127.0.0.1:9", pid=1, account="123456789012", region="eu-north-1")
    *endpoints, hint = kept.told(running)
    assert endpoints == [
        "endpoint churn-dev-live answers at http://127.0.0.1:2/invocations",
        "endpoint income-dev-live answers at http://127.0.0.1:3/invocations",
    ]
    assert hint.startswith("look around with: AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_REGION=eu-north-1 AWS_ACCESS_KEY")


def test_the_command_brings_its_own_credentials(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the hint with boto3 in place of the aws command, in an environment without any of AWS."""
    monkeypatch.setattr(Emulator, "model_servers", lambda self: [])
    (hint,) = kept.told(Emulator(url=moto_url, pid=1, account="123456789012", region="eu-west-1"))
    *variables, aws, service, command = shlex.split(hint.removeprefix("look around with: "))
    assert (aws, service, command) == ("aws", "s3", "ls")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"HOME": "/nonexistent", **dict(variable.split("=", 1) for variable in variables)}
    done = subprocess.run([sys.executable, "-c", LIST], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_up_that_keeps_its_emulator_says_how_it_is_reached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first one at its end, and one that finds it running."""
    kept_one = Emulator(url="http://127.0.0.1:9", pid=1, account="123456789012", region="eu-west-1")
    server = {"endpoint": "churn-staging-live", "url": "http://127.0.0.1:2", "alive": True}
    for name, answer in {"model_servers": [server], "alive": True, "keep": None}.items():
        monkeypatch.setattr(Emulator, name, lambda *_, answer=answer: answer)
    monkeypatch.setattr(run.client, "start", lambda *_, **__: kept_one)
    reached = "endpoint churn-staging-live answers at http://127.0.0.1:2/invocations"
    console = Console()
    with console.step("Loop"), run._emulator(Stack("staging", home=tmp_path), console, keep=True):
        pass
    first = capsys.readouterr().out
    assert (reached in first, "look around with: AWS_ENDPOINT_URL=http://127.0.0.1:9 " in first) == (True, True)
    monkeypatch.setattr(run, "running_emulator", lambda _: kept_one)
    monkeypatch.setattr(
        run, "_deploy", lambda *_, refresh: SimpleNamespace(changes={}, refreshed=["refresh: asked"] if refresh else ())
    )
    assert main(["up", "--keep", "--home", str(tmp_path)]) == 0
    second = capsys.readouterr().out
    assert (reached in second, "look around with: AWS_ENDPOINT_URL=http://127.0.0.1:9 " in second) == (True, True)
    assert "refresh: asked" not in second
    assert main(["up", "--refresh", "--home", str(tmp_path)]) == 0
    assert "refresh: asked" in capsys.readouterr().out
