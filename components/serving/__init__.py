"""Serving: from the release record to a live endpoint. `plan` decides, `realtime` creates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pulumi

from components.serving.realtime import Realtime, RealtimeArgs
from components.workload import Workload
from contracts.names import EndpointNames


def build(
    workload: Workload,
    rollback_alarms: Mapping[str, Sequence[pulumi.Input[str]]],
    see_through: Callable[[EndpointNames, str, str], None],
) -> dict[str, Realtime]:
    """The endpoints that have a release, by name. `rollback_alarms` are names of alarms, by endpoint.

    `see_through` raises what became of a rollout that was turned back (`automation.operations.rollouts`).
    """
    return {
        endpoint: Realtime(
            workload.named(endpoint),
            RealtimeArgs(
                ground=workload.ground,
                names=workload.names.of_endpoint(endpoint),
                settings=workload.settings.endpoints[endpoint],
                record=record,
                rollback_alarms=rollback_alarms[endpoint],
                see_through=see_through,
            ),
            workload.opts(endpoint),
        )
        for endpoint, record in workload.records.items()
    }
