"""How the number of an endpoint's instances follows the load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from settings.faults import Fault, repeated
from settings.section import Section, told

TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"])]


class Schedule(Section):
    """New limits of autoscaling at a time of every day."""

    at: TimeOfDay
    """Time of day in UTC, as HH:MM."""
    minimum: int = Field(ge=1, le=100)
    """Fewest instances from then on."""
    maximum: int = Field(ge=1, le=100)
    """Most instances from then on."""


class Autoscaling(Section):
    """Target tracking on invocations per instance, and limits by time of day, for the champion.

    A challenger keeps the count it starts with: SageMaker refuses to remove a variant that scales, and the deployment
    that ends an A/B test, or an emergency rollback, has to.
    """

    enabled: bool = Field(
        default=True,
        json_schema_extra=told(risk="`false` leaves the number of instances to people"),
    )
    """Whether the champion scales."""
    minimum: int = Field(default=2, ge=1, le=100, json_schema_extra=told(risk="1 is one zone, and no reserve"))
    """Fewest instances."""
    maximum: int = Field(default=10, ge=1, le=100, json_schema_extra=told(cost="the bound of what the load may cost"))
    """Most instances of a variant."""
    invocations_per_instance: int = Field(default=1000, ge=1, le=1_000_000)
    """Invocations per instance and minute to hold."""
    scale_out_cooldown_seconds: int = Field(default=60, ge=0, le=3600)
    """Pause after a scale-out."""
    scale_in_cooldown_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after a scale-in."""
    schedules: tuple[Schedule, ...] = (
        Schedule(at="22:00", minimum=1, maximum=3),
        Schedule(at="06:00", minimum=2, maximum=10),
    )
    """Limits by time of day."""

    def faults(self) -> Iterator[Fault]:
        """Limits that cross, and times named twice."""
        limits = [("", self), *((f"schedules[{i}].", schedule) for i, schedule in enumerate(self.schedules))]
        for path, limit in limits:
            if limit.minimum > limit.maximum:
                yield Fault(f"{path}minimum", limit.minimum, f"at most the maximum ({limit.maximum})", "exchange them")
        yield from repeated("schedules", [schedule.at for schedule in self.schedules])
