"""`score` starts a run, and waits for it on request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main, target
from automation.exits import Exit
from automation.operations import scoring
from automation.operations.errors import DeploymentError

PROJECT = Path(__file__).parents[3]
RUN = scoring.Run(job="churn-staging-live-batch-0", predictions="s3://processed/batch/predictions/now/")


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[scoring.Run]:
    """The runs that were waited for, of a stack whose account is not asked."""
    original, told = target.read, list[scoring.Run]()

    def read(stack: str) -> target.Target:
        found = original(stack, PROJECT)
        found.__dict__["caller"] = "arn:aws:sts::123456789012:assumed-role/mlops/ana"
        for service in ("scheduler", "sagemaker"):
            found._clients[service] = service
        return found

    monkeypatch.setattr(target, "read", read)
    monkeypatch.setattr(scoring, "start", lambda *_, **__: RUN)
    monkeypatch.setattr(scoring, "wait", lambda run, **_: told.append(run))
    return told


def score(*more: str) -> int:
    return main(["score", "--stack", "staging", "--yes", *more])


def test_a_run_is_started_and_waited_for_on_request(
    waited: list[scoring.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    assert score("--json") == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"job": RUN.job, "predictions": RUN.predictions}
    assert waited == []
    assert score("--wait") == Exit.DONE
    assert capsys.readouterr().out == f"{RUN.job} has begun\n{RUN.job} has written {RUN.predictions}\n"
    assert waited == [RUN]


def test_a_run_that_fails_has_an_exit_code_of_its_own(
    waited: list[scoring.Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DeploymentError(f"{RUN.job} Failed: no reason")

    monkeypatch.setattr(scoring, "wait", fail)
    assert score("--wait") == Exit.FAILED
    assert capsys.readouterr().err == f"failed: {RUN.job} Failed: no reason\n"
