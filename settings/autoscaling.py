"""How the number of an endpoint's instances follows the load."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.schedules import Schedule, Timezone, crossed, highest, lowest, meeting
from settings.section import Section, told
from settings.steps import Steps

_ALARMS: Final = f"two alarms, {usd('cloudwatch', 'alarm, standard', 'month')} for each a month"
_FAST: Final = f"two alarms of high resolution, {usd('cloudwatch', 'alarm, high resolution', 'month')} for each a month"
#: What may be tracked; one of them or steps is what scales.
_TARGETS: Final = ("invocations_per_instance", "concurrent_requests", "latency_ms", "cpu_percent")


def of_share(limit: int, percent: int, least: int) -> int:
    """A limit for a variant with `percent` of the requests: its share, rounded up, and no fewer than `least` as far as
    the limit itself lets it have those.
    """
    return max(math.ceil(limit * percent / 100), min(limit, least))


class Autoscaling(Section):
    """Targets that are held, steps, and limits by the clock, for the champion and for a challenger by its share.

    Where several say how many instances there should be, the most count. A shadow keeps the count that it starts with:
    SageMaker's call that scales takes production variants only.
    """

    enabled: bool = Field(
        default=True,
        json_schema_extra=told(risk="`false` leaves the number of instances to people"),
    )
    """Whether the champion scales."""
    challenger: bool = Field(
        default=True,
        json_schema_extra=told(
            cost="while a test runs, an interface endpoint for the rollback function, which ends this scaling first",
            risk="`false` leaves a challenger with the count that it starts with",
        ),
    )
    """Whether the challenger of an A/B test scales too: by the same, between its share of the limits."""
    minimum: int = Field(default=2, ge=1, le=100, json_schema_extra=told(risk="1 is one zone, and no reserve"))
    """Fewest instances."""
    maximum: int = Field(default=10, ge=1, le=100, json_schema_extra=told(cost="the bound of what the load may cost"))
    """Most instances of a variant, until a schedule says otherwise."""
    invocations_per_instance: int | None = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        json_schema_extra=told(cost=_ALARMS, risk="blind to requests that take longer"),
    )
    """Invocations per instance and minute to hold; null to hold none."""
    concurrent_requests: int | None = Field(
        default=None, ge=1, le=1000, json_schema_extra=told(cost=_FAST, risk="scales in no faster than the others")
    )
    """Requests that an instance has at once to hold, measured every 10 seconds: for loads that rise within a minute."""
    latency_ms: int | None = Field(
        default=None,
        ge=1,
        le=60_000,
        json_schema_extra=told(cost=_ALARMS, risk="latency that does not come from load adds instances up to the most"),
    )
    """Mean latency of the model in ms to hold."""
    cpu_percent: int | None = Field(
        default=None, ge=1, le=100, json_schema_extra=told(cost=_ALARMS, risk="an average of a minute hides bursts")
    )
    """Share of the CPU in use to hold, in percent of all cores."""
    steps: Steps | None = None
    """Steps of capacity, in place of a target or beside it."""
    scale_out_cooldown_seconds: int = Field(default=60, ge=0, le=3600)
    """Pause after a scale-out."""
    scale_in_cooldown_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after a scale-in."""
    timezone: Timezone | None = None
    """The zone of the schedules' clock, where it is not the stack's."""
    schedules: tuple[Schedule, ...] = (
        Schedule(at="22:00", minimum=1, maximum=3),
        Schedule(at="06:00", minimum=2, maximum=10),
    )
    """Limits by the clock."""

    @property
    def most(self) -> int | None:
        """Most instances at any time, the schedules' limits included; None where nothing scales."""
        return highest(self) if self.enabled else None

    @property
    def least(self) -> int | None:
        """Fewest instances at any time, the schedules' limits included; None where nothing scales."""
        return lowest(self) if self.enabled else None

    def faults(self) -> Iterator[Fault]:
        """Limits that cross, nothing that scales, and schedules that meet."""
        yield from crossed(self)
        if self.enabled and self.steps is None and all(getattr(self, target) is None for target in _TARGETS):
            advice = "say what scales, or enabled: false"
            yield Fault("invocations_per_instance", None, f"one of {', '.join(_TARGETS)} or steps", advice)
        yield from meeting(self)

    def of_share(self, percent: int, least: int) -> Autoscaling:
        """As it is for a variant with `percent` of the requests, which no limit leaves with fewer than `least`, where
        the limit has as many.
        """

        def limits(its: Autoscaling | Schedule) -> dict[str, int]:
            return {
                "minimum": of_share(its.minimum, percent, least),
                "maximum": of_share(its.maximum, percent, least),
            }

        schedules = tuple(each.model_copy(update=limits(each)) for each in self.schedules)
        return self.model_copy(update={**limits(self), "schedules": schedules})
