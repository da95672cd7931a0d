"""`retrain --if-changed` starts a run only where it would learn something new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main, target
from automation.exits import Exit
from automation.operations import training
from contracts.machine_runs import MachineRuns

PROJECT = Path(__file__).parents[3]
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-staging/execution/1"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pipelines that were started of a stack whose account is not asked."""
    original, told = target.read, list[str]()

    def read(stack: str) -> target.Target:
        found = original(stack, PROJECT)
        found.__dict__["caller"] = "arn:aws:sts::123456789012:assumed-role/engineer/ana"
        for service in ("s3", "sagemaker"):
            found._clients[service] = service
        return found

    def start(names: Any, *_: Any, tune: bool, **__: Any) -> str:
        told.append(names.tuning_pipeline if tune else names.pipeline)
        return ARN

    monkeypatch.setattr(target, "read", read)
    monkeypatch.setattr(training, "start", start)
    return told


def run(*more: str) -> int:
    return main(["retrain", "--stack", "staging", "--yes", "--json", *more])


def test_nothing_new_starts_nothing_and_is_no_fault(
    started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "changes", lambda *_, **__: [])
    assert run("--if-changed") == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"execution": None}
    assert started == []


def test_where_nothing_is_accepted_yet_there_is_nothing_new(
    started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "changes", lambda *_, **__: None)
    assert main(["retrain", "--stack", "staging", "--yes", "--if-changed"]) == Exit.DONE
    bucket = "123456789012-staging-ai-processed-data"
    assert capsys.readouterr().out == f"there is no accepted data under s3://{bucket}/accepted/churn/ yet\n"
    assert started == []


def test_what_is_new_is_said_and_a_run_started(
    started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "changes", lambda *_, **__: ["contract_sha: c1 before, c2 now"])
    assert run("--if-changed") == Exit.DONE
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"execution": ARN}, "contract_sha: c1 before, c2 now\n")
    assert len(started) == 1


def test_without_the_option_nobody_asks_what_has_changed(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "changes", None)
    assert run() == Exit.DONE
    assert len(started) == 1


def test_a_run_that_goes_on_from_a_step(
    started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start_from(names: Any, _: str, step: str, *, source: str | None, sagemaker: Any) -> str:
        return f"{names.pipeline} {step} {source} {sagemaker}"

    monkeypatch.setattr(training, "start_from", start_from)
    assert run("--from", "Evaluate", "--of", ARN) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"execution": f"churn-staging Evaluate {ARN} sagemaker"}
    assert run("--of", ARN) == Exit.REFUSED
    assert run("--from", "Evaluate", "--if-changed") == Exit.REFUSED
    assert capsys.readouterr().err == (
        "error: --of: found without --from; name the step that the run goes on from\n"
        "error: --if-changed: found with --from, which runs whatever has changed; give one of them\n"
    )
    assert started == []


def test_a_search_is_another_pipeline_and_starts_where_it_trains(
    started: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--tune") == run() == Exit.DONE
    assert started == ["churn-staging-tuning", "churn-staging"]
    capsys.readouterr()
    assert run("--tune", "--from", "Evaluate") == Exit.REFUSED
    assert "--tune: found with --from" in capsys.readouterr().err
    assert len(started) == 2


def test_where_step_functions_trains_a_run_does_all_its_steps_and_is_started_by_the_machine(
    started: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, asked = target.read, list[Any]()

    def read(stack: str) -> target.Target:
        found = before(stack)
        found.config["ml-platform:workloads"]["churn"]["orchestrator"] = "step-functions"  # type: ignore[index]
        found._clients["stepfunctions"] = "states"
        return found

    monkeypatch.setattr(target, "read", read)
    assert run("--from", "Evaluate") == Exit.REFUSED
    assert capsys.readouterr().err == (
        "error: --from: found with workload churn, whose orchestrator is step-functions: a run of its state machine "
        "does all its steps; leave --from out\n"
    )
    monkeypatch.setattr(training, "start", lambda *_, sagemaker, **__: asked.append(sagemaker) or ARN)
    assert run() == Exit.DONE
    (runs,) = asked
    assert isinstance(runs, MachineRuns)
    assert (runs._arn, runs._pipeline, runs._states, runs._sagemaker) == (
        "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-staging-training",
        "churn-staging",
        "states",
        "sagemaker",
    )
    assert started == []
