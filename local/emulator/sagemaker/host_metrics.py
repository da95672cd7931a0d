"""CPU and memory of the model servers, in the namespace of endpoints.

As on SageMaker: CPUUtilization adds up over cores (200 on two busy ones), MemoryUtilization is a share of the host's
memory, both in percent, each minute, by EndpointName and VariantName. The host here is this machine.
Source: SageMaker developer guide, "Metrics for SageMaker endpoints" (instance metrics). Read from Linux's /proc.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from contracts.namespaces import HOSTS
from local.emulator.sagemaker.endpoints import all_serving

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEMORY = _PAGE * os.sysconf("SC_PHYS_PAGES")
_USER_TIME, _SYSTEM_TIME, _RESIDENT = 11, 12, 21  # fields of /proc/<pid>/stat after the command


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process and its children have used: CPU seconds since their start, resident bytes now."""

    cpu_seconds: float
    resident_bytes: int


def usage(pid: int) -> Usage:
    """The usage of a process tree; nothing for a process that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return Usage(cpu_seconds=0.0, resident_bytes=0)
    below = [usage(child) for child in _children(pid)]
    own = (int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])) / _TICKS
    return Usage(
        cpu_seconds=own + sum(u.cpu_seconds for u in below),
        resident_bytes=int(fields[_RESIDENT]) * _PAGE + sum(u.resident_bytes for u in below),
    )


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += [int(child) for child in file.read_text(encoding="utf-8").split()]
    return found


class HostMetrics:
    """Publishes the usage since the last time."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}  # pid -> wall time, CPU seconds

    def publish(self) -> None:
        """Publish CPU and memory of every variant that serves."""
        seen: dict[int, tuple[float, float]] = {}
        for endpoint, _, variant in all_serving():
            pid = variant.server.pid
            if pid is None or not variant.server.alive:
                continue
            used, now = usage(pid), time.monotonic()
            seen[pid] = (now, used.cpu_seconds)
            named = {"EndpointName": endpoint.endpoint_name, "VariantName": variant.name}
            data = _data(named, used, self._cpu_percent(pid, now, used.cpu_seconds))
            cloudwatch_backends[endpoint.account][endpoint.region].put_metric_data(HOSTS, data)
        self._before = seen

    def _cpu_percent(self, pid: int, now: float, cpu_seconds: float) -> float | None:
        """None the first time: a percentage needs two readings."""
        if pid not in self._before or now <= self._before[pid][0]:
            return None
        then, before = self._before[pid]
        return 100 * (cpu_seconds - before) / (now - then)


def _data(named: dict[str, str], used: Usage, cpu_percent: float | None) -> list[dict[str, Any]]:
    values = {"CPUUtilization": cpu_percent, "MemoryUtilization": 100 * used.resident_bytes / _MEMORY}
    dimensions = [{"Name": key, "Value": value} for key, value in named.items()]
    return [
        {"MetricName": name, "Value": value, "Unit": "Percent", "Dimensions": dimensions}
        for name, value in values.items()
        if value is not None
    ]
