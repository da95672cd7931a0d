"""Preview, up, refresh and what an earlier run left, on a CLI that is played."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from automation.operations.errors import (
    AccessError,
    DeploymentError,
    PolicyViolationError,
    RefusedError,
    StoppedError,
)
from automation.stacks import deployment, workspace
from automation.stacks.log import Log, counted
from contracts.release.lock import BusyError
from tests.automation.stacks.conftest import BUCKET, RESOURCES, Engine

ALL = ["lake-raw-bucket", "alerts-topic", "churn-live-endpoint"]


def staging(engine: Engine) -> Any:
    return workspace.select("staging", engine.project)


def test_a_preview_says_each_step_and_changes_nothing(engine: Engine) -> None:
    found = deployment.preview(staging(engine))
    assert [(step.op, step.type, step.name) for step in found.steps] == [
        ("create", each["type"], each["name"]) for each in RESOURCES
    ]
    assert found.counts == {"create": 3}
    assert engine.names("staging") == []


def test_an_up_makes_what_is_not_there_and_a_second_one_nothing(engine: Engine) -> None:
    engine.put("staging", resources=[RESOURCES[0]])
    told: list[str] = []
    done = deployment.up(staging(engine), message="by a test", watch=lambda log: told.append(counted(log.done)))
    assert ([step.name for step in done.steps], done.counts) == (ALL[1:], {"same": 1, "create": 2})
    assert sorted({*told}, key=told.index) == ["", "1 create", "2 create"]
    assert engine.names("staging") == ALL
    assert deployment.up(staging(engine)).nothing


@pytest.mark.parametrize("stack", ["staging", "pr-7"])
def test_every_run_has_the_pack_with_the_levels_of_its_own_stack(
    engine: Engine, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_OPTION_POLICY_PACK", "elsewhere")
    monkeypatch.setenv("PULUMI_OPTION_POLICY_PACK_CONFIG", "policies/config/prod.json")
    engine.put(stack)
    deployment.up(workspace.select(stack, engine.project))
    pack, levels = engine.project / "policies", engine.project / "policies" / "config" / f"{stack}.json"
    config = ["--policy-pack-config", str(levels)] if stack == "staging" else []
    judged = next(call for call in engine.calls if call["argv"][0] == "up")
    given = judged["argv"]
    assert given[given.index("--policy-pack") :][: 2 + len(config)] == ["--policy-pack", str(pack), *config]
    assert {call["PULUMI_OPTION_POLICY_PACK"] for call in engine.calls} == {str(pack)}
    assert {call["PULUMI_OPTION_POLICY_PACK_CONFIG"] for call in engine.calls} == {str(levels) if config else ""}


def test_a_mandatory_violation_stops_and_advice_does_not(engine: Engine) -> None:
    advice = {"policyName": "budget", "enforcementLevel": "advisory", "message": "no budget"}
    engine.set(violations=[advice])
    assert [found.policy for found in deployment.preview(staging(engine)).advisories] == ["budget"]
    engine.set(
        violations=[advice, advice | {"policyName": "kms", "enforcementLevel": "mandatory", "message": "no key"}]
    )
    with pytest.raises(PolicyViolationError) as caught:
        deployment.preview(staging(engine))
    assert str(caught.value) == "stack staging violates mandatory policies; nothing was changed:\n  kms: no key"


def test_a_failure_half_way_says_what_is_done_and_the_command_goes_on(engine: Engine) -> None:
    engine.set(fails={"alerts-topic": "creating topic: AuthorizationError"})
    with pytest.raises(DeploymentError) as caught:
        deployment.up(staging(engine))
    assert str(caught.value) == (
        "creating topic: AuthorizationError\n"
        "done: 1 create; `python -m automation up --stack staging` goes on from there"
    )
    engine.set(fails={})
    assert [step.name for step in deployment.up(staging(engine)).steps] == ALL[1:]


def test_an_interrupt_lets_the_cli_end_and_says_what_is_left(engine: Engine) -> None:
    engine.set(hangs="alerts-topic")

    def interrupt(log: Log) -> None:
        """As the terminal does: both processes get it. The CLI is the group's other member."""
        if any(step.name == "alerts-topic" for step, _ in log.running.values()) and not sent.is_set():
            sent.set()
            os.kill(os.getpid(), signal.SIGINT)  # first: once the CLI has ended, nobody here expects one any more
            for process in children():
                os.kill(process, signal.SIGINT)

    sent, before = threading.Event(), signal.getsignal(signal.SIGINT)
    with pytest.raises(StoppedError) as caught:
        deployment.up(staging(engine), watch=interrupt)
    assert str(caught.value) == (
        "done: 1 create; under way: create alerts-topic; `python -m automation up --stack staging` goes on from there"
    )
    assert [(each.op, each.type) for each in deployment.pending(staging(engine))] == [
        ("creating", RESOURCES[1]["type"])
    ]
    assert signal.getsignal(signal.SIGINT) is before


def children() -> list[int]:
    """Processes of the played CLI that this one started."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            played = b"stub_pulumi" in stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and played:
            found.append(int(stat.parent.name))
    return found


def test_updates_and_deletions_that_were_under_way_are_read_anew_by_up(engine: Engine) -> None:
    left = {
        "type": "updating",
        "resource": {"urn": "urn:pulumi:staging::ml-platform::t::lake-raw-bucket", "type": BUCKET},
    }
    engine.put("staging", resources=[RESOURCES[0]], pending=[left])
    deployment.up(staging(engine))
    assert engine.asked == ["refresh", "up"]
    assert deployment.pending(staging(engine)) == []


def test_a_creation_that_was_under_way_needs_a_look_and_one_command(engine: Engine) -> None:
    urn = f"urn:pulumi:staging::ml-platform::{BUCKET}::lake-raw-bucket"
    left = {"type": "creating", "resource": {"urn": urn, "type": BUCKET, "inputs": {"bucket": "raw-of-staging"}}}
    topic = {"urn": "urn:pulumi:staging::ml-platform::t::alerts-topic", "type": RESOURCES[1]["type"]}
    engine.put("staging", pending=[left, {"type": "creating", "resource": topic}])
    with pytest.raises(RefusedError) as caught:
        deployment.up(staging(engine))
    assert str(caught.value) == (
        "an earlier run of stack staging was killed while it created\n"
        f"  {urn} (raw-of-staging)\n"
        "  urn:pulumi:staging::ml-platform::t::alerts-topic\n"
        "look whether AWS has them, then `python -m automation refresh --stack staging --forget-creates`, with "
        "`--take-over '<urn> <id>'` for each that is there, and the same command again"
    )
    assert engine.asked == []
    deployment.refresh(staging(engine))
    assert len(deployment.pending(staging(engine))) == 2  # as the CLI leaves them where nobody sits at it
    with pytest.raises(RefusedError) as caught:
        deployment.refresh(staging(engine), take_over={"urn:other": "x"})
    assert str(caught.value) == f"--take-over: found urn:other; allowed:\n  {urn}\n  {topic['urn']}"
    deployment.refresh(staging(engine), take_over={urn: "raw-of-staging"}, forget_creates=True)
    assert deployment.pending(staging(engine)) == []
    assert engine.state("staging")["resources"][0]["id"] == "raw-of-staging"
    assert [step.name for step in deployment.up(staging(engine)).steps] == ALL[1:]


@pytest.mark.parametrize(
    ("stderr", "kind", "message"),
    [
        (
            "error: get stack secrets manager: incorrect passphrase",
            RefusedError,
            "the passphrase is not the one that the stack's secrets were encrypted with: set "
            "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to that one (get "
            "stack secrets manager: incorrect passphrase)",
        ),
        (
            "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
            RefusedError,
            "the stack's secrets need a passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE ",
        ),
        (
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            RefusedError,
            "nobody is logged in to a backend: `pulumi login s3://<state-bucket>`, or set ",
        ),
        (
            "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end ...",
            BusyError,
            "stack staging is locked by another update (the stack is currently locked by 1 lock(s). ",
        ),
        (
            "error: [409] Conflict: Another update is currently in progress.",
            BusyError,
            "stack staging is locked by another update ([409] Conflict: ",
        ),
        (
            "error: backend s3://states does not support environments",
            RefusedError,
            "the stack's file names an `environment` of Pulumi ESC, which only Pulumi Cloud keeps: take it out, or ",
        ),
        (
            "error: rpc error: No valid credential sources found",
            AccessError,
            "there are no AWS credentials: log in (`aws sso login`), or set AWS_PROFILE or aws:profile of the stack (",
        ),
        (
            "error: operation error STS: ExpiredToken: the token is expired",
            AccessError,
            "the AWS credentials are no longer valid: log in anew (`aws sso login`) (",
        ),
        ("error: no resource plugin 'pulumi-resource-aws' found", RefusedError, "a plugin or package is missing: "),
        ("panic: what nobody knows", DeploymentError, "panic: what nobody knows\nnothing was changed; "),
    ],
)
def test_what_the_cli_says_is_told_with_what_to_do(
    engine: Engine, stderr: str, kind: type[Exception], message: str
) -> None:
    engine.set(refuses={"preview": stderr})
    with pytest.raises(kind) as caught:
        deployment.preview(staging(engine))
    assert type(caught.value) is kind
    assert str(caught.value).startswith(message)


def test_a_stack_that_is_not_in_the_backend_is_named(engine: Engine) -> None:
    with pytest.raises(RefusedError, match=r"^stack prod is not in the backend: make it, `pulumi stack init prod "):
        workspace.select("prod", engine.project)
    assert engine.stacks() == ["staging"]
    assert workspace.create("prod", engine.project, "awskms://alias/state").name == "prod"
    assert engine.calls[-1]["argv"] == [
        "stack",
        "init",
        "prod",
        "--no-select",
        "--secrets-provider",
        "awskms://alias/state",
    ]
    assert engine.stacks() == ["prod", "staging"]


def test_without_a_cli_it_is_said_where_to_get_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RefusedError, match=r"^the Pulumi CLI is not on PATH; install it \(https://www.pulumi.com/"):
        workspace.select("staging", engine.project)


def test_an_old_cli_is_told_by_its_version(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "bin" / "pulumi").write_text("#!/bin/sh\necho v2.25.2\n")
    with pytest.raises(RefusedError, match=r"^the Pulumi CLI on PATH: .*minimum CLI version requirement is 3.1.0"):
        workspace.select("staging", engine.project)


def test_secrets_are_shown_only_where_they_are_asked_for(engine: Engine) -> None:
    engine.put("staging", outputs={"vpc": "vpc-1", "secret": "s3cr3t"})
    assert deployment.outputs(staging(engine)) == {"vpc": "vpc-1", "secret": "[secret]"}
    assert deployment.outputs(staging(engine), show_secrets=True) == {"vpc": "vpc-1", "secret": "s3cr3t"}
