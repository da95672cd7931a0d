"""What endpoints of several kinds have in common: tags, alarms, and instances with the rollout of their releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, Field

from contracts import instances
from contracts.advice import Needs
from contracts.advice.capacity import ROUGHLY, request_ms
from contracts.architectures import X86_64, Architecture
from contracts.kinds import KINDS
from contracts.prices import told as usd
from settings.faults import SOURCE, Fault, repeated
from settings.rollouts import (
    FLEET_START_MINUTES,
    LEAST_INSTANCES,
    MAX_ROLLOUT_MINUTES,
    SMALLEST_FLEETS,
    TIMEOUTS,
    Canary,
    Rollout,
    bakes,
    unwatched,
)
from settings.schedules import too_many
from settings.section import EndpointInstance, Section, told
from settings.tags import MAX_ENDPOINT_TAGS, Tags

State = Literal["running", "stopped"]
RollbackAlarm = Literal["server_errors", "latency", "drift"]
#: Zones over which instances of a variant stand, so that the loss of one leaves some.
_ZONES: Final = 2


def memory_mib(instance_type: str) -> int:
    """Memory of an instance, in MiB."""
    return int(instances.memory_gib(instance_type) * 1024)


def overrun(needs: Needs, most: int, units: float, accelerator: str = "", *, of: str) -> Iterator[Fault]:
    """A fault for a load that `most` of what an endpoint scales by, with so many cores or accelerators each, could not
    serve by far."""
    takes = request_ms(needs, accelerator)
    if takes is None or needs.rps <= (limit := ROUGHLY * most * units * 1000 / takes):
        return
    most_rps = f"{limit:,.3f}".rstrip("0").rstrip(".")
    allowed = f"at most {most_rps}, {ROUGHLY} times what {most} {of} take, all busy, at {takes:g} ms a request"
    advice = "raise autoscaling.maximum, take larger ones, or say in needs.request_ms what was measured"
    yield Fault("needs.rps", needs.rps, allowed, advice)


class EndpointAlarms(Section):
    """When the endpoint's own alarms go off."""

    server_errors: int = Field(
        default=10,
        ge=0,
        le=1_000_000,
        json_schema_extra=told(risk="above what a bad release causes, it is not turned back"),
    )
    """5xx answers in 5 minutes, twice in a row, above which the alarm goes off."""
    latency_p99_ms: int = Field(
        default=500,
        ge=1,
        le=60_000,
        json_schema_extra=told(risk="above what a bad release causes, it is not turned back"),
    )
    """99th percentile of the model's latency in ms, in 2 x 5 minutes, above which the alarm goes off."""


class RequestAlarms(EndpointAlarms):
    """When the alarms of an endpoint go off that answers while it is asked."""

    server_error_percent: int = Field(
        default=5,
        ge=1,
        le=100,
        json_schema_extra=told(
            cost=f"an alarm on two metrics, {usd('cloudwatch', 'alarm, standard', 'month')} for each of them a month",
            risk="above what a bad release causes, it is not turned back",
        ),
    )
    """Share of 5xx answers in 5 minutes in percent, twice in a row, above which another alarm goes off."""


def _with_page(schema: dict[str, Any]) -> None:
    """AWS's page of the kind, which says what it has not."""
    schema[SOURCE] = KINDS[schema["properties"]["kind"]["const"]].limits.page


class AnyKind(Section):
    """What an endpoint of any kind has."""

    model_config = ConfigDict(json_schema_extra=_with_page)

    state: State = Field(
        default="running",
        json_schema_extra=told(cost="`stopped` costs its alarms alone", risk="`stopped` answers nobody"),
    )
    """`stopped` deletes what serves, scales and monitors. Releases, their configurations, alarms and logs stay, and
    `running` brings the wanted release back."""
    tags: Tags = Field(default={}, max_length=MAX_ENDPOINT_TAGS)
    """Tags of the endpoint's resources, beside those of its workload."""
    needs: Needs = Needs()
    """What is asked of it: its kind is refused if it cannot meet that."""

    @property
    def processor(self) -> Architecture:
        """What its containers run on, which the image of its models has to be built for."""
        return X86_64

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """Its settings that limit what it is able to meet, with their values, by the need (`contracts.advice`)."""
        return {}

    def in_zone(self, timezone: str) -> Mapping[str, Any]:
        """What says when something happens, with the stack's zone where they have none of their own."""
        del timezone
        return {}


class Fleet(AnyKind):
    """An endpoint on instances of its own, captured, whose releases roll out with alarms that turn them back."""

    alarms: EndpointAlarms = EndpointAlarms()
    """When its alarms go off."""
    instance_type: EndpointInstance = Field(
        default="ml.m5.large",
        json_schema_extra=told(
            cost=f"for each instance; ml.m5.large {usd('sagemaker', 'instance ml.m5.large', 'month')} a month",
            risk="with another type nothing scales until it has rolled out",
        ),
    )
    """Instance type of the endpoint's variants. With Graviton its packages need an image for that, which is checked."""
    instance_count: int = Field(
        default=3,
        ge=1,
        le=100,
        json_schema_extra=told(
            cost="as many times the instance; twice as many while a release rolls out, but for rolling",
            risk="one instance is one zone",
        ),
    )
    """Instances of a variant at its first deployment; later the release record carries the live counts."""
    rollout: Rollout = Canary()
    """How a new release takes over the traffic."""
    rollout_timeout_minutes: int = Field(
        default=MAX_ROLLOUT_MINUTES, ge=10, le=MAX_ROLLOUT_MINUTES, json_schema_extra=told(source=TIMEOUTS)
    )
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
    """Share of requests captured for monitoring, in percent."""

    @property
    def processor(self) -> Architecture:
        """What its instances have."""
        return instances.instance(self.instance_type).architecture

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """The memory of what holds its model."""
        return {"model_mb": ("instance_type", memory_mib(self.instance_type))}

    @property
    def most_instances(self) -> int | None:
        """Most instances that autoscaling may ever give a variant; None where people alone decide that."""
        raise NotImplementedError

    @property
    def least_instances(self) -> int | None:
        """Fewest instances that autoscaling may ever leave the champion; None where people alone decide that."""
        raise NotImplementedError

    def of_challenger(self, percent: int) -> Self:
        """As it is for a challenger with `percent` of the requests, which scales by that share of the limits."""
        raise NotImplementedError

    @property
    def _least_of_share(self) -> int:
        """Fewest instances of a challenger, whatever its share: what a rollout can work with, and two zones."""
        return max(LEAST_INSTANCES[self.rollout.kind], _ZONES)

    def faults(self) -> Iterator[Fault]:
        """A fleet too small for its rollout or bigger than its limits, a rollout too long or short, alarms twice."""
        if self.instance_count < (least := LEAST_INSTANCES[self.rollout.kind]):
            fleet = f"{least} or more with rollout {self.rollout.kind}"
            advice = "a smaller fleet cannot be shifted in parts: add instances or roll out all_at_once"
            yield Fault("instance_count", self.instance_count, fleet, advice, SMALLEST_FLEETS)
        most = max(self.rollout_timeout_minutes - FLEET_START_MINUTES, 0) // (waits := bakes(self.rollout))
        if (bake := self.rollout.bake_minutes) > most:
            allowed = f"at most {most} with rollout {self.rollout.kind}, which waits {waits} times"
            advice = f"all fits into rollout_timeout_minutes ({self.rollout_timeout_minutes}): bake less or shift more"
            yield Fault("rollout.bake_minutes", bake, allowed, advice)
        yield from unwatched(self.rollout, self.rollback_alarms)
        yield from repeated("rollback_alarms", self.rollback_alarms)
        yield from too_many("instance_count", self.instance_count, self.most_instances)
