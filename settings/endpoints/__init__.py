"""Section `workloads.<name>.endpoints.<name>`: one endpoint, of a kind that its `kind` names. One file a kind."""

from __future__ import annotations

from settings.endpoints.common import AnyKind, EndpointAlarms, Fleet, RollbackAlarm
from settings.endpoints.realtime import Realtime

__all__ = ["AnyKind", "Endpoint", "EndpointAlarms", "Fleet", "Realtime", "RollbackAlarm"]

#: One model for each kind of endpoint, told apart by `kind`.
Endpoint = Realtime
