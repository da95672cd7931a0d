"""What model servers print, in CloudWatch Logs: group `/aws/sagemaker/Endpoints/<endpoint>`, a stream a server; and the
metrics that are embedded in it.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import logs_backends

from contracts.namespaces import HOSTS
from local.emulator.context import Context
from local.emulator.ecs import services
from local.emulator.sagemaker.endpoints import all_serving
from local.emulator.sagemaker.model_servers import ModelServer

SHIP_SECONDS = 1.0
_EMBEDDED = '{"_aws": '


def ship() -> None:
    """Send the lines that were printed since the last time."""
    for endpoint, _, variant in all_serving():
        for server in variant.server.parts:
            _ship(endpoint.account, endpoint.region, endpoint.endpoint_name, server)
    for running, _, task in services.all_tasks():
        backend = running.backend
        _ship(backend.account_id, backend.region_name, running.service.name, task)


def _ship(account: str, region: str, endpoint: str, server: ModelServer) -> None:
    lines = server.new_log_lines()
    if not lines:
        return
    backend = logs_backends[account][region]
    group, stream = f"{HOSTS}/{endpoint}", server.directory.name
    backend.ensure_log_group(group)
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])
    for line in lines:
        if line.startswith(_EMBEDDED):
            _publish(account, region, json.loads(line))


def _publish(account: str, region: str, line: dict[str, Any]) -> None:
    """The metrics that CloudWatch takes out of a line (user guide, "Specification: Embedded metric format")."""
    when = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC).replace(tzinfo=None)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = [{"Name": name, "Value": line[name]} for name in names]
            data = [
                {
                    "MetricName": metric["Name"],
                    "Unit": metric["Unit"],
                    "Dimensions": dimensions,
                    "Timestamp": when,
                    "Values": found if isinstance(found := line[metric["Name"]], list) else [found],
                }
                for metric in directive["Metrics"]
            ]
            cloudwatch_backends[account][region].put_metric_data(directive["Namespace"], data)


def install(context: Context) -> None:
    """Ship as long as the emulator lives."""
    context.ticker.every(SHIP_SECONDS, ship)
