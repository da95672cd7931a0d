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


def costing(usd: float, costs: dict[float, float]) -> Budget:
    """A budget; what a run cost by the hours since its start."""
    return Budget(
        usd=usd,
        cost=lambda runs: sum(costs[(NOW - each.started) / timedelta(hours=1)] for each in runs),
    )


def within(usd: float, runs: Sequence[Run], costs: dict[float, float]) -> Decision:
    budget = costing(usd, costs)
    return decide(trigger="drift", dataset_version="data-new", runs=runs, now=NOW, brakes=BRAKES, budget=budget)


def test_a_budget_counts_the_automatic_runs_of_the_calendar_month_and_the_one_to_come() -> None:
    """Of the month: 4 + 10. The next one is taken for the dearest of the last three, which the month before had."""
    runs = [run(7), run(8, automatic=False), run(20 * 24), run(21 * 24), run(22 * 24)]
    costs = {7.0: 4.0, 8.0: 5.0, 20 * 24.0: 10.0, 21 * 24.0: 99.0, 22 * 24.0: 99.0}
    assert within(24, runs, costs) == Decision(start=True, reason="drift")
    assert within(23.99, runs, costs) == Decision(
        start=False,
        reason="automatic runs cost 14.00 USD this month, and another one would cost about 10.00; "
        "monthly_budget_usd is 23.99",
        passes=True,
    )


def test_a_budget_that_is_spent_holds_before_any_run_succeeded() -> None:
    """What a run costs that has never ended well is not known: it may start while something is left."""
    runs = [run(7, status="Failed")]
    assert within(4.01, runs, {7.0: 4.0}).start
    assert within(4, runs, {7.0: 4.0}) == Decision(
        start=False, reason="automatic runs cost 4.00 USD this month; monthly_budget_usd is 4", passes=True
    )


def test_the_first_run_of_a_month_is_judged_by_those_before_it() -> None:
    runs = [run(30 * 24, automatic=False)]
    assert within(5, runs, {30 * 24.0: 5.0}).start
    assert within(4.99, runs, {30 * 24.0: 5.0}).reason == (
        "automatic runs cost 0.00 USD this month, and another one would cost about 5.00; monthly_budget_usd is 4.99"
    )


def test_nobody_asks_for_the_costs_where_another_brake_holds() -> None:
    budget = Budget(usd=1, cost=lambda _: pytest.fail("asked"))
    found = decide(trigger="drift", dataset_version="d", runs=[run(1)], now=NOW, brakes=BRAKES, budget=budget)
    assert found.reason.startswith("cooling down")
