"""Whether to start a retraining now: a pure decision over what ran before. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Successful runs by which the cost of the next one is judged.
_PRECEDENTS = 3


@dataclass(frozen=True, kw_only=True)
class Brakes:
    """Limits on automatic runs; runs that people start count for nothing but 'one at a time' and 'nothing new'."""

    cool_down_hours: float = 6.0
    max_runs_per_day: int = 2


@dataclass(frozen=True, kw_only=True)
class Budget:
    """USD a calendar month (UTC) for automatic runs. `cost` asks what some have cost, where no other brake holds."""

    usd: float
    cost: Callable[[Sequence[Run]], float]

    def exceeded(self, runs: Sequence[Run], now: datetime) -> str:
        """What the month's automatic `runs` have cost, where the next one does not fit beside it; empty where it does.

        The next one is taken to cost what the dearest of the last three successful ones did, whoever started them: one
        that took its steps from the cache, or went on from another, says little. Before the first nothing is known.
        """
        month = [
            run for run in runs if run.automatic and (run.started.year, run.started.month) == (now.year, now.month)
        ]
        done = sorted((run for run in runs if run.status == "Succeeded"), key=lambda run: run.started, reverse=True)
        spent = self.cost(month)
        if spent >= self.usd:
            return f"automatic runs cost {spent:.2f} USD this month"
        following = max((self.cost([run]) for run in done[:_PRECEDENTS]), default=0.0)
        if spent + following > self.usd:
            return f"automatic runs cost {spent:.2f} USD this month, and another one would cost about {following:.2f}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One former execution of the training pipeline. `status` is SageMaker's PipelineExecutionStatus."""

    started: datetime
    status: str
    dataset_version: str
    automatic: bool
    arn: str = ""

    @property
    def identifier(self) -> str:
        """The last part of its ARN, of a pipeline's execution or of a machine's: below it lies what its steps wrote."""
        return self.arn.replace("/", ":").rpartition(":")[2]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`start`, and the reason in a sentence for logs and people.

    `passes` says of a brake that it lets go by itself, with time: who asks again later gets another answer.
    """

    start: bool
    reason: str
    passes: bool = False


def decide(
    *,
    trigger: str,
    dataset_version: str | None,
    runs: Sequence[Run],
    now: datetime,
    brakes: Brakes,
    new_data: Callable[[], Decision] | None = None,
    budget: Budget | None = None,
    unfit: str = "",
) -> Decision:
    """Start unless a brake holds; the first brake that holds gives the reason.

    `dataset_version` identifies the accepted data as a whole (None: there is none yet). `new_data` is given where new
    data is what asks: whether it is worth a run, and why. It reads S3, and is asked where no brake before it holds.
    `budget` is given where there is one. `unfit` says why no data set can be made of the accepted data.
    """
    if dataset_version is None:
        return Decision(start=False, reason="there is no accepted data to learn from")
    if any(run.status in {"Executing", "Stopping"} for run in runs):
        return Decision(start=False, reason="a training run is under way", passes=True)
    if any(run.dataset_version == dataset_version and run.status == "Succeeded" for run in runs):
        return Decision(start=False, reason=f"nothing new: {dataset_version} was trained on already")
    if unfit:
        return Decision(start=False, reason=f"{dataset_version}: {unfit}")
    if new_data is not None:
        worth = new_data()
        if not worth.start:
            return worth
        trigger = worth.reason
    automatic = sorted((run.started for run in runs if run.automatic), reverse=True)
    if automatic and now - automatic[0] < timedelta(hours=brakes.cool_down_hours):
        return Decision(
            start=False,
            reason=f"cooling down: the last automatic run started at {automatic[0].isoformat(timespec='seconds')}, "
            f"less than {brakes.cool_down_hours:g} h ago",
            passes=True,
        )
    today = sum(now - started < timedelta(days=1) for started in automatic)
    if today >= brakes.max_runs_per_day:
        return Decision(
            start=False,
            reason=f"{today} automatic runs in the last 24 h; allowed: {brakes.max_runs_per_day}",
            passes=True,
        )
    if budget is not None and (exceeded := budget.exceeded(runs, now)):
        return Decision(start=False, reason=f"{exceeded}; monthly_budget_usd is {budget.usd:g}", passes=True)
    return Decision(start=True, reason=trigger)
