"""Why a command of a build failed, and who is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation import reason
from automation.commands import ended
from automation.exits import Exit
from automation.operations.errors import DiffersError
from contracts.delivery import DETAIL_TYPE, SOURCE

BUILD = {
    "CODEBUILD_BUILD_ID": "mlplatform-staging-delivery-deploy:7e1c",
    "CODEBUILD_BUILD_URL": "https://console.aws.amazon.com/x",
    "CODEBUILD_INITIATOR": "codepipeline/mlplatform-staging-delivery",
    "RUN": "7e1c2f60",
}


class Events:
    """EventBridge, with what it was sent."""

    def __init__(self, **answer: str) -> None:
        self.entries, self._answer = list[Any](), answer or {"EventId": "1"}

    def put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803  the API's word
        self.entries += Entries
        return {"FailedEntryCount": int("ErrorCode" in self._answer), "Entries": [self._answer]}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "delivery" / "reason"
    monkeypatch.setenv(reason.FILE, str(path))
    return path


def differs() -> None:
    raise DiffersError("churn-staging-live: answers a row: ModelError")


def test_a_command_that_fails_leaves_its_reason_and_one_that_succeeds_after_it_takes_it_away(kept: Path) -> None:
    assert ended(differs) == Exit.DIFFERS
    assert kept.read_text() == "differs: churn-staging-live: answers a row: ModelError"
    assert ended(lambda: None) == Exit.DONE
    assert not kept.exists()


@pytest.mark.parametrize("code", [Exit.POLICY, Exit.USAGE])
def test_a_command_that_ends_by_its_code_leaves_what_that_says(kept: Path, code: Exit) -> None:
    def ends(by: int) -> None:
        raise SystemExit(by)

    assert ended(lambda: ends(code)) == code
    assert kept.read_text() == code.meaning
    assert ended(lambda: ends(0)) == 0
    assert not kept.exists()


def test_nothing_is_kept_where_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(reason.FILE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert ended(differs) == Exit.DIFFERS
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_told_with_its_build_and_its_run(tmp_path: Path) -> None:
    events, path = Events(), tmp_path / "reason"
    assert not reason.tell({reason.FILE: str(path)}, events)
    path.write_text('failed: churn "live"\nwas rolled back')
    assert reason.tell(BUILD | {reason.FILE: str(path)}, events)
    (entry,) = events.entries
    assert (entry["Source"], entry["DetailType"]) == (SOURCE, DETAIL_TYPE)
    assert json.loads(entry["Detail"]) == {
        "pipeline": "mlplatform-staging-delivery",
        "build": "mlplatform-staging-delivery-deploy",
        "run": "7e1c2f60",
        "reason": "failed: churn 'live' was rolled back",
        "link": "https://console.aws.amazon.com/x",
    }


def test_an_event_that_is_not_taken_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "reason"
    path.write_text("failed")
    events = Events(ErrorCode="ThrottlingException", ErrorMessage="slow down")
    with pytest.raises(RuntimeError, match="did not take the event: ThrottlingException: slow down"):
        reason.tell(BUILD | {reason.FILE: str(path)}, events)
