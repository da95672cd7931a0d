from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from workloads.retraining.decision import Brakes, Budget, Decision, Run, decide

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


def test_a_budget_counts_the_automatic_runs_of_the_calendar_month() -> None:
    asked: list[list[Run]] = []
    mine, today = run(20 * 24), run(7)
    runs = [today, run(8, automatic=False), mine, run(21 * 24)]

    def spent(found: Sequence[Run]) -> float:
        asked.append(list(found))
        return 20.0

    def decided(usd: float) -> Decision:
        budget = Budget(usd=usd, spent=spent)
        return decide(trigger="drift", dataset_version="data-new", runs=runs, now=NOW, brakes=BRAKES, budget=budget)

    assert decided(20.01) == Decision(start=True, reason="drift")
    assert decided(20) == Decision(
        start=False,
        reason="automatic runs cost 20.00 USD this month; monthly_budget_usd is 20",
        passes=True,
    )
    assert asked == [[today, mine], [today, mine]]


def test_nobody_asks_for_the_costs_where_another_brake_holds() -> None:
    budget = Budget(usd=1, spent=lambda _: pytest.fail("asked"))
    found = decide(trigger="drift", dataset_version="d", runs=[run(1)], now=NOW, brakes=BRAKES, budget=budget)
    assert found.reason.startswith("cooling down")
