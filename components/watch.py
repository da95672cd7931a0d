"""What is to be watched: alarms, dashboard widgets and event rules, as data.

Every component says beside its resources what of it is to be watched, as a pure function that gives a `Watch`;
`components.operations.monitoring` turns the sum of them into resources. So a new component brings its own alarms and
no list of all of them has to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from settings import RollbackAlarm

FIVE_MINUTES: Final = 300
HOUR: Final = 3600


class Channel(StrEnum):
    """Who is told: people (`alerts`), the rollback function, the retraining function."""

    ALERTS = "alerts"
    ROLLBACK = "rollback"
    RETRAINING = "retraining"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: goes off when the metric is above `threshold` in `periods` periods in a row.

    `name` is its physical name. `statistic` is a CloudWatch statistic (Sum, Average, Maximum) or a percentile (p99).
    One of what is `absent` goes off when the metric is below `threshold`, or not there, in all of them.
    With `share_of`, another metric of the same dimensions, what counts is how many percent of it `metric` is.
    `channels` are told. `guards` says which setting of an endpoint's `rollback_alarms` it answers to; `halt` turns back
    every rollout, None turns back none.
    """

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    threshold: float
    channels: Sequence[Channel] = (Channel.ALERTS,)
    period_seconds: int = FIVE_MINUTES
    periods: int = 1
    guards: RollbackAlarm | Literal["halt"] | None = None
    share_of: str | None = None
    absent: bool = False


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of a widget: a metric, its dimensions and a statistic."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str


@dataclass(frozen=True, kw_only=True)
class Widget:
    """One graph of the dashboard."""

    title: str
    series: Sequence[Series]
    period_seconds: int = FIVE_MINUTES


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event rule that tells people. `name` is its physical name, `pattern` EventBridge's."""

    name: str
    description: str
    pattern: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is to be watched of one component, or of several: they add up."""

    alarms: tuple[Alarm, ...] = ()
    widgets: tuple[Widget, ...] = ()
    events: tuple[Event, ...] = ()

    def __add__(self, other: Watch) -> Watch:
        return Watch(
            alarms=self.alarms + other.alarms, widgets=self.widgets + other.widgets, events=self.events + other.events
        )
