"""`preflight` says what is lacking, with what to do, and ends by it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from automation.commands import main, target
from automation.exits import Exit
from automation.operations import preflight
from automation.operations.errors import RefusedError
from automation.operations.findings import Finding, Stack
from automation.stacks import local

GOOD = Finding(subject="Lambda concurrency", holds=True, found="2 are reserved", fix="raise it")
LACKING = Finding(subject="ml.m5.large for endpoint usage", holds=False, found="6 are needed", fix="ask for 6")
CONFIG: dict[str, Any] = {}
UNKNOWN = Finding(subject="network", holds=None, found="AccessDenied", fix="allow it")


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    on = SimpleNamespace(
        stack="staging",
        caller="arn:aws:iam::123456789012:user/ana",
        region="eu-west-1",
        client=None,
        config=CONFIG,
        workloads=[],
    )
    monkeypatch.setattr(target, "read", lambda stack: on)
    monkeypatch.setattr(local, "synth", lambda stack, project: {"resources": [{"type": "t", "inputs": {}}]})


def answered(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    def run(stack: Stack) -> list[Finding]:
        assert (stack.resources, stack.region) == ([{"type": "t", "inputs": {}}], "eu-west-1")
        return list(findings)

    monkeypatch.setattr(preflight, "run", run)


def test_each_finding_is_a_line_and_what_lacks_has_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(monkeypatch, GOOD, LACKING, UNKNOWN)
    assert main(["preflight", "--stack", "prod"]) == Exit.DIFFERS
    assert capsys.readouterr().out.splitlines() == [
        "account: arn:aws:iam::123456789012:user/ana in eu-west-1",
        "ok  Lambda concurrency: 2 are reserved",
        "NO  ml.m5.large for endpoint usage: 6 are needed; ask for 6",
        "??  network: AccessDenied; allow it",
        "preflight of prod: 1 of 3 are lacking, 1 could not be found out",
    ]


def test_where_nothing_could_be_found_out_it_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(monkeypatch, UNKNOWN, UNKNOWN)
    assert main(["preflight", "--stack", "prod"]) == Exit.AWS
    assert capsys.readouterr().out.endswith("preflight of prod: 0 of 2 are lacking, 2 could not be found out\n")
    answered(monkeypatch, UNKNOWN, GOOD)
    assert main(["preflight", "--stack", "prod"]) == Exit.DONE


def test_an_account_that_has_it_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answered(monkeypatch, GOOD)
    assert main(["preflight", "--stack", "prod", "--json"]) == Exit.DONE
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found == {
        "stack": "prod",
        "findings": [{"subject": "Lambda concurrency", "holds": True, "found": "2 are reserved", "fix": "raise it"}],
    }


def test_a_program_that_cannot_be_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(stack: str, project: object) -> None:
        raise RefusedError("the local run failed: config")

    monkeypatch.setattr(local, "synth", fail)
    assert main(["preflight", "--stack", "prod"]) == Exit.REFUSED
    assert capsys.readouterr().err == "error: the local run failed: config\n"


def test_what_the_config_names_of_the_account_is_judged_by_the_program_as_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def judged(stack: str, project: object, account: dict[str, str | None]) -> str:
        asked.append((stack, account))
        return "network.existing.vpc_id: found vpc-1, which does not exist; allowed: one of the account; correct it"

    keys = SimpleNamespace(access_key="AKIA", secret_key="s3cr3t", token="role")
    credentials = SimpleNamespace(get_frozen_credentials=lambda: keys)
    on = target.read("staging")
    on.session = SimpleNamespace(get_credentials=lambda: credentials)  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(CONFIG, "ml-platform:network", {"existing": {"vpc_id": "vpc-1"}})
    monkeypatch.setattr(local, "judged", judged)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    answered(monkeypatch, GOOD)
    assert main(["preflight", "--stack", "staging"]) == Exit.DIFFERS
    assert capsys.readouterr().out.splitlines()[2:] == [
        "NO  network.existing: vpc_id: found vpc-1, which does not exist; allowed: one of the account; correct it",
        "preflight of staging: 1 of 2 are lacking, 0 could not be found out",
    ]
    account = {"access_key": "AKIA", "secret_key": "s3cr3t", "token": "role", "endpoint_url": None}
    assert asked == [("staging", account)]
