"""The commands on a stack as a whole, with the CLI played."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main, stacks
from automation.commands import output as outputs
from automation.operations.errors import StoppedError
from automation.operations.findings import Finding
from automation.stacks import deployment, local
from local.emulator import Emulator
from tests.automation.cost.written import synth
from tests.automation.stacks.conftest import BUCKET, ENDPOINT, RESOURCES, VPC_ENDPOINT, Engine

MONTH = "a month costs 14.60 USD at the assumed traffic; no limit (`python -m automation cost`)"
ROLE = {"type": "aws:iam/role:Role", "name": "churn-live-role"}


class Said:
    """What a command said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out.strip(), err.strip()

    @property
    def result(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def run(engine: Engine, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command on staging; nobody sits at a terminal."""

    def command(*arguments: str, stack: str = "staging") -> Said:
        code = main([*arguments, "--stack", stack])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return command


def test_preview_says_types_and_numbers(run: Any) -> None:
    said = run("preview")
    assert (said.code, said.out.splitlines()) == (
        0,
        ["+ 1 Bucket", "+ 1 Endpoint", "+ 1 Topic", MONTH, "preview of staging: 3 create, 0 stay as they are"],
    )
    found = run("preview", "--json").result
    assert (found["counts"], found["by"], len(found["steps"])) == ({"create": 3}, "by the Pulumi CLI", 3)
    assert found["month"] == {"usd": 14.6, "from_memory": 0, "limit_usd": None}


def test_preview_writes_what_a_stack_may_take_over(
    run: Any, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.put("staging", resources=[RESOURCES[0]])
    file, rest = tmp_path / "import.json", tmp_path / "import.rest.json"
    asked: list[str] = []
    found = {(ENDPOINT, "churn-live-endpoint"): "churn-staging-live"}
    monkeypatch.setattr(stacks, "declared", lambda on: asked.append(on.stack))
    monkeypatch.setattr(stacks.takeover, "ids", lambda _: found)
    said = run("preview", "--import-file", str(file))
    lines = said.out.splitlines()
    assert (said.code, asked) == (0, ["staging"])
    assert "AWS has churn-live-endpoint (churn-staging-live)" in lines
    assert f"{file} has these 1; {rest} has 1 that nothing can be found by" in lines
    kept = [json.loads(path.read_text())["resources"] for path in (file, rest)]
    assert [[(each["name"], each["id"]) for each in resources] for resources in kept] == [
        [("churn-live-endpoint", "churn-staging-live")],
        [("alerts-topic", "<PLACEHOLDER>")],
    ]
    monkeypatch.setenv("PATH", "/nowhere")
    assert run("preview", "--import-file", str(file)).err.startswith("error: the Pulumi CLI is not on PATH; ")


def test_up_is_followed_and_says_what_the_stack_waits_for(run: Any, engine: Engine) -> None:
    engine.set(outputs={"waiting_for": ["the training image: publish it"]})
    said = run("up", "--yes")
    assert said.code == 0
    assert said.out.splitlines()[3:] == [
        MONTH,
        "create aws:s3/bucket:Bucket lake-raw-bucket",
        "create aws:sns/topic:Topic alerts-topic",
        "create aws:sagemaker/endpoint:Endpoint churn-live-endpoint",
        "waits for the training image: publish it",
        "staging: 3 create, 0 stay as they are",
    ]
    again = run("up", "--yes", "--json")
    assert (again.result["steps"], again.result["counts"]) == ([], {"same": 3})
    assert "nothing of staging is to change" in again.err


def test_up_above_the_limit_of_a_month_ends_before_the_question(
    run: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "synth", lambda *_: synth(VPC_ENDPOINT, monthly_limit_usd=14))
    said = run("up", "--yes")
    assert (said.code, said.err) == (
        6,
        "policy: cost: found 14.60 USD a month; allowed: 14 (cost.monthly_limit_usd of stack s); "
        "take less of what its lines name, or raise the limit",
    )
    assert (engine.asked, engine.names("staging")) == ([], [])
    preview = run("preview")
    assert (preview.code, preview.out.splitlines()[3]) == (0, MONTH.replace("no limit", "limit 14"))


def test_up_without_anybody_to_ask_does_nothing(run: Any, engine: Engine) -> None:
    said = run("up")
    assert (said.code, said.err) == (
        1,
        "error: Bring staging there (3 create, 0 stay as they are)? Nobody can answer here: give --yes",
    )
    assert engine.names("staging") == []


def test_up_of_a_protected_stack_backs_its_state_up(run: Any, engine: Engine) -> None:
    engine.put("prod", resources=[RESOURCES[0]])
    said = run("up", "--yes", stack="prod")
    assert said.code == 0
    (backup,) = (engine.project / ".state" / "prod").glob("prod-*.json")
    assert f"the state before comes back by `pulumi stack import --stack prod --file {backup}`" in said.out
    assert [each["name"] for each in json.loads(backup.read_text())["deployment"]["resources"]] == ["lake-raw-bucket"]


def test_what_a_killed_run_left_is_looked_up_after_the_state_was_copied(run: Any, engine: Engine) -> None:
    urn = f"urn:pulumi:prod::ml-platform::{BUCKET}::lake-raw-bucket"
    left = {"type": "creating", "resource": {"urn": urn, "type": BUCKET, "inputs": {"bucket": "raw"}}}
    engine.put("prod", pending=[left])
    said = run("up", "--yes", stack="prod")
    assert said.code == 1
    assert "`python -m automation refresh --stack prod --forget-creates`" in said.err
    assert len([*(engine.project / ".state" / "prod").iterdir()]) == 1
    refused = run("refresh", "--take-over", urn, "--yes", stack="prod")
    assert (refused.code, refused.err) == (
        1,
        f"error: --take-over: found '{urn}'; allowed: the URN and the id, with a blank in between",
    )
    assert run("refresh", "--take-over", f"{urn} raw", "--forget-creates", "--yes", stack="prod").code == 0
    assert engine.names("prod") == ["lake-raw-bucket"]
    assert run("up", "--yes", "--json", stack="prod").result["counts"] == {"same": 1, "create": 2}


def test_a_backup_that_fails_keeps_the_update_from_beginning(
    run: Any, engine: Engine, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    engine.put("prod", resources=[RESOURCES[0]])
    said = run("up", "--backups", "s3://none-of-this-name", "--yes", stack="prod")
    assert (said.code, said.err.partition(" (")[0]) == (4, "AWS: An error occurred")
    assert engine.asked == ["preview"]


def test_up_that_violates_a_policy_ends_before_the_question(run: Any, engine: Engine) -> None:
    violated = {"policyName": "kms", "enforcementLevel": "mandatory", "message": "no key"}
    engine.set(violations=[violated])
    said = run("up", "--yes")
    assert (said.code, said.err) == (
        6,
        "policy: stack staging violates mandatory policies; nothing was changed:\n  kms: no key",
    )
    assert engine.asked == ["preview"]


def test_up_that_fails_half_way_is_gone_on_with(run: Any, engine: Engine) -> None:
    engine.set(fails={"alerts-topic": "no permission"})
    said = run("up", "--yes")
    assert (said.code, said.err) == (
        5,
        "failed: no permission\ndone: 1 create; `python -m automation up --stack staging` goes on from there",
    )
    engine.set(fails={})
    assert run("up", "--yes", "--json").result["counts"] == {"same": 1, "create": 2}


def test_a_first_up_is_refused_with_what_the_account_lacks(
    run: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    quota = Finding(subject="Lambda concurrency", holds=False, found="10", fix="raise it to 1,000")
    fits = Finding(subject="VPCs", holds=True, found="1 of 5", fix="")
    monkeypatch.setattr(stacks, "findings", lambda on: asked.append(on.stack) or [fits, quota])
    said = run("up", "--yes")
    assert (said.code, said.err) == (
        1,
        "error: the account lacks what the stack needs (--no-preflight deploys all the same):\n"
        "  Lambda concurrency: 10; raise it to 1,000",
    )
    assert engine.asked == []
    assert run("up", "--yes", "--no-preflight").code == 0
    assert run("up", "--yes").code == 0  # there is a stack by now
    assert asked == ["staging"]


def test_up_that_is_interrupted_ends_with_130_and_the_way_on(
    run: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise StoppedError("done: 1 create; under way: create alerts-topic; `up` goes on from there")

    monkeypatch.setattr(deployment, "up", stopped)
    said = run("up", "--yes")
    assert (said.code, said.err) == (
        130,
        "interrupted: done: 1 create; under way: create alerts-topic; `up` goes on from there",
    )


def test_drift_ends_with_7_and_a_rollback_is_none(run: Any, engine: Engine) -> None:
    moved = {"op": "update", "old": {"endpointConfigName": "a"}, "new": {"endpointConfigName": "b"}}
    engine.put("staging", resources=[RESOURCES[2], ROLE])
    engine.set(drift={"churn-live-endpoint": moved})
    said = run("drift")
    assert (said.code, said.out.splitlines()[-1]) == (0, "staging: no drift")
    assert said.out.startswith("allowed: ~ Endpoint churn-live-endpoint: endpointConfigName (a rollback moves the ")
    attached = {"op": "update", "old": {"managedPolicyArns": []}, "new": {"managedPolicyArns": ["admin"]}}
    engine.set(drift={"churn-live-endpoint": moved, "churn-live-role": attached})
    found = run("drift", "--json")
    assert (found.code, [step["urn"].rpartition("::")[2] for step in found.result["drift"]]) == (7, ["churn-live-role"])


def test_refresh_writes_the_state(run: Any, engine: Engine) -> None:
    engine.put("staging", resources=RESOURCES)
    engine.set(drift={"alerts-topic": {"op": "delete", "old": {}, "new": {}}})
    assert run("refresh").code == 1
    assert run("refresh", "--yes").out.splitlines()[-2:] == [
        "- Topic alerts-topic",
        "staging: 1 delete, 2 stay as they are",
    ]


def test_outputs_are_printed_without_secrets(run: Any, engine: Engine) -> None:
    engine.put("staging", outputs={"waiting_for": ["images"], "vpc": "vpc-1", "secret": "s3cr3t"})
    assert run("outputs").out == 'waiting_for: ["images"]\nvpc: vpc-1\nsecret: [secret]'
    assert run("outputs", "--json", "--show-secrets").result["secret"] == "s3cr3t"


def test_cancel_asks_for_the_name_of_the_stack(run: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("cancel").code == 1
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(outputs.typer, "prompt", lambda *_, **__: "stagign")
    assert run("cancel").err == "error: found 'stagign'; allowed: staging; nothing was done"
    assert engine.asked == []
    monkeypatch.setattr(outputs.typer, "prompt", lambda *_, **__: "staging")
    left = {"type": "updating", "resource": {"urn": "urn::churn-live-endpoint", "type": ENDPOINT}}
    engine.put("staging", pending=[left])
    assert run("cancel").out == "staging is free; 1 operations were under way, `up` looks them up"
    assert engine.asked == ["cancel"]


def local_run(monkeypatch: pytest.MonkeyPatch, *, code: int, out: str = "", err: str = "") -> list[list[str]]:
    """Without a CLI, and with a local run that answers so; the commands it was given."""
    monkeypatch.setenv("PATH", "/nowhere")
    asked: list[list[str]] = []

    def ran(argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        return subprocess.CompletedProcess(argv, code, out, err)

    monkeypatch.setattr(local.subprocess, "run", ran)
    return asked


def test_preview_without_a_cli_is_the_local_runs_and_says_so(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    step = {"op": "create", "urn": "urn:pulumi:s::p::t::lake", "type": "aws:s3/bucket:Bucket", "keys": []}
    document = {"against": "an empty account", "steps": [step], "counts": {"create": 1}, "advisories": []}
    asked = local_run(monkeypatch, code=0, out=json.dumps(document))
    said = run("preview", "--json")
    assert asked == [[sys.executable, "-m", "local", "preview", "--stack", "staging", "--json"]]
    assert (said.code, said.result["counts"], said.result["by"]) == (0, {"create": 1}, local.SAYS)
    assert said.err.startswith(f"preview {local.SAYS}; the Pulumi CLI is not on PATH; install it")


@pytest.mark.parametrize(
    ("code", "err", "ended", "said"),
    [
        (
            6,
            "error: kms: the key\n    rotates never\n",
            6,
            "policy: mandatory policies are violated:\nkms: the key\n    rotates never",
        ),
        (
            1,
            "error: the config of stack staging has faults\n",
            1,
            "error: the local run failed: the config of stack staging has faults",
        ),
        (137, "", 1, "error: the local run failed: it ended with 137"),
    ],
)
def test_what_the_local_run_refuses_is_told(
    run: Any, monkeypatch: pytest.MonkeyPatch, code: int, err: str, ended: int, said: str
) -> None:
    local_run(monkeypatch, code=code, err=err)
    found = run("preview")
    assert (found.code, found.err) == (ended, said)


def test_policies_are_reported_and_a_violation_ends_with_6(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = local_run(monkeypatch, code=0, out="# evidence\n")
    assert (run("policies", "--format", "markdown").out, asked[0][3:]) == (
        "# evidence",
        ["policies", "--stack", "staging", "--format", "markdown"],
    )
    local_run(monkeypatch, code=6, out='{"results": []}\n')
    said = run("policies", "--levels", "strict", "--json")
    assert (said.code, said.result) == (6, {"stops": True, "report": {"results": []}})
    refused = run("policies", "--format", "pdf")
    assert (refused.code, refused.err) == (
        1,
        "error: --format: found 'pdf'; allowed: table, json, sarif, junit, markdown",
    )
