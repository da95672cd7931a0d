"""What a pipeline that delivers asks, against the emulator."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main, target
from automation.operations import delivered, releases
from automation.operations.releases import By
from automation.stacks import local
from contracts.names import Names
from tests.automation.conftest import Platform
from tests.automation.cost.written import resource, synth

Run = Callable[..., tuple[int, str, str]]
REVISION = "4f2a1b9c7d1e4f2a1b9c7d1e4f2a1b9c7d1e4f2a"


@pytest.fixture(scope="module")
def churn(emulator: Any) -> Platform:
    """The endpoint of a stack that no other test of the emulator has."""
    names = Names(stack="brought", account=emulator.account, region=emulator.region)
    where = {"LocationConstraint": emulator.region}
    emulator.client("s3").create_bucket(Bucket=names.artifacts_bucket, CreateBucketConfiguration=where)
    return Platform(emulator=emulator, names=names.of_workload("churn").of_endpoint("live"))


@pytest.fixture
def run(churn: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name, value in churn.emulator.environment().items():
        monkeypatch.setenv(name, value)
    project = tmp_path / "project"
    (project / "contracts").mkdir(parents=True)
    for file in ("Pulumi.yaml", "contracts/churn.yaml"):
        (project / file).write_text((target.PROJECT / file).read_text())
    (project / "Pulumi.brought.yaml").write_text("config: {'aws:region': eu-west-1, 'ml-platform:stack': brought}")
    monkeypatch.setattr(target, "PROJECT", project)
    key = resource("kms/key:Key")

    def synthesised(stack: str, _: Path) -> dict[str, Any]:
        assert stack == "brought"
        return synth(key)

    monkeypatch.setattr(local, "synth", synthesised)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--stack", "brought"])
        said = capsys.readouterr()
        return int(code), said.out.strip(), said.err.strip()

    return command


def test_a_smoke_test_before_the_first_release_leaves_the_endpoint_out_and_reports_it(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "reports" / "smoke.xml"
    assert run("smoke", "--report", str(report)) == (
        0,
        "endpoint churn-brought-live: answers: it waits for its first release\nbrought: there is nothing to ask",
        "",
    )
    assert '<testcase classname="churn-brought-live" name="answers"' in report.read_text()


def test_a_smoke_test_of_an_endpoint_that_answers_otherwise_differs(run: Run, churn: Platform) -> None:
    churn.register()
    record = releases.promote(churn.names, "1", by=By(who="user/ana", why="first"), clients=churn.clients)
    churn.up(record)
    code, out, _ = run("smoke", "--json")
    cases = json.loads(out)["cases"]
    assert code == 7
    assert [each["endpoint"] for each in cases] == ["churn-brought-live"] * 3
    assert cases[0]["failure"]


def test_a_delivery_is_written_down_and_what_it_brought_is_one_fingerprint(run: Run, tmp_path: Path) -> None:
    before = json.loads(run("delivered", "--json")[1])
    assert (before["revision"], before["usd_month"]) == (None, None)
    assert before["fingerprint"].startswith("none-")
    variables = tmp_path / "out" / "env"
    code, out, _ = run("delivered", "--record", REVISION, "--env", str(variables), "--json")
    found = json.loads(out)
    assert (code, found["revision"], found["usd_month"]) == (0, REVISION, 1.03)
    assert found["fingerprint"].startswith("4f2a1b9c7d1e-")
    assert found["fingerprint"] == json.loads(run("delivered", "--json")[1])["fingerprint"]
    shell = f'. "{variables}"; printf "%s|%s" "$STAGED" "$TESTED"'
    said = subprocess.run(["/usr/bin/env", "bash", "-c", shell], capture_output=True, text=True, check=True).stdout
    staged, _, tested = said.partition("|")
    assert staged == found["fingerprint"]
    assert tested == "churn-brought-live serves churn-brought/1; 0 alarms ring."


def test_a_stack_that_has_what_was_approved_goes_on_and_one_that_moved_on_does_not(run: Run, churn: Platform) -> None:
    run("delivered", "--record", REVISION)
    approved = json.loads(run("delivered", "--json")[1])["fingerprint"]
    assert run("delivered", "--approved", approved) == (0, f"brought has {approved}", "")
    churn.register()
    releases.promote(churn.names, "2", by=By(who="user/ana", why="second"), clients=churn.clients)
    code, _, told = run("delivered", "--approved", approved)
    assert code == 1
    assert told.startswith(f"error: brought moved on since the approval: found {approved[:12]}-")
    assert told.endswith(f"approved was {approved}; nothing was deployed, approve the newer delivery")


def test_of_an_endpoint_it_is_what_that_endpoint_has_whatever_another_gets(run: Run, tmp_path: Path) -> None:
    (tmp_path / "project" / "Pulumi.brought.yaml").write_text(
        "config: {'aws:region': eu-west-1, 'ml-platform:stack': brought, 'ml-platform:workloads': {churn: {contract: "
        "contracts/churn.yaml, endpoints: {live: {kind: realtime}, second: {kind: realtime}}}}}"
    )
    only = ("--workload", "churn", "--endpoint")
    whole, live, second = (
        json.loads(run("delivered", *more, "--json")[1]) for more in ((), (*only, "live"), (*only, "second"))
    )
    assert whole["champions"] == live["champions"] == {"churn-brought-live": live["champions"]["churn-brought-live"]}
    assert second["champions"] == {}
    assert second["fingerprint"] != live["fingerprint"]
    assert run("delivered", *only, "live", "--approved", live["fingerprint"])[0] == 0
    assert run("delivered", *only, "second", "--approved", live["fingerprint"])[0] == 1


def test_a_model_is_delivered_onto_the_code_that_the_stack_was_brought_to_alone(run: Run) -> None:
    run("delivered", "--record", REVISION)
    assert run("delivered", "--revision", REVISION)[0] == 0
    assert run("delivered", "--revision", "9999") == (
        1,
        "",
        f"error: brought has revision {REVISION}; allowed: 9999, which is in the repository now; "
        "let that be delivered first, then start the delivery of the model again",
    )


def test_an_image_that_is_shipped_makes_another_fingerprint(churn: Platform) -> None:
    ssm = churn.client("ssm")

    def fingerprint() -> str:
        return delivered.read(churn.names.ground, [churn.names], churn.clients).fingerprint

    before = fingerprint()
    name = churn.names.image_parameter("training")
    ssm.put_parameter(Name=name, Value="registry/training@sha256:1", Type="String")
    assert fingerprint() != before
    assert delivered.read(churn.names.ground, [], churn.clients).digests == ["training=sha256:1"]
    ssm.delete_parameter(Name=name)
    assert fingerprint() == before


def test_a_brief_compares_the_price_with_that_of_what_the_stack_was_brought_to(run: Run, tmp_path: Path) -> None:
    run("delivered", "--record", REVISION)
    (tmp_path / "cost.json").write_text('{"total": {"usd": 3.5}}')
    assert run("brief", str(tmp_path)) == (
        0,
        "Changes: not known. Price: 3.50 USD a month, +2.47 by this. Policies: not known.",
        "",
    )


def test_a_brief_of_what_no_command_printed_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cost.json").write_text("{}")
    code, _, told = run("brief", str(tmp_path))
    assert (code, told) == (1, f"error: {tmp_path}/cost.json: found no 'total'; give what `cost` printed with --json")
