"""`{kind: inference_component}`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from contracts import instances
from contracts.architectures import Architecture
from contracts.prices import told as usd
from settings.endpoints.common import AnyKind, RequestAlarms, RollbackAlarm, overrun
from settings.faults import Fault, repeated
from settings.rollouts import Rolling, bakes, unwatched
from settings.schedules import Schedule, Timezone, crossed, highest, in_zone, lowest, meeting, too_many
from settings.section import EndpointInstance, Section, told

_COPIES = "SageMaker API reference, InferenceComponentComputeResourceRequirements, read 2026-11-30"
_UPDATES = "SageMaker API reference, InferenceComponentRollingUpdatePolicy, read 2026-11-30"
#: Copies that a release starts with at least: a batch is at most half of them.
LEAST_COPIES = 2
_MB_OF_GIB = 1024
#: Most minutes of a rolling update.
_MOST_MINUTES = 480
#: Minutes of a batch in which nothing is watched yet: an instance starts, and a copy loads its model.
_START_MINUTES = 10


class CopySchedule(Schedule):
    """New limits of the copies: `at` a time of every day, of `weekdays` or of a `day_of_month`; `once`; or by
    `cron`."""

    minimum: int = Field(ge=0, le=100)
    """Fewest copies from then on."""
    maximum: int = Field(ge=1, le=100)
    """Most copies from then on."""


class CopyScaling(Section):
    """Target tracking on the requests that each copy has at once, and limits by the clock; from zero a refused request
    brings a copy back."""

    minimum: int = Field(
        default=0,
        ge=0,
        le=100,
        json_schema_extra=told(
            cost="0 costs nothing while nobody asks",
            risk="with no copy every request is refused until one is up, which takes minutes",
        ),
    )
    """Fewest copies."""
    maximum: int = Field(default=4, ge=2, le=100, json_schema_extra=told(cost="the bound of what the load may cost"))
    """Most copies, until a schedule says otherwise."""
    concurrent_requests: int = Field(
        default=5,
        ge=1,
        le=1000,
        json_schema_extra=told(
            cost=f"two alarms of high resolution, {usd('cloudwatch', 'alarm, high resolution', 'month')} for each a "
            "month"
        ),
    )
    """Requests that a copy has at once to hold, measured every 10 seconds."""
    scale_out_cooldown_seconds: int = Field(default=60, ge=0, le=3600)
    """Pause after a scale-out."""
    scale_in_cooldown_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after a scale-in."""
    timezone: Timezone | None = None
    """The zone of the schedules' clock, where it is not the stack's."""
    schedules: tuple[CopySchedule, ...] = ()
    """Limits by the clock."""

    @property
    def least(self) -> int:
        """Fewest copies at any time, the schedules' limits included."""
        return lowest(self)

    @property
    def most(self) -> int:
        """Most copies at any time, the schedules' limits included."""
        return highest(self)

    def faults(self) -> Iterator[Fault]:
        """Limits that cross, and schedules that meet."""
        yield from crossed(self)
        yield from meeting(self)


class InferenceComponent(AnyKind):
    """A real-time endpoint whose model is an inference component: copies that go to zero, and their instances with
    them.

    It has one model at a time, which takes over copy by copy, and no shadow: copies of requests are of variants.
    """

    kind: Literal["inference_component"]
    """The kind of endpoint."""
    alarms: RequestAlarms = RequestAlarms()
    """When its alarms go off."""
    instance_type: EndpointInstance = Field(
        default="ml.m5.large",
        json_schema_extra=told(
            cost=f"for each instance that has a copy; ml.m5.large {usd('sagemaker', 'instance ml.m5.large', 'month')} "
            "a month"
        ),
    )
    """Type of the instances that SageMaker starts for copies, and ends when they have none. With Graviton its packages
    need an image for that, which is checked."""
    copy_cores: float = Field(default=1.0, ge=0.25, le=192, json_schema_extra=told(source=_COPIES))
    """Cores that are kept for a copy."""
    copy_memory_mb: int = Field(
        default=1024,
        ge=128,
        le=1_048_576,
        json_schema_extra=told(
            risk="far less than the memory of an instance can be kept: too much, and no copy starts", source=_COPIES
        ),
    )
    """Memory that is kept for a copy, in MB."""
    copies: int = Field(
        default=LEAST_COPIES,
        ge=LEAST_COPIES,
        le=100,
        json_schema_extra=told(
            cost="as many copies, until autoscaling has fewer; half as many more while it rolls out"
        ),
    )
    """Copies that a release starts with, or the live ones where those are more."""
    rollout: Rolling = Rolling(batch_percent=50)
    """How a new release takes over: copies in batches."""
    rollout_timeout_minutes: int = Field(default=120, ge=10, le=_MOST_MINUTES, json_schema_extra=told(source=_UPDATES))
    """Minutes after which an unfinished rollout fails."""
    rollback_alarms: tuple[RollbackAlarm, ...] = Field(
        default=("server_errors", "latency"),
        json_schema_extra=told(risk="with none, a bad release stays until a person halts its rollout or rolls it back"),
    )
    """Alarms that turn a rollout back. `drift` also blocks the cure."""
    capture_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        json_schema_extra=told(cost="storage of the requests in S3", risk="0 blinds every monitor: drift goes unseen"),
    )
    """Share of requests captured for monitoring, in percent, by the service itself."""
    autoscaling: CopyScaling = CopyScaling()
    """How the number of copies follows the load."""

    @property
    def processor(self) -> Architecture:
        """What its instances have."""
        return instances.instance(self.instance_type).architecture

    @property
    def most_instances(self) -> int:
        """Most instances at once: one for each copy, and for those of a batch that take over."""
        most = self.autoscaling.most
        return most + math.ceil(most * self.rollout.batch_percent / 100)

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """Of the memory of what serves it."""
        return {"model_mb": ("copy_memory_mb", self.copy_memory_mb)}

    def in_zone(self, timezone: str) -> Mapping[str, Any]:
        """Its scaling, by the clock of the stack's zone."""
        return {"autoscaling": in_zone(self.autoscaling, timezone)}

    def faults(self) -> Iterator[Fault]:
        """Copies that no instance holds, or more than there may be; more requests than those could serve; a rollout too
        long or short, alarms named twice."""
        its = instances.instance(self.instance_type)
        if its.accelerators:
            allowed = "a type without accelerators: a copy asks for cores and memory alone"
            yield Fault("instance_type", self.instance_type, allowed, "name one such as ml.m5.large, or kind realtime")
        if self.copy_cores > its.vcpus:
            allowed = f"at most {its.vcpus} with {self.instance_type}"
            yield Fault("copy_cores", self.copy_cores, allowed, "ask for fewer, or name a larger type")
        if self.copy_memory_mb >= (memory := its.memory_gib * _MB_OF_GIB):
            allowed = f"less than {memory:g} with {self.instance_type}"
            yield Fault("copy_memory_mb", self.copy_memory_mb, allowed, "ask for less, or name a larger type")
        yield from too_many("copies", self.copies, self.autoscaling.most)
        yield from overrun(
            self.needs, self.autoscaling.most, self.copy_cores, of=f"copies with copy_cores {self.copy_cores:g}"
        )
        waits = bakes(self.rollout)
        most = max(self.rollout_timeout_minutes - waits * _START_MINUTES, 0) // waits
        if (bake := self.rollout.bake_minutes) > most:
            allowed = f"at most {most} with {waits} batches"
            advice = f"all fits into rollout_timeout_minutes ({self.rollout_timeout_minutes}): bake less or shift more"
            yield Fault("rollout.bake_minutes", bake, allowed, advice)
        yield from unwatched(self.rollout, self.rollback_alarms)
        yield from repeated("rollback_alarms", self.rollback_alarms)
