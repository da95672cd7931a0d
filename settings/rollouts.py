"""How a new release takes over the traffic of an endpoint with instances."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from settings.faults import Fault
from settings.section import Section, told

_SHIFTS: Final = "SageMaker API reference, TrafficRoutingConfig, read 2026-11-30"
_BATCHES: Final = "SageMaker API reference, RollingUpdatePolicy, read 2026-11-30"
_WATCHED: Final = "SageMaker API reference, BlueGreenUpdatePolicy, read 2026-11-30"


class AllAtOnce(Section):
    """All traffic moves at once after the new fleet is healthy."""

    kind: Literal["all_at_once"] = "all_at_once"
    bake_minutes: int = Field(default=10, ge=0, le=60, json_schema_extra=told(source=_WATCHED))
    """Minutes that alarms are watched before the old fleet goes."""


class Canary(Section):
    """A small share of the traffic first, the rest after the bake time."""

    kind: Literal["canary"] = "canary"
    canary_percent: int = Field(default=10, ge=1, le=50, json_schema_extra=told(source=_SHIFTS))
    """Share of the new fleet that takes traffic first, in percent."""
    bake_minutes: int = Field(default=10, ge=0, le=60, json_schema_extra=told(source=_SHIFTS))
    """Minutes that alarms are watched after each of the two shifts."""


class Linear(Section):
    """Equal steps of traffic, with a bake time after each."""

    kind: Literal["linear"] = "linear"
    step_percent: int = Field(default=10, ge=10, le=50, json_schema_extra=told(source=_SHIFTS))
    """Share of the new fleet that takes traffic with each step, in percent."""
    bake_minutes: int = Field(default=4, ge=0, le=60, json_schema_extra=told(source=_SHIFTS))
    """Minutes that alarms are watched after each step."""


class Rolling(Section):
    """Batches of instances are replaced, with no second fleet. SageMaker refuses it for more than one variant."""

    kind: Literal["rolling"] = "rolling"
    batch_percent: int = Field(default=20, ge=5, le=50, json_schema_extra=told(source=_BATCHES))
    """Share of the instances that each batch replaces, in percent."""
    bake_minutes: int = Field(default=5, ge=0, le=60, json_schema_extra=told(source=_BATCHES))
    """Minutes that alarms are watched after each batch."""


Rollout = Annotated[AllAtOnce | Canary | Linear | Rolling, Field(discriminator="kind")]

#: Fewest instances of a variant that each rollout can work with. The first share of traffic is a whole number of
#: instances and at most half of the fleet (SageMaker developer guide, "Use canary traffic shifting"): of fewer than 3,
#: one instance is half of the fleet or all of it.
LEAST_INSTANCES: Final[Mapping[str, int]] = {"all_at_once": 1, "canary": 3, "linear": 3, "rolling": 2}
SMALLEST_FLEETS: Final = "SageMaker developer guide, use canary traffic shifting, read 2026-11-29"
#: The provider waits 60 minutes for an endpoint and fails then, whatever timeouts the resource has (resource
#: aws_sagemaker_endpoint of terraform-provider-aws); SageMaker has to be done or give up before.
MAX_ROLLOUT_MINUTES: Final = 55
TIMEOUTS: Final = f"at least 10: {_WATCHED}; at most {MAX_ROLLOUT_MINUTES}: the AWS provider waits an hour"
#: Minutes of a rollout in which nothing is watched yet: a new fleet starts, loads its model and gets healthy.
FLEET_START_MINUTES: Final = 10


#: What to do about a rollout that no alarm can turn back.
UNWATCHED: Final = (
    "an alarm goes off after two bad periods of 5 minutes, when this rollout is over: bake longer, or say "
    "rollback_alarms: [] if nothing shall turn it back"
)
#: Minutes that an alarm of a variant takes to go off: two periods of five (`components/serving/watch.py`). A rollout
#: is turned back while a bake time runs and not later (SageMaker developer guide, "Blue/Green Deployments"; Amazon ECS
#: developer guide, "Amazon ECS canary deployments"; read 2026-11-30).
ALARM_MINUTES: Final = 10


def shifts(rollout: AllAtOnce | Canary | Linear | Rolling) -> int:
    """In how many parts the traffic moves: a bake time follows each of them."""
    match rollout:
        case AllAtOnce():
            return 1
        case Canary():
            return 2
        case Linear(step_percent=percent) | Rolling(batch_percent=percent):
            return math.ceil(100 / percent)


def bakes(rollout: AllAtOnce | Canary | Linear | Rolling) -> int:
    """How many bake times a rollout waits: one after each shift, and but for rolling one before the old fleet goes."""
    return shifts(rollout) + (not isinstance(rollout, Rolling))


def unwatched(rollout: AllAtOnce | Canary | Linear | Rolling, alarms: Sequence[str]) -> Iterator[Fault]:
    """A fault if a rollout is over before any of the alarms that are to turn it back can go off."""
    parts = shifts(rollout)
    if alarms and parts * rollout.bake_minutes < ALARM_MINUTES:
        times = f", which watches {parts} times" if parts > 1 else ""
        yield Fault(
            "rollout.bake_minutes",
            rollout.bake_minutes,
            f"at least {math.ceil(ALARM_MINUTES / parts)} with rollout {rollout.kind}{times}",
            UNWATCHED,
        )
