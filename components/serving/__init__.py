"""Serving: from the release record to a live endpoint. `plan` decides, `realtime` creates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.serving.realtime import Realtime, RealtimeArgs
from components.workload import Workload


def build(workload: Workload, rollback_alarms: Mapping[str, Sequence[pulumi.Input[str]]]) -> dict[str, Realtime]:
    """The endpoints that have a release, by name. `rollback_alarms` are names of alarms, by endpoint."""
    return {
        endpoint: Realtime(
            workload.named(endpoint),
            RealtimeArgs(
                ground=workload.ground,
                names=workload.names.of_endpoint(endpoint),
                settings=workload.settings.endpoints[endpoint],
                record=record,
                rollback_alarms=rollback_alarms[endpoint],
            ),
            workload.opts(endpoint),
        )
        for endpoint, record in workload.records.items()
    }
