"""What model servers print, in CloudWatch Logs: group `/aws/sagemaker/Endpoints/<endpoint>`, a stream a server."""

from __future__ import annotations

import time

from moto.logs.models import logs_backends

from contracts.names import HOSTS
from local.emulator.context import Context
from local.emulator.sagemaker.endpoints import all_serving
from local.emulator.sagemaker.hosting import Hosted
from local.emulator.sagemaker.model_servers import ModelServer

SHIP_SECONDS = 1.0


def ship() -> None:
    """Send the lines that were printed since the last time."""
    for endpoint, _, variant in all_serving():
        _ship(endpoint, variant.server)


def _ship(endpoint: Hosted, server: ModelServer) -> None:
    lines = server.new_log_lines()
    if not lines:
        return
    backend = logs_backends[endpoint.account][endpoint.region]
    group, stream = f"{HOSTS}/{endpoint.endpoint_name}", server.directory.name
    backend.ensure_log_group(group)
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])


def install(context: Context) -> None:
    """Ship as long as the emulator lives."""
    context.ticker.every(SHIP_SECONDS, ship)
