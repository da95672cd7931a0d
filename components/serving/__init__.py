"""Serving: from the release record to what serves it. `kinds` says how each kind of endpoint is drawn and watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pulumi

from components.reach import Calls
from components.service import Service
from components.serving import endpoint, fargate, inference_component, lambda_, models, scaling
from components.serving.kind import EndpointArgs, Served
from components.serving.kinds import drawn
from components.serving.plan import challenged
from components.workload import Workload
from contracts.kinds import KINDS
from contracts.kinds.kind import Host
from contracts.names import EndpointNames, Names
from contracts.release import Record
from contracts.release.live import Serving
from settings import Workload as WorkloadSettings

#: What is made in this wing (`components.service`).
SERVICES: Final = (*endpoint.SERVICES, *models.SERVICES, *scaling.SERVICES)
#: What is made beside it for endpoints that are more, or something else, than an endpoint of SageMaker.
HOSTED: Final[Mapping[Host, Sequence[Service]]] = {
    "component": inference_component.SERVICES,
    "ecs": fargate.SERVICES,
    "lambda": lambda_.SERVICES,
}
_CALLS: Final[Mapping[Host, Calls]] = {"ecs": fargate.CALLS, "lambda": lambda_.CALLS}
_NO_RECORDS: Final[Mapping[str, Mapping[str, Record]]] = {}
#: Of the rollback function of an endpoint whose challenger scales: it is deregistered before SageMaker takes it away.
CALLS_SCALED: Final = {"rollback": frozenset({"application-autoscaling"})}


def calls(
    workloads: Mapping[str, WorkloadSettings], records: Mapping[str, Mapping[str, Record]] = _NO_RECORDS
) -> list[Calls]:
    """What is called from the network for endpoints that run (`components.reach`); stopped ones call nothing.

    `records` are release records, by workload and endpoint: from them follows where a challenger scales.
    """
    endpoints = (its for workload in workloads.values() for its in workload.endpoints.values())
    hosts = {KINDS[its.kind].host for its in endpoints if its.state == "running"}
    scaled = any(challenged(its, records.get(name, {})) for name, its in workloads.items())
    return [*(its for host, its in _CALLS.items() if host in hosts), *([CALLS_SCALED] if scaled else [])]


def elsewhere(names: Names, workloads: Mapping[str, WorkloadSettings]) -> dict[str, Host]:
    """The endpoints whose releases SageMaker moves not as those of its variants, by name: what runs them."""
    return {
        names.of_workload(name).of_endpoint(endpoint).prefix: host
        for name, its in workloads.items()
        for endpoint, host in its.elsewhere.items()
    }


def counted(
    names: Names, workloads: Mapping[str, WorkloadSettings], records: Mapping[str, Mapping[str, Record]]
) -> list[EndpointNames]:
    """The endpoints that have a release, and instances or copies of their own in SageMaker."""
    return [
        names.of_workload(name).of_endpoint(endpoint)
        for name, mine in records.items()
        for endpoint in mine
        for kind in (KINDS[workloads[name].endpoints[endpoint].kind],)
        if kind.hosted and kind.has_instances and kind.host in ("sagemaker", "component")
    ]


def build(
    workload: Workload,
    rollback_alarms: Mapping[str, Sequence[pulumi.Input[str]]],
    begin: Callable[[EndpointNames, str], None],
    see_through: Callable[[EndpointNames, str, str | None], str],
    make_way: Callable[[EndpointNames, str, str], None],
    shift: Callable[[EndpointNames, str, str], None],
    dead_letters_arn: pulumi.Input[str],
    found: Mapping[str, Serving],
) -> dict[str, Served]:
    """The endpoints that have a release, by name. `rollback_alarms` are names of alarms, by endpoint.

    `begin` and `see_through` write that a rollout begins, and what became of one that was turned back
    (`automation.operations.rollouts`), `make_way`
    ends the scaling that stands against a change (`automation.operations.unscaling`), `shift` has the traffic of an
    alias moved (`automation.operations.shifting`). `found` is what serves now, by the endpoints' names
    (`automation.operations.counting`).
    """
    built: dict[str, Served] = {}
    for name, record in workload.records.items():
        settings = workload.settings.endpoints[name]
        args = EndpointArgs[Any](
            ground=workload.ground,
            names=workload.names.of_endpoint(name),
            settings=settings,
            record=record,
            rollback_alarms=rollback_alarms[name],
            begin=begin,
            see_through=see_through,
            make_way=make_way,
            shift=shift,
            packages=workload.packages,
            tags=workload.tags(name),
            dead_letters_arn=dead_letters_arn,
            serving=found.get(workload.names.of_endpoint(name).prefix),
        )
        built[name] = drawn(settings).build(workload.named(name), args, workload.opts(name))
    return built
