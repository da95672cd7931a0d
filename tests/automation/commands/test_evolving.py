"""The command `evolve`: what it asks, adds and says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main, target
from automation.exits import Exit
from automation.operations import feature_store
from automation.operations.errors import RefusedError
from automation.operations.feature_store import Evolution

PROJECT = Path(__file__).parents[3]
GROUP = "churn-staging-features-1"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was added; a group lacks one column until then."""
    added: list[Any] = []
    original = target.read

    def read(stack: str) -> target.Target:
        found = original(stack)
        found.__dict__["caller"] = "arn:aws:iam::123456789012:user/ana"
        found._clients["sagemaker"] = "sagemaker"
        return found

    def plan(names: Any, contract: Any, *, sagemaker: Any) -> Evolution:
        assert (names.prefix, contract.name, sagemaker) == ("churn-staging", "churn", "sagemaker")
        return Evolution(group=GROUP, additions={} if added else {"logins": "Integral"})

    monkeypatch.setattr(target, "read", read)
    monkeypatch.setattr(feature_store, "plan", plan)
    monkeypatch.setattr(feature_store, "evolve", lambda evolution, sagemaker: added.append(evolution.additions))
    return added


def test_what_is_lacking_is_added_once(done: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evolve", "--stack", "staging", "--yes"]) == Exit.DONE
    assert done == [{"logins": "Integral"}]
    said = f"feature group {GROUP} has logins (Integral) too; `up` lets ingestion fill them\n"
    assert capsys.readouterr().out == said
    assert main(["evolve", "--stack", "staging", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"group": GROUP, "added": {}}
    assert len(done) == 1


def test_it_asks_first_since_no_feature_can_be_removed(done: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evolve", "--stack", "staging"]) == Exit.REFUSED
    assert capsys.readouterr().err == (
        f"error: Add logins (Integral) to feature group {GROUP}? SageMaker cannot remove a feature again. Nobody can "
        "answer here: give --yes\n"
    )
    assert done == []


def test_a_refusal_is_told(
    done: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> Evolution:
        raise RefusedError("it cannot follow")

    monkeypatch.setattr(feature_store, "plan", refuse)
    assert main(["evolve", "--stack", "staging", "--yes"]) == Exit.REFUSED
    assert capsys.readouterr().err == "error: it cannot follow\n"
    assert done == []
