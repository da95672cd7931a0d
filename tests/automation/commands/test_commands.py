"""The command line, against the emulator."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from automation.commands import COMMANDS, main
from automation.commands.target import PROJECT, Target
from automation.exits import Exit
from automation.operations import foreign, packages, releases, signatures
from contracts import release
from contracts.kinds import MULTI_MODEL
from contracts.life_cycle import stage_of
from contracts.release.lock import Lock
from tests.automation.conftest import Platform, platform_of

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/1"
NAMES = [command.__name__.replace("_", "-") for command in COMMANDS]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def churn(emulator: Any) -> Platform:
    """The workload and endpoint of Pulumi.staging.yaml."""
    return platform_of(emulator, "churn")


@pytest.fixture
def run(churn: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command of a stack; its lines and code. Nobody sits at a terminal."""
    for name, value in churn.emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "80")

    def command(*arguments: str, stack: str | None = "staging") -> Ended:
        code = main([*arguments, *(("--stack", stack) if stack else ())])
        said = capsys.readouterr()
        return Ended(code=code, out=said.out.strip(), err=said.err.strip())

    return command


def test_from_an_image_to_a_release_and_back(run: Run, churn: Platform, tmp_path: Path) -> None:
    digest = churn.push("training", "v1")
    uri = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-training@{digest}"
    assert run("publish", "training", "--version", "v1", "--yes", "--json").result == {"image": "training", "uri": uri}
    file = tmp_path / "new.csv"
    file.write_text("a\n1\n")
    delivered = run("deliver", str(file), "--yes", "--json").result["uri"]
    assert delivered.startswith("s3://123456789012-staging-ai-raw-data/incoming/churn/")

    first, second = churn.register(approved=False), churn.register(approved=False)
    refused = run("promote", "1", "--why", "first", "--yes")
    assert refused == Ended(
        code=1, out="", err=f"error: {first} is PendingManualApproval; allowed: Approved; approve it first"
    )
    assert run("approve", "1", "--why", "metrics read", "--yes") == Ended(code=0, out=f"approved {first}", err="")
    promoted = run("promote", "1", "--why", "first", "--yes", "--json").result
    assert (promoted["status"], promoted["packages"]) == ("candidate", {"champion": first})
    assert run("follow").err == "error: endpoint churn-staging-live is not there yet: run `pulumi up`, which makes it"
    churn.up(_stored(churn))
    assert run("follow") == Ended(code=0, out=f"endpoint churn-staging-live serves {first} (100 %)", err="")

    assert run("approve", "--why", "metrics read", "--yes").out == f"approved {second}"
    split = run("split", "2", "--percent", "10", "--why", "A/B", "--yes", "--json").result
    assert split["weights"] == {"champion": 90, "challenger": 10}
    churn.up(_stored(churn))
    back = run("rollback", "--why", "wrong scores", "--yes", "--json")
    assert (back.code, back.result) == (
        0,
        {
            "action": "rolled-back",
            "reason": "wrong scores",
            "failed": split["release"],
            "live": promoted["release"],
        },
    )
    assert f"churn-staging-live serves {first} (release {promoted['release']})." in back.err
    record = _stored(churn)
    assert (record.wanted.who, record.wanted.why) == ("user/moto", "wrong scores")
    assert run("rollback", "--why", "again", "--yes").code == 1


def test_a_model_shadows_the_champion_until_it_is_promoted(run: Run, churn: Platform) -> None:
    first, second = churn.register(), churn.register()
    assert (
        run("compare").err == "error: endpoint churn-staging-live has no shadow; `shadow` puts one behind its champion"
    )
    run("promote", first, "--why", "first", "--yes")
    churn.up(_stored(churn))
    begun = run("shadow", second, "--percent", "50", "--why", "look", "--yes", "--json").result
    assert (begun["packages"], begun["shadow"]) == ({"champion": first}, {"package": second, "percent": 50})
    churn.up(_stored(churn))
    assert run("follow").out == f"endpoint churn-staging-live serves {first} (100 %), {second} (shadow of 50 %)"
    assert "champion 100 % on 3" in (status := run("status").out)
    assert "shadow on 2" in status  # half of the three
    assert run("compare").out.splitlines()[0] == (
        "0 requests with 0 rows answered by both (0 without the champion's answer, 0 unreadable)"
    )
    ended = run("shadow", "--end", "--why", "seen", "--yes", "--json").result
    assert (ended["packages"], ended["shadow"]) == ({"champion": first}, None)
    assert run("promote", second, "--why", "better", "--yes", "--json").result["packages"] == {"champion": second}


def test_old_versions_are_archived_and_what_serves_is_marked(run: Run, churn: Platform) -> None:
    before, serving = churn.register(), churn.register()
    for package in (before, serving):
        run("promote", package, "--why", "x", "--yes")
        churn.up(_stored(churn))
        assert run("follow").code == 0
    spare, newest = churn.register(), churn.register()
    stages = {
        each: str(stage_of(packages.describe(churn.names, each, sagemaker=churn.clients.sagemaker)))
        for each in (before, serving, spare, newest)
    }
    assert list(stages.values()) == [
        "Production/OnHold",
        "Production/Approved",
        "PreProduction/Approved",
        "PreProduction/Approved",
    ]
    old = ("archive", "--keep", "1", "--older-than", "0")
    would = run(*old, "--dry-run", "--json").result
    chosen = [each["package"] for each in would["archived"]]
    assert (would["dry_run"], chosen[-1], {before, serving, newest} & {*chosen}) == (True, spare, set())
    assert run("archive", "--yes").out == "archived 0 versions of churn-staging"  # none is ninety days old
    assert run(*old).err.startswith("error: Archive ")  # nobody answers
    ended = run(*old, "--yes", "--json").result
    assert [each["package"] for each in ended["archived"]] == chosen
    told = run("status").out
    version = {name: each.rpartition("/")[2] for name, each in {"serving": serving, "spare": spare}.items()}
    assert f"Production/Approved {version['serving']};" in told
    assert f"Archived/Retired {version['spare']}" in told
    assert run("promote", spare, "--why", "x", "--yes").err == (
        f"error: {spare} is archived; `approve` brings it back, with the reason why"
    )
    back = run("rollback", "--why", "wrong scores", "--yes", "--json")
    assert back.code == 0
    assert json.loads(run("status", "--json").out)["models"]["churn"]["Production/Approved"] == [
        int(before.rpartition("/")[2])
    ]
    assert run("approve", spare, "--why", "needed", "--yes").out == f"approved {spare}"
    assert run("promote", spare, "--why", "needed", "--yes").code == 0


def _stored(churn: Platform) -> release.Record:
    found = churn.client("ssm").get_parameter(Name=churn.names.release_parameter)["Parameter"]["Value"]
    return release.from_json(found)


@pytest.mark.parametrize("name", NAMES)
def test_help_of_each_command_fits_80_columns(run: Run, name: str) -> None:
    shown = run(name, "--help", stack=None)
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "--stack" in shown.out
    assert "--json" in shown.out


def test_help_names_the_commands_and_the_exit_codes(run: Run) -> None:
    shown = run("--help", stack=None).out
    listed = shown.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed if line[2:3].strip()] == [*NAMES, "ephemeral"]
    said = " ".join(shown.split())
    for code in Exit:
        assert f" {code:d} {code.meaning}" in said


def test_a_model_of_several_is_promoted_by_its_name_and_withdrawn(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    record = release.serve_models(None, PACKAGE, {"eu": PACKAGE}, who="ana", why="x", when="2026-11-21T01:00:00+00:00")
    asked: list[tuple[str, ...]] = []

    def act(name: str) -> Callable[..., Any]:
        return lambda _, *given, **__: asked.append((name, *given)) or record

    monkeypatch.setattr(Target, "kind", lambda *_: MULTI_MODEL)
    monkeypatch.setattr(foreign, "require_served", lambda _, package, *__, **___: asked.append(("required", package)))
    monkeypatch.setattr(signatures, "require", lambda *_, **__: [])
    for name in ("promote_model", "withdraw_model"):
        monkeypatch.setattr(releases, name, act(name))
    done = run("promote", "1", "--why", "x", "--yes", "--json").result
    assert done["models"] == {"champion": PACKAGE, "eu": PACKAGE}
    run("promote", "2", "--model", "eu", "--why", "x", "--yes")
    run("promote", "--model", "eu", "--withdraw", "--why", "x", "--yes")
    assert asked == [
        *[("required", "1"), ("promote_model", "1", "champion")],
        *[("required", "2"), ("promote_model", "2", "eu")],
        ("withdraw_model", "eu"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["promote", "1", "--why", "x"],
            1,
            "error: Let endpoint churn-staging-live serve 1? Nobody can answer here: give --yes",
        ),
        (["promote"], 2, "Missing option '--why'."),
        (
            ["promote", "--model", "eu", "--why", "x"],
            1,
            "error: --model: found eu; endpoint churn-staging-live is of kind realtime, which serves one",
        ),
        (
            ["promote", "1", "--withdraw", "--why", "x"],
            1,
            "error: --withdraw: found without --model, or with a package; name the model alone",
        ),
        (
            ["split", "1", "--percent", "100", "--why", "x"],
            2,
            "Invalid value for '--percent': Input should be less than or equal to 99",
        ),
        (
            ["shadow", "1", "--end", "--why", "x"],
            1,
            "error: shadow: found 1 and --end; allowed: a package, or --end",
        ),
        (["shadow", "--why", "x"], 1, "error: shadow: found no package; allowed: a package, or --end"),
        (
            ["promote", "--why", "x", "--workload", "income"],
            1,
            "error: --workload: found 'income'; allowed: churn",
        ),
        (["promote", "--why", "x", "--endpoint", "canary"], 1, "error: --endpoint: found 'canary'; allowed: live"),
        (
            ["deliver", "no.csv", "--yes"],
            1,
            "error: file: found 'no.csv'; allowed: a file that is there, CSV or Parquet",
        ),
        (["publish", "batch", "--yes"], 1, "error: image: found 'batch'; allowed: training, inference"),
        (["no-such-act"], 2, "No such command 'no-such-act'."),
    ],
)
def test_what_a_person_can_mend_is_said_with_its_code(run: Run, arguments: list[str], code: int, message: str) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_a_stack_without_a_file_is_refused(run: Run) -> None:
    assert run("follow", stack="stagign") == Ended(
        code=1,
        out="",
        err="error: --stack: found 'stagign'; allowed: prod, staging (those with a Pulumi.<stack>.yaml)",
    )


def test_a_held_lock_is_busy(run: Run, churn: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    churn.register()
    lock = {"Bucket": churn.names.artifacts_bucket, "Key": churn.names.lock_key}
    churn.client("s3").put_object(**lock, Body=b'{"who": "ana", "doing": "promote", "since": "noon"}')
    monkeypatch.setattr(releases, "Lock", functools.partial(Lock, patience_seconds=0))
    ended = run("promote", "--why", "x", "--yes")
    churn.client("s3").delete_object(**lock)
    assert ended == Ended(
        code=3,
        out="",
        err="busy: s3://123456789012-staging-ai-artifacts/locks/churn/live is held by ana (promote) since noon; "
        "try again: after 60 s a lock is taken over",
    )


def test_aws_out_of_reach_is_told_apart(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ended = run("follow")
    assert (ended.code, ended.err) == (4, 'AWS: Could not connect to the endpoint URL: "http://127.0.0.1:9/"')


def test_an_interrupted_command_says_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(releases, "follow", interrupted)
    assert run("follow") == Ended(code=130, out="", err="interrupted: the same command goes on from where things stand")


def test_as_a_process_of_its_own(churn: Platform) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "automation", "follow", "--stack", "none"],
        env={**os.environ, **churn.emulator.environment()},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr.partition(";")[0]) == (1, "error: --stack: found 'none'")
