"""`{kind: batch}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import ceil
from typing import Any, Final, Literal

from pydantic import Field

from contracts.cron import CronError, parse
from contracts.prices import told as usd
from settings.endpoints.common import AnyKind, memory_mib
from settings.faults import Fault
from settings.schedules import EXPRESSION, Timezone, expression_faults
from settings.section import Section, TransformInstance, told

#: MaxPayloadInMB times MaxConcurrentTransforms (SageMaker API reference, CreateTransformJob, read 2026-11-29).
_MOST_MB: Final = 100
_SOURCE: Final = "SageMaker API reference, CreateTransformJob, read 2026-11-29"
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
#: How far back CloudWatch evaluates an alarm of hours (user guide, "Create a CloudWatch alarm based on a static
#: threshold").
_WEEK_HOURS: Final = 168


class BatchAlarms(Section):
    """When the alarms of a batch endpoint go off; a run that failed is told in any case."""

    missing_after_hours: int | None = Field(
        default=26,
        ge=1,
        le=_WEEK_HOURS,
        json_schema_extra=told(risk="`null` leaves it to the readers to notice that there are no new predictions"),
    )
    """Hours without a completed run after which the alarm goes off: longer than two runs are apart, and an hour more in
    a zone with summer time. CloudWatch looks back a week at most: what runs once a week is watched by its failures."""


class Batch(AnyKind):
    """A batch endpoint: a schedule starts a job that scores files of S3 and writes each row with its prediction.

    Nobody is answered meanwhile, so a release takes over with the next `pulumi up` and no alarm turns it back.
    """

    kind: Literal["batch"]
    """The kind of endpoint."""
    alarms: BatchAlarms = BatchAlarms()
    """When its alarms go off."""
    schedule: str = Field(
        default="cron(0 3 * * ? *)",
        pattern=EXPRESSION,
        examples=["cron(0 3 * * ? *)"],
        json_schema_extra=told(cost="a job for each run"),
    )
    """When a run starts: `cron(...)` with six fields, or `rate(...)`."""
    timezone: Timezone | None = None
    """The zone of the clock that `cron(...)` reads; by default the stack's."""
    instance_type: TransformInstance = Field(
        default="ml.m5.large",
        json_schema_extra=told(
            cost=f"while a run goes on: ml.m5.large {usd('sagemaker', 'instance ml.m5.large')} an hour"
        ),
    )
    """Instance type of the jobs."""
    instance_count: int = Field(
        default=1, ge=1, le=100, json_schema_extra=told(risk="one file is worked on by one instance")
    )
    """Instances of a job, which share its files."""
    payload_mb: int = Field(default=6, ge=1, le=_MOST_MB, json_schema_extra=told(source=_SOURCE))
    """Most MB of rows in one request to the container."""
    concurrent_per_instance: int = Field(
        default=2,
        ge=1,
        le=_MOST_MB,
        json_schema_extra=told(risk="all of them lie in the instance's memory at once", source=_SOURCE),
    )
    """Requests that a container works on at the same time."""
    leading_columns: int = Field(default=1, ge=0, le=100)
    """Columns at the beginning of each row that are kept and not scored, such as an id."""
    capture_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        json_schema_extra=told(
            cost="an object in S3 for each request of `payload_mb`",
            risk="0 blinds every monitor: drift goes unseen. Else the container reaches S3, and is not isolated",
        ),
    )
    """Share of requests captured for monitoring, in percent, by the service; with 0 its container is isolated."""

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """Of a request, and of what serves it."""
        return {
            "payload_mb": ("payload_mb", self.payload_mb),
            "model_mb": ("instance_type", memory_mib(self.instance_type)),
        }

    def faults(self) -> Iterator[Fault]:
        """More in memory than SageMaker hands over; a schedule that names no day, or days in two ways."""
        most = _MOST_MB // self.payload_mb
        if self.concurrent_per_instance > most:
            allowed = f"at most {most} with payload_mb {self.payload_mb}"
            yield Fault(
                "concurrent_per_instance", self.concurrent_per_instance, allowed, "lower one of the two", _SOURCE
            )
        yield from expression_faults("schedule", self.schedule)
        yield from self._missing_faults()

    def in_zone(self, timezone: str) -> Mapping[str, Any]:
        """Its schedule, by the clock of the stack's zone."""
        return {"timezone": self.timezone or timezone}

    def _missing_faults(self) -> Iterator[Fault]:
        """An alarm that would ring between two runs of which none is missing."""
        hours, apart = self.alarms.missing_after_hours, _apart(self.schedule)
        if hours is None or apart is None or hours > (most := ceil(apart / timedelta(hours=1))):
            return
        known = f"{most + 1} to {_WEEK_HOURS}, or null" if most < _WEEK_HOURS else "null"
        advice = f"two runs of schedule {self.schedule} lie up to {most} hours apart: raise it, or leave the alarm out"
        yield Fault("alarms.missing_after_hours", hours, known, advice)


def _apart(schedule: str) -> timedelta | None:
    """How far two runs lie apart at most; None where that cannot be said of the expression."""
    if found := _RATE.fullmatch(schedule):
        return int(found[1]) * timedelta(**{f"{found[2]}s": 1})
    try:
        return parse(schedule.removeprefix("cron(").removesuffix(")")).longest_gap()
    except CronError:
        return None
