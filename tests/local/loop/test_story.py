"""The turns of the loop that the usual data never takes; the whole of it is in test_loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from contracts import loader
from contracts.schema import Contract, Drift
from local.loop import story, traffic
from local.loop.console import Console
from local.loop.platform import LoopError
from local.loop.story import Story

CHURN = loader.load(Path(__file__).parents[3] / "contracts/churn.yaml")
HELD = {"rows_in": 9, "accepted": 9, "quarantined": 0, "reasons": {}, "warnings": ["columns 'x' were left out"]}
FINDING = {"code": "mean_jump", "text": "the mean of spend is 9, it was 1"}


class Platform:
    """Answers to deliveries."""

    def deliver(self, file: Path) -> tuple[str, Mapping[str, Any]]:
        return f"s3://raw/{file.name}", HELD | {"status": "held", "findings": [FINDING]}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Story:
    made = Story(
        console=Console(),
        platform=cast(Any, Platform()),
        emulator=cast(Any, None),
        contract=CHURN,
        up=cast(Any, None),
        deliveries=(Path("1.csv"), Path("2.csv")),
        workdir=tmp_path,
    )
    monkeypatch.setattr(made, "_accepted", tmp_path)
    monkeypatch.setattr(traffic, "shifted", lambda *_, **__: ([b"{}"], "high spend"))
    monkeypatch.setattr(traffic, "sample", lambda *_, **__: [b"{}"])
    return made


def watching(monkeypatch: pytest.MonkeyPatch, told: Story, *, drifted: bool) -> None:
    report = {"drifted": drifted, "most_drifted": "spend", "baseline": {"rows": 30}}
    monkeypatch.setattr(told, "_watch", lambda *_: report)


def test_a_delivery_that_is_held_says_why_and_the_brakes_have_the_last_word(
    told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching(monkeypatch, told, drifted=True)
    monkeypatch.setattr(told, "_answer_of", lambda _: {"action": "held", "reason": "nothing new"})
    assert told.shift() is None
    assert told.console.steps[-1].lines == [
        "s3://raw/2.csv",
        "held: 9 rows in, 9 accepted, 0 quarantined",
        "columns 'x' were left out",
        "the mean of spend is 9, it was 1",
        "from now on more rows with a high spend",
        "drift alarm -> topic -> retraining function: held: nothing new",
    ]


def test_a_shift_below_the_limit_of_the_contract_asks_for_nothing(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    watching(monkeypatch, told, drifted=False)
    assert told.shift() is None
    assert told.console.steps[-1].lines[-1] == "so no alarm, and nobody asks for a retraining"


def test_drift_of_the_same_data_names_the_limit(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    watching(monkeypatch, told, drifted=True)
    with pytest.raises(
        LoopError, match=r"most spend: drift\.max_score 0\.15 of the contract is too low for 30 training"
    ):
        told.watch()


@pytest.mark.parametrize(("needed", "sent"), [(300, story.REQUESTS), (1500, 1500)])
def test_as_many_requests_as_a_drift_score_needs(
    told: Story, monkeypatch: pytest.MonkeyPatch, needed: int, sent: int
) -> None:
    counts: list[int] = []

    def sample(_: Path, contract: Contract, count: int, *, seed: int) -> list[bytes]:
        counts.append(count)
        return []

    told.contract = dataclasses.replace(CHURN, drift=Drift(min_rows=needed))
    monkeypatch.setattr(traffic, "sample", sample)
    watching(monkeypatch, told, drifted=False)
    told.watch()
    assert counts == [sent]
