"""Serving: from the release record to what serves it. `kinds` says how each kind of endpoint is drawn and watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pulumi

from components.serving import endpoint, models, scaling
from components.serving.kind import EndpointArgs, Served
from components.serving.kinds import drawn
from components.workload import Workload
from contracts.names import EndpointNames

#: What is made in this wing (`components.service`).
SERVICES: Final = (*endpoint.SERVICES, *models.SERVICES, *scaling.SERVICES)


def build(
    workload: Workload,
    rollback_alarms: Mapping[str, Sequence[pulumi.Input[str]]],
    see_through: Callable[[EndpointNames, str, str], None],
    make_way: Callable[[EndpointNames, str, str], None],
) -> dict[str, Served]:
    """The endpoints that have a release, by name. `rollback_alarms` are names of alarms, by endpoint.

    `see_through` raises what became of a rollout that was turned back (`automation.operations.rollouts`), `make_way`
    ends the scaling that stands against a change (`automation.operations.unscaling`).
    """
    found: dict[str, Served] = {}
    for name, record in workload.records.items():
        settings = workload.settings.endpoints[name]
        args = EndpointArgs[Any](
            ground=workload.ground,
            names=workload.names.of_endpoint(name),
            settings=settings,
            record=record,
            rollback_alarms=rollback_alarms[name],
            see_through=see_through,
            make_way=make_way,
            tags=workload.tags(name),
        )
        found[name] = drawn(settings).build(workload.named(name), args, workload.opts(name))
    return found
