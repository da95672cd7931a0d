"""`{kind: asynchronous}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, Self

from pydantic import Field

from contracts.kinds import ASYNCHRONOUS
from settings.autoscaling import of_share
from settings.endpoints.common import EndpointAlarms, Fleet
from settings.faults import Fault
from settings.schedules import crossed
from settings.section import Section, told

_CLIENT: Final = "SageMaker API reference, AsyncInferenceClientConfig, read 2026-11-30"


class QueueAlarms(EndpointAlarms):
    """When the alarms of an asynchronous endpoint go off."""

    latency_p99_ms: int = Field(
        default=60_000,
        ge=1,
        le=3_600_000,
        json_schema_extra=told(risk="above what a bad release causes, it is not turned back"),
    )
    """99th percentile of the model's latency in ms, in 2 x 5 minutes, above which the alarm goes off."""
    failures: int = Field(default=10, ge=0, le=1_000_000)
    """Requests in 5 minutes, twice in a row, that found no answer, above which the alarm goes off."""
    backlog: int = Field(default=1000, ge=1, le=1_000_000)
    """Requests that wait, for 15 minutes, above which the alarm goes off."""
    oldest_minutes: int = Field(
        default=60, ge=1, le=360, json_schema_extra=told(risk="a request expires after 6 hours, or as it says itself")
    )
    """Age in minutes of the oldest request above which the alarm goes off."""


class BacklogScaling(Section):
    """Target tracking on the requests that wait for each instance, for the champion and for a challenger by its share;
    from zero it wakes by a step."""

    enabled: bool = Field(default=True, json_schema_extra=told(risk="`false` leaves the number of instances to people"))
    """Whether the champion scales."""
    challenger: bool = Field(
        default=True,
        json_schema_extra=told(
            cost="while a test runs, an interface endpoint for the rollback function, which ends this scaling first",
            risk="`false` leaves a challenger with the count that it starts with",
        ),
    )
    """Whether the challenger of an A/B test scales too: by the same queue, between its share of the limits."""
    minimum: int = Field(
        default=0,
        ge=0,
        le=100,
        json_schema_extra=told(
            cost="0 costs nothing while nobody asks",
            risk="from 0 the first request waits until an instance has started",
        ),
    )
    """Fewest instances; while a release has a challenger, at least 1."""
    maximum: int = Field(default=4, ge=1, le=100, json_schema_extra=told(cost="the bound of what the load may cost"))
    """Most instances of a variant."""
    backlog_per_instance: int = Field(default=5, ge=1, le=1_000_000)
    """Waiting requests per instance to hold."""
    scale_out_cooldown_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after a scale-out."""
    scale_in_cooldown_seconds: int = Field(default=600, ge=0, le=3600)
    """Pause after a scale-in."""

    def of_share(self, percent: int, least: int) -> BacklogScaling:
        """As it is for a variant with `percent` of the requests, which no limit leaves with fewer than `least`, where
        the limit has as many.
        """
        limits = {name: of_share(getattr(self, name), percent, least) for name in ("minimum", "maximum")}
        return self.model_copy(update=limits)

    def faults(self) -> Iterator[Fault]:
        """Limits that cross."""
        yield from crossed(self)


class Asynchronous(Fleet):
    """An asynchronous endpoint: requests come from S3, wait in a queue and are answered in S3.

    It has no shadow (SageMaker developer guide, "Shadow tests", "Exclusions").
    """

    kind: Literal["asynchronous"]
    """The kind of endpoint."""
    alarms: QueueAlarms = QueueAlarms()  # pyright: ignore[reportIncompatibleVariableOverride] - sections are frozen
    """When its alarms go off."""
    concurrent_per_instance: int = Field(
        default=4,
        ge=1,
        le=1000,
        json_schema_extra=told(risk="all of them lie in the instance's memory at once", source=_CLIENT),
    )
    """Requests that an instance works on at the same time."""
    payload_mb: int = Field(
        default=128,
        ge=1,
        le=ASYNCHRONOUS.limits.payload_bytes // 1024**2,
        json_schema_extra=told(
            risk="the instance's memory holds a body four times over, for each request that it works on at once",
            source=ASYNCHRONOUS.limits.page,
        ),
    )
    """Most MiB of a request; all values of one are at most 4 million."""
    autoscaling: BacklogScaling = BacklogScaling()
    """How the number of instances follows the queue."""

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """Of a request, and of what serves it."""
        return {**super().limits, "payload_mb": ("payload_mb", self.payload_mb)}

    def of_challenger(self, percent: int) -> Self:
        """As it is for a challenger with `percent` of the requests; just as it is where challengers do not scale."""
        if not self.autoscaling.challenger:
            return self
        return self.model_copy(update={"autoscaling": self.autoscaling.of_share(percent, self._least_of_share)})

    @property
    def most_instances(self) -> int | None:
        """Most instances that autoscaling may ever give a variant; None where people alone decide that."""
        return self.autoscaling.maximum if self.autoscaling.enabled else None

    @property
    def least_instances(self) -> int | None:
        """Fewest instances that autoscaling may ever leave the champion; None where people alone decide that."""
        return self.autoscaling.minimum if self.autoscaling.enabled else None
