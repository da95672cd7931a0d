"""The commands that make stacks, with the CLI played and the account emulated."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from automation.commands import main
from local.emulator import Emulator
from tests.automation.stacks.conftest import RESOURCES, Engine

Run = Callable[..., tuple[int, str, str]]
TOPIC = RESOURCES[1]


@pytest.fixture
def run(engine: Engine, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        said = capsys.readouterr()
        return int(code), said.out.strip(), said.err.strip()

    return command


@pytest.fixture
def account(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    return emulator


def tags(engine: Engine, stack: str) -> dict[str, str]:
    return yaml.safe_load((engine.project / f"Pulumi.{stack}.yaml").read_text())["config"]["ml-platform:tags"]


def test_a_third_environment_in_one_command(run: Run, engine: Engine) -> None:
    assert run("new-stack", "--stack", "qa", "--secrets-provider", "awskms://alias/state", "--yes") == (
        0,
        "Pulumi.qa.yaml is written; `python -m automation up --stack qa` deploys it",
        "",
    )
    assert engine.calls[-1]["argv"] == [
        "stack", "init", "qa", "--no-select", "--secrets-provider", "awskms://alias/state",
    ]  # fmt: skip
    written = yaml.safe_load((engine.project / "Pulumi.qa.yaml").read_text())
    assert (written["secretsprovider"], written["encryptedkey"]) == ("awskms://alias/state", "AQICAHh=")
    assert run("up", "--stack", "qa", "--yes", "--json")[0] == 0
    assert len(engine.names("qa")) == len(RESOURCES)


def test_without_a_cli_the_file_is_written_and_the_rest_is_said(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, out, _ = run("new-stack", "--stack", "qa", "--yes")
    assert code == 0
    no_cli = "install the Pulumi CLI (https://www.pulumi.com/docs/install/), which is not on PATH; "
    assert out == f"Pulumi.qa.yaml is written; {no_cli}then `pulumi stack init qa --no-select`"
    assert (engine.project / "Pulumi.qa.yaml").is_file()
    place = ("--backend", "s3://states", "--secrets-provider", "awskms://alias/state?region=eu-west-1")
    code, out, _ = run("new-stack", "--stack", "dev", *place, "--yes")
    assert out == (
        f"Pulumi.dev.yaml is written; {no_cli}then `PULUMI_BACKEND_URL=s3://states pulumi stack init dev --no-select "
        "--secrets-provider 'awskms://alias/state?region=eu-west-1'`"
    )


def test_a_stack_is_where_its_file_says_whatever_the_shell_says(
    run: Run, engine: Engine, account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    assert run("new-stack", "--stack", "qa", "--backend", "s3://states", "--yes")[0] == 0
    assert run("outputs", "--stack", "qa")[0] == 0
    assert {call["PULUMI_BACKEND_URL"] for call in engine.calls} == {"s3://states"}
    (engine.home / "calls.jsonl").unlink()
    assert run("outputs", "--stack", "staging")[0] == 0
    assert {call["PULUMI_BACKEND_URL"] for call in engine.calls} == {"file:///elsewhere"}

    (engine.home / "calls.jsonl").unlink()
    assert run("ephemeral", "create", "--stack", "pr-7", "--template", "qa", "--yes")[0] == 0
    assert {call["PULUMI_BACKEND_URL"] for call in engine.calls} == {"s3://states"}
    (engine.project / "Pulumi.pr-7.yaml").unlink()  # as on another machine
    (engine.home / "calls.jsonl").unlink()
    assert run("ephemeral", "list")[0] == 0
    listed = [call["PULUMI_BACKEND_URL"] for call in engine.calls if call["argv"][:2] == ["stack", "ls"]]
    assert listed == ["file:///elsewhere", "s3://states"]
    assert engine.calls[-1]["PULUMI_BACKEND_URL"] == "s3://states"


def test_a_backend_that_refuses_leaves_no_file(run: Run, engine: Engine) -> None:
    engine.set(refuses={"stack": "error: PULUMI_ACCESS_TOKEN must be set for login"})
    code, _, err = run("new-stack", "--stack", "qa", "--yes")
    assert (code, err.split(":")[:2]) == (1, ["error", " nobody is logged in to a backend"])
    assert not (engine.project / "Pulumi.qa.yaml").exists()
    assert not (engine.project / "policies" / "config" / "qa.json").exists()


def test_a_stack_of_a_pull_request_from_its_creation_to_its_end(run: Run, engine: Engine, account: Emulator) -> None:
    engine.set(resources=[TOPIC], outputs={"waiting_for": ["the training image"]})
    code, out, err = run("ephemeral", "create", "--stack", "pr-7", "--hours", "5", "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"stack": "pr-7", "outputs": {"waiting_for": ["the training image"]}})
    assert "waits for the training image" in err
    first = datetime.fromisoformat(tags(engine, "pr-7")["Expires"])
    assert timedelta(hours=4, minutes=50) < first - datetime.now(UTC) <= timedelta(hours=5)
    assert not (engine.project / "policies" / "config" / "pr-7.json").exists()  # judged as dev, by its name

    assert run("ephemeral", "create", "--stack", "pr-7", "--hours", "9", "--yes")[1].endswith("pr-7: nothing changed")
    assert datetime.fromisoformat(tags(engine, "pr-7")["Expires"]) > first
    code, out, _ = run("ephemeral", "list")
    assert re.fullmatch(r"pr-7: until \d{4}-\d\d-\d\d \d\d:\d\d", out)
    assert run("ephemeral", "expire", "--yes")[1] == "taken down: none"
    assert engine.stacks() == ["pr-7", "staging"]

    assert run("ephemeral", "expire", "--stack", "pr-7", "--yes")[1].endswith("taken down: pr-7")
    assert engine.stacks() == ["staging"]
    assert not (engine.project / "Pulumi.pr-7.yaml").exists()
    assert run("ephemeral", "list")[1] == "there are none"


def test_those_made_elsewhere_are_found_by_their_last_update_and_one_that_fails_keeps_no_other(
    run: Run, engine: Engine, account: Emulator
) -> None:
    past, future = ((datetime.now(UTC) + timedelta(hours=h)).isoformat(timespec="seconds") for h in (-1, 1))
    for stack, expires in (("pr-1", past), ("pr-2", past), ("pr-3", future)):
        config = {
            "aws:region": {"value": "eu-west-1", "secret": False},
            "ml-platform:tags": {"value": json.dumps({"Expires": expires}), "secret": False},
        }
        known = json.loads((engine.home / "scenario.json").read_text())["config"]
        engine.set(config=known | {stack: config}, resources=[{**TOPIC, "name": f"{stack}-topic"}])
        history = {"kind": "update", "startTime": "2026-11-28T10:00:00.000Z", "message": "", "environment": {}}
        engine.put(
            stack,
            resources=[{**TOPIC, "name": f"{stack}-topic"}],
            history=[{**history, "config": config, "result": "succeeded"}],
        )
    engine.put("pr-9")
    listed = json.loads(run("ephemeral", "list", "--json")[1])["stacks"]
    assert [(each["stack"], each["over"]) for each in listed] == [
        ("pr-1", True),
        ("pr-2", True),
        ("pr-3", False),
        ("pr-9", False),
    ]
    engine.set(fails={"pr-1-topic": "no permission"})
    code, _, err = run("ephemeral", "expire", "--yes")
    assert (code, err) == (
        5,
        "failed: pr-1: no permission\nnothing was changed; `python -m automation destroy --stack pr-1` goes on from "
        "there",
    )
    assert engine.stacks() == ["pr-1", "pr-3", "pr-9", "staging"]
    engine.set(fails={})
    assert run("ephemeral", "expire", "--yes")[1].endswith("taken down: pr-1")
    assert engine.stacks() == ["pr-3", "pr-9", "staging"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "--stack", "x"], "error: --stack: found 'x'; allowed: a name that begins with pr-, such as pr-12"),
        (["expire", "--stack", "pr-5"], "error: --stack: found 'pr-5'; allowed: one of `ephemeral list`"),
        (["expire", "--stack", "staging"], "error: --stack: found 'staging'; allowed: one of `ephemeral list`"),
    ],
)
def test_only_stacks_of_pull_requests_are_meant(run: Run, arguments: list[str], message: str) -> None:
    assert run("ephemeral", *arguments, "--yes") == (1, "", message)


@pytest.mark.parametrize("command", ["create", "list", "expire"])
def test_help_fits_80_columns(run: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run("ephemeral", command, "--help")
    assert (code, max(map(len, out.splitlines())) <= 80, "--json" in out) == (0, True, True)
