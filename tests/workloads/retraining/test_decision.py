from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workloads.retraining.decision import Brakes, Decision, Run, decide

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BRAKES = Brakes(cool_down_hours=6, max_runs_per_day=2)


def run(hours_ago: float, *, status: str = "Succeeded", data: str = "data-old", automatic: bool = True) -> Run:
    return Run(started=NOW - timedelta(hours=hours_ago), status=status, dataset_version=data, automatic=automatic)


@pytest.mark.parametrize(
    ("version", "runs", "expected"),
    [
        ("data-new", [], Decision(start=True, reason="drift")),
        ("data-new", [run(30), run(40)], Decision(start=True, reason="drift")),
        ("data-new", [run(1, automatic=False)], Decision(start=True, reason="drift")),
        ("data-new", [run(1, status="Failed", data="data-new", automatic=False)], Decision(start=True, reason="drift")),
        (None, [], Decision(start=False, reason="there is no accepted data to learn from")),
        (
            "data-new",
            [run(1, status="Executing", automatic=False)],
            Decision(start=False, reason="a training run is under way", passes=True),
        ),
        ("data-old", [run(90)], Decision(start=False, reason="nothing new: data-old was trained on already")),
        (
            "data-new",
            [run(2), run(50)],
            Decision(
                start=False,
                reason="cooling down: the last automatic run started at 2026-11-21T10:00:00+00:00, less than 6 h ago",
                passes=True,
            ),
        ),
        (
            "data-new",
            [run(7), run(20)],
            Decision(start=False, reason="2 automatic runs in the last 24 h; allowed: 2", passes=True),
        ),
        ("data-new", [run(6), run(24)], Decision(start=True, reason="drift")),
    ],
)
def test_brakes(version: str | None, runs: list[Run], expected: Decision) -> None:
    assert decide(trigger="drift", dataset_version=version, runs=runs, now=NOW, brakes=BRAKES) == expected
