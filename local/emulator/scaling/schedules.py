"""Scheduled actions at work: new limits of a scalable target at a time, by the emulator's clock.

moto keeps them and never runs them. Application Auto Scaling user guide, "Scheduled scaling": a capacity outside of the
new limits is brought between them at once; the clock is that of the action's time zone, with its summer time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, applicationautoscaling_backends
from moto.sagemaker.exceptions import ValidationError

from contracts.cron import parse
from local.emulator.clock import Clock
from local.emulator.scaling import targets
from local.emulator.scaling.targets import suspended

MINUTE = timedelta(minutes=1)
#: What passes at once is looked at minute by minute, but for what lies further back.
LONGEST = timedelta(days=2)


def minutes(after: datetime, until: datetime) -> Iterator[datetime]:
    """The full minutes (UTC) after one moment, up to and with another."""
    moment = max(after, until - LONGEST).replace(second=0, microsecond=0) + MINUTE
    while moment <= until:
        yield moment
        moment += MINUTE


def due(schedule: str, timezone: str, moment: datetime) -> bool:
    """Whether a schedule fires at a minute of UTC.

    What its zone's clock leaves out does not happen, what it shows twice happens twice.
    """
    return fires(schedule, moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None))


def fires(expression: str, moment: datetime) -> bool:
    """Whether `cron(...)` or `at(...)` fires in the minute of `moment`, on the clock of its own zone."""
    if expression.startswith("at("):
        return datetime.fromisoformat(expression[3:-1]).replace(second=0) == moment.replace(second=0, microsecond=0)
    return parse(expression.removeprefix("cron(").removesuffix(")")).fires(moment)


class Schedules:
    """Carries out the scheduled actions of all accounts and regions."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._seen = clock, datetime.fromtimestamp(clock.emulated(), UTC)

    def run(self) -> None:
        """Do what has come due since the last time."""
        now = datetime.fromtimestamp(self._clock.emulated(), UTC)
        for moment in minutes(self._seen, now):
            for backend in [each for account in applicationautoscaling_backends.values() for each in account.values()]:
                for action in list(backend.scheduled_actions):
                    if action.schedule and due(action.schedule, action.timezone or "UTC", moment):
                        _act(backend, action)
        self._seen = now


def _act(backend: ApplicationAutoscalingBackend, action: Any) -> None:
    target = targets.find(backend, action.scalable_dimension, action.resource_id)
    if target is None or suspended(target, "ScheduledScalingSuspended"):
        return
    limits: dict[str, int] = action.scalable_target_action or {}
    target.min_capacity = limits.get("MinCapacity", target.min_capacity)
    target.max_capacity = limits.get("MaxCapacity", target.max_capacity)
    now = targets.capacity(target)
    if now is None:
        return
    wanted = min(max(now, int(target.min_capacity or 0)), int(target.max_capacity or 0))
    if wanted != now:
        try:
            targets.change(target, wanted)
        except ValidationError:  # on its way to something else: its next policy or schedule finds the new limits
            return
