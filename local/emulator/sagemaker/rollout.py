"""How a deployment moves traffic: the plan of a DeploymentConfig, without any process or clock.

Sources: SageMaker API reference (BlueGreenUpdatePolicy, RollingUpdatePolicy) and developer guide, "Deployment
guardrails": a canary takes at most half of the capacity, linear steps are 10 to 50 %, rolling batches 5 to 50 %, and
every shift, the last one included, is followed by a baking period in which the alarms are watched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_HALF = 0.5
_MINIMUM_LINEAR = 0.1
_MINIMUM_BATCH = 0.05
_AT_ONCE = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Send `share` of the traffic to the new fleet and bake for `wait_seconds`."""

    share: float
    wait_seconds: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The shifts of a deployment, the wait before the old fleet goes, and the alarms that undo it."""

    shifts: tuple[Shift, ...]
    termination_wait_seconds: float
    alarms: tuple[str, ...]


def plan(config: dict[str, Any] | None, instances: int) -> Plan:
    """The plan of a DeploymentConfig for a fleet of `instances` (1 or more); without one, all at once and no baking."""
    config = config or {}
    alarms = tuple(alarm["AlarmName"] for alarm in (config.get("AutoRollbackConfiguration") or {}).get("Alarms", []))
    if rolling := config.get("RollingUpdatePolicy"):
        step = share(rolling["MaximumBatchSize"], instances)
        return Plan(shifts=_steps(step, rolling["WaitIntervalInSeconds"]), termination_wait_seconds=0, alarms=alarms)
    policy: dict[str, Any] = config.get("BlueGreenUpdatePolicy") or {}
    routing: dict[str, Any] = policy.get("TrafficRoutingConfiguration") or _AT_ONCE
    wait = routing["WaitIntervalInSeconds"]
    full = Shift(share=1.0, wait_seconds=wait)
    if routing["Type"] == "CANARY":
        shifts = (Shift(share=share(routing["CanarySize"], instances), wait_seconds=wait), full)
    elif routing["Type"] == "LINEAR":
        shifts = _steps(share(routing["LinearStepSize"], instances), wait)
    else:
        shifts = (full,)
    return Plan(shifts=shifts, termination_wait_seconds=policy.get("TerminationWaitInSeconds") or 0, alarms=alarms)


def share(size: dict[str, Any], instances: int) -> float:
    """A CapacitySize as a share of the fleet."""
    return size["Value"] / (100 if size["Type"] == "CAPACITY_PERCENT" else instances)


def _steps(step: float, wait: float) -> tuple[Shift, ...]:
    count = math.ceil(1 / step - 1e-9)
    return tuple(Shift(share=min(1.0, step * n), wait_seconds=wait) for n in range(1, count + 1))


def faults(config: dict[str, Any], instances: int, variants: int) -> list[str]:
    """What is wrong with a DeploymentConfig, beyond its shape, for a fleet of so many instances and variants."""
    rolling, policy = config.get("RollingUpdatePolicy"), config.get("BlueGreenUpdatePolicy")
    if rolling and policy:
        return ["only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be specified"]
    if rolling:
        found = _size_faults("MaximumBatchSize", rolling["MaximumBatchSize"], instances, _MINIMUM_BATCH)
        if variants > 1:
            found.append(f"RollingUpdatePolicy is for endpoints with one variant, found {variants}")
        return found or _timeout_faults(rolling, plan(config, instances))
    if not policy:
        return []
    routing = policy["TrafficRoutingConfiguration"]
    found: list[str] = []
    for kind, name, minimum in (("CANARY", "CanarySize", 0.0), ("LINEAR", "LinearStepSize", _MINIMUM_LINEAR)):
        size = routing.get(name)
        if (routing["Type"] == kind) != bool(size):
            found.append(f"{name} must be given with traffic routing type {kind} and no other, found {routing['Type']}")
        elif size:
            found += _size_faults(name, size, instances, minimum)
    return found or _timeout_faults(policy, plan(config, instances))


def _size_faults(name: str, size: dict[str, Any], instances: int, minimum: float) -> list[str]:
    given = share(size, instances)
    if minimum <= given <= _HALF:
        return []
    return [
        f"{name} is {size['Value']} {size['Type']}, {given:.0%} of {instances} instances; "
        f"allowed is {minimum:.0%} to {_HALF:.0%} of the fleet's capacity"
    ]


def _timeout_faults(policy: dict[str, Any], planned: Plan) -> list[str]:
    limit = policy.get("MaximumExecutionTimeoutInSeconds")
    waits = sum(shift.wait_seconds for shift in planned.shifts) + planned.termination_wait_seconds
    if limit is None or limit > waits:
        return []
    return [f"MaximumExecutionTimeoutInSeconds is {limit}, must be more than the {waits:g} seconds of all waits"]
