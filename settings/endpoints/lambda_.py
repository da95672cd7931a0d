"""`{kind: lambda}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from contracts.architectures import X86_64, Architecture
from contracts.kinds import LAMBDA
from contracts.prices import price
from settings.endpoints.common import AnyKind, RequestAlarms, RollbackAlarm
from settings.faults import Fault, repeated
from settings.rollouts import ALARM_MINUTES, UNWATCHED
from settings.schedules import Schedule, Timezone, in_zone, meeting
from settings.section import Section, told

_KEPT_WARM: Final = "AWS Lambda developer guide, configuring provisioned concurrency, read 2026-11-29"
_WARM: Final = price("lambda", "provisioned concurrency x86")
#: Seconds of a request above which Lambda ends it: of the service its own (`workloads.inference.settings`).
_SECONDS: Final = 60

#: CodeDeploy's own configurations, of which a rollout is one.
_SHIFTS: Final = (
    "AWS CodeDeploy user guide, deployment configurations on an AWS Lambda compute platform, read 2026-11-29"
)
#: Waits between the ten tenths of a linear rollout, of which the last ends it.
_TENTHS: Final = 9


class ShiftAtOnce(Section):
    """All traffic moves at once."""

    kind: Literal["all_at_once"] = "all_at_once"


class ShiftCanary(Section):
    """A tenth of the traffic first, the rest after a while."""

    kind: Literal["canary"] = "canary"
    bake_minutes: Literal[5, 10, 15, 30] = Field(default=10, json_schema_extra=told(source=_SHIFTS))
    """Minutes that alarms are watched before the rest follows."""


class ShiftLinear(Section):
    """A tenth of the traffic after another."""

    kind: Literal["linear"] = "linear"
    bake_minutes: Literal[1, 2, 3, 10] = Field(default=3, json_schema_extra=told(source=_SHIFTS))
    """Minutes that alarms are watched between two tenths."""


class ConcurrencySchedule(Schedule):
    """New limits of what is kept warm: `at` a time of every day, of `weekdays` or of a `day_of_month`; `once`; or by
    `cron`."""

    minimum: int = Field(ge=1, le=1000)
    """Fewest environments that are kept warm from then on."""
    maximum: int = Field(ge=1, le=1000)
    """Most environments that are kept warm from then on."""


class ConcurrencyScaling(Section):
    """Target tracking on how much of the provisioned concurrency is in use."""

    maximum: int = Field(ge=1, le=1000, json_schema_extra=told(cost="the bound of what is kept warm"))
    """Most environments that are kept warm; `provisioned_concurrency` are the fewest."""
    percent: int = Field(default=70, ge=10, le=90)
    """Share of the warm environments in use, in percent, to hold."""
    timezone: Timezone | None = None
    """The zone of the schedules' clock, where it is not the stack's."""
    schedules: tuple[ConcurrencySchedule, ...] = ()
    """Limits by the clock, in place of `provisioned_concurrency` and `maximum` from then on."""

    def faults(self) -> Iterator[Fault]:
        """Schedules that meet."""
        yield from meeting(self)


class Lambda(AnyKind):
    """A function of Lambda, in the network, invoked by IAM: the inference image, nothing paid between requests.

    Releases are versions; CodeDeploy moves the alias `live` from one to the next, watched by alarms. It has no URL.
    """

    kind: Literal["lambda"]
    """The kind of endpoint."""
    alarms: RequestAlarms = RequestAlarms()
    """When its alarms go off."""
    memory_mb: int = Field(
        default=2048,
        ge=512,
        le=10_240,
        json_schema_extra=told(
            cost=f"a GB for each second of requests, {price('lambda', 'duration x86').told(1000)} a thousand; arm64 a "
            "fifth less",
            source=LAMBDA.limits.page,
        ),
    )
    """Memory of an environment in MB; processors come with it, a whole one with 1769."""
    architecture: Architecture = X86_64
    """Processor of the environments; arm64 is Graviton, for which its packages need an image, which is checked."""
    timeout_seconds: int = Field(
        default=_SECONDS, ge=1, le=LAMBDA.limits.seconds, json_schema_extra=told(source=LAMBDA.limits.page)
    )
    """Seconds after which a request is ended."""
    max_concurrency: int = Field(
        default=20,
        ge=1,
        le=1000,
        json_schema_extra=told(
            cost="the bound of what the load may cost", risk="it is taken from the account's limit of concurrency"
        ),
    )
    """Requests served at the same time; more are throttled."""
    provisioned_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        json_schema_extra=told(cost=f"each of 2 GB {_WARM.told(2 * 730 * 3600)} a month, beside its requests"),
    )
    """Environments kept warm; without, the first request after a pause waits until one has started."""
    autoscaling: ConcurrencyScaling | None = None
    """How provisioned concurrency follows the load; without, it stays as it is."""
    rollout: Annotated[ShiftAtOnce | ShiftCanary | ShiftLinear, Field(discriminator="kind")] = Field(
        default=ShiftCanary(), json_schema_extra=told(source=_SHIFTS)
    )
    """How a new release takes over the traffic: as CodeDeploy's own configurations do."""
    rollback_alarms: tuple[RollbackAlarm, ...] = Field(
        default=("server_errors", "latency"),
        json_schema_extra=told(risk="with none, a bad release stays until a person halts its rollout or rolls it back"),
    )
    """Alarms that turn a rollout back. `drift` also blocks the cure."""
    capture_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        json_schema_extra=told(
            cost="an object in S3 for each request, and the time to write it before the answer",
            risk="0 blinds every monitor: drift goes unseen",
        ),
    )
    """Share of requests captured for monitoring, in percent, by the service itself."""

    @property
    def processor(self) -> Architecture:
        """That of its environments."""
        return self.architecture

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """Of a request, and of what serves it."""
        return {
            "seconds": ("timeout_seconds", self.timeout_seconds),
            "model_mb": ("memory_mb", self.memory_mb),
            "rps": ("max_concurrency", self.max_concurrency),
        }

    def faults(self) -> Iterator[Fault]:
        """More kept warm than may run, scaling of nothing or crossed limits, alarms named twice."""
        kept, scaled = self.provisioned_concurrency, self.autoscaling
        if (kept or 0) > self.max_concurrency:
            allowed = f"at most max_concurrency ({self.max_concurrency})"
            yield Fault(
                "provisioned_concurrency", kept, allowed, "keep fewer warm or raise max_concurrency", _KEPT_WARM
            )
        if scaled and kept is None:
            said = scaled.model_dump(mode="json", exclude_unset=True)
            yield Fault("autoscaling", said, "with provisioned_concurrency", "say the fewest kept warm")
        elif scaled and not (kept or 0) <= scaled.maximum <= self.max_concurrency:
            allowed = f"provisioned_concurrency ({kept}) to max_concurrency ({self.max_concurrency})"
            yield Fault("autoscaling.maximum", scaled.maximum, allowed, "move one of the three")
        for number, schedule in enumerate(scaled.schedules if scaled else ()):
            if schedule.maximum > self.max_concurrency:
                allowed = f"at most max_concurrency ({self.max_concurrency})"
                yield Fault(
                    f"autoscaling.schedules[{number}].maximum", schedule.maximum, allowed, "move one of the two"
                )
        yield from self._unwatched()
        yield from repeated("rollback_alarms", self.rollback_alarms)

    def in_zone(self, timezone: str) -> Mapping[str, Any]:
        """Its scaling, by the clock of the stack's zone."""
        return {"autoscaling": self.autoscaling and in_zone(self.autoscaling, timezone)}

    def _unwatched(self) -> Iterator[Fault]:
        """A rollout that is over before its alarms can go off: CodeDeploy watches from the first tenth to the last."""
        if not self.rollback_alarms:
            return
        match self.rollout:
            case ShiftAtOnce(kind=kind):
                yield Fault("rollout.kind", kind, "canary, linear with rollback_alarms", UNWATCHED)
            case ShiftCanary(bake_minutes=minutes) if minutes < ALARM_MINUTES:
                yield Fault("rollout.bake_minutes", minutes, "10, 15, 30 with rollback_alarms", UNWATCHED)
            case ShiftLinear(bake_minutes=minutes) if _TENTHS * minutes < ALARM_MINUTES:
                yield Fault("rollout.bake_minutes", minutes, "2, 3, 10 with rollback_alarms", UNWATCHED)
            case _:
                pass
