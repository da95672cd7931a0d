"""The command line: what it dispatches, prints and returns."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local import commands
from local.emulator.client import Emulator
from local.judge.model import Judged
from local.judge.process import PolicyPackError
from local.loop import kept
from local.runtime import Stack, packs

TOPIC = "urn:pulumi:dev::shop::aws:sns/topic:Topic::news"


@pytest.fixture(autouse=True)
def here(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "Stack", partial(Stack, project_dir=project.directory))
    project.program("aws.sns.Topic('news', name='news', display_name=str(pulumi.Config().require_int('size')))")


def test_synth_writes_the_file_and_says_where(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["synth", "--stack", "dev"]) == 0
    path = project.directory / ".local" / "dev" / "synth.json"
    assert capsys.readouterr().out == f"3 resources of shop/dev in {path}\n"
    assert json.loads(path.read_text())["stack"] == "dev"


def test_synth_to_standard_output_is_the_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["synth", "--stack", "dev", "--out", "-", "--config", "size=7"]) == 0
    resources = json.loads(capsys.readouterr().out)["resources"]
    assert [found["inputs"]["displayName"] for found in resources if found["urn"] == TOPIC] == ["7"]


def test_synth_to_a_file_of_choice(tmp_path: Path) -> None:
    assert commands.main(["synth", "--stack", "dev", "--out", str(tmp_path / "out" / "x.json")]) == 0
    assert (tmp_path / "out" / "x.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--stack", "nope"],
            "error: stack 'nope' is not known; stacks of this project: dev (add one as Pulumi.nope.yaml)\n",
        ),
        (["--stack", "dev", "--config", "size=two"], "shop:size: expected integer, found str 'two'\n"),
    ],
)
def test_a_refusal_is_one_clear_message_and_exit_code_1(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["synth", *arguments]) == 1
    assert capsys.readouterr().err.endswith(message)


def test_an_error_of_the_program_is_shown_without_a_trace(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project.program("raise pulumi.RunError('size: found 3')")
    assert commands.main(["synth", "--stack", "dev"]) == 1
    assert capsys.readouterr().err == "error: size: found 3\n"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["synth", "--config", "size"]])
def test_a_wrong_commands_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        commands.main(arguments)
    assert refused.value.code == 2


def test_a_contract_given_on_the_commands_is_the_programs_config(project: Any, tmp_path: Path) -> None:
    project.program("aws.sns.Topic('news', display_name=pulumi.Config().require('workloads')[-9:-3])")
    (tmp_path / "c.yaml").touch()
    assert commands.main(["synth", "--stack", "dev", "--contract", str(tmp_path / "c.yaml")]) == 0
    assert "c.yaml" in (project.directory / ".local" / "dev" / "synth.json").read_text()


def test_preview_tells_what_would_change_and_who_judged(
    policies: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packs, "policy_factory", lambda stack: policies)
    assert commands.main(["preview", "--stack", "dev"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Preview of shop/dev against an empty account, as no emulator is running"
    assert ["+", "news", "1", "to", "create:", "Topic"] in [line.split() for line in lines]
    assert lines[-2:] == ["3 to create; 0 stay the same", "3 policies judged 3 resources: no mandatory violation"]


def test_preview_asks_the_emulator_that_is_running(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = project.stack()
    assert kept.running_emulator(stack) is None
    stack.home.mkdir(parents=True)
    (stack.home / "emulator.json").write_text(json.dumps({"url": "http://127.0.0.1:9", "pid": 1}))
    assert kept.running_emulator(stack) is None  # nothing answers there any more
    running = Emulator(url="http://127.0.0.1:9", pid=1, account="123456789012", region="eu-west-1")
    monkeypatch.setattr(kept, "attach", lambda url: running)
    assert kept.running_emulator(stack) is running
    assert kept.cloud_of(running).endpoint_url == "http://127.0.0.1:9"


def test_a_preview_with_refresh_says_first_what_is_live(
    project: Any, policies: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packs, "policy_factory", lambda stack: policies)
    monkeypatch.setattr(kept, "running_emulator", lambda stack: project.cloud)
    monkeypatch.setattr(kept, "cloud_of", lambda running: running)
    project.cloud.refreshes = {"aws:sns/topic:Topic": ("displayName",)}
    project.up()
    project.cloud.live["news"]["displayName"] = "by hand"
    assert commands.main(["preview", "--stack", "dev", "--refresh"]) == 0
    assert capsys.readouterr().out.splitlines()[1:5] == [
        "refresh: 1 resources read, 1 differ from the state, 0 gone",
        "  ~ news: displayName",
        "  ~  news  1 to update",
        "     ~  news (Topic): displayName",
    ]
    assert commands.main(["preview", "--stack", "dev", "--refresh", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["refreshed"][1] == "  ~ news: displayName"
    assert commands.main(["preview", "--stack", "dev", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["refreshed"] == []


def test_the_pack_gets_the_levels_of_the_stack(project: Any, tmp_path: Path) -> None:
    stack = project.stack()
    (tmp_path / "config").mkdir()
    runner: Any = packs.policy_factory(stack, tmp_path)(True)
    assert (runner.stack, runner.project, runner.dry_run, runner.config_path) == ("dev", "shop", True, None)
    (tmp_path / "config" / "dev.json").write_text("{}")
    runner = packs.policy_factory(stack, tmp_path)(False)
    assert (runner.dry_run, runner.config_path) == (False, tmp_path / "config" / "dev.json")


def test_one_process_of_the_pack_serves_all_previews_and_one_all_updates() -> None:
    with packs.kept_packs(Stack("staging")) as running:
        with running(True) as first, running(True) as second, running(False) as update:
            assert first is second
            assert first is not update
            assert first.policy_count == update.policy_count > 100
        with running(False) as third:
            assert third is update
    with pytest.raises(PolicyPackError, match="the policy pack is not running"):
        update.analyze(Judged(urn="urn", type="aws:s3/bucket:Bucket", name="b", parent="", properties={}))
