"""Reuse of what an earlier execution of the same pipeline computed.

Which members make two runs of a step the same: SageMaker developer guide, "Default cache key attributes by pipeline
step type". The scope is one step of one pipeline, and only successes count ("Caching pipeline steps").
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from local.executor.errors import InvalidExecution

_ATTRIBUTES = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
}
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a step left: its properties, when it ended, and the execution it ran in."""

    properties: Mapping[str, Any]
    ended: datetime
    execution_arn: str


_ENTRY = TypeAdapter(Entry)


class Cache:
    """Files under `directory`, one a step and key; the newest success of a key replaces the one before."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(
        self, step: Mapping[str, Any], arguments: Mapping[str, Any], exists: Callable[[Entry], bool]
    ) -> Entry | None:
        """The entry of the same work, if caching is on, it has not expired, and `exists` says its outputs are there."""
        path = self._path(step, arguments)
        if path is None or not path.is_file():
            return None
        entry = _ENTRY.validate_json(path.read_bytes())
        fresh = datetime.now(UTC) - entry.ended <= duration(step["CacheConfig"]["ExpireAfter"])
        return entry if fresh and exists(entry) else None

    def keep(self, step: Mapping[str, Any], arguments: Mapping[str, Any], entry: Entry) -> None:
        """Remember a success, if caching is on for the step."""
        path = self._path(step, arguments)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(_ENTRY.dump_json(entry))
        partial.replace(path)

    def _path(self, step: Mapping[str, Any], arguments: Mapping[str, Any]) -> Path | None:
        if not step.get("CacheConfig", {}).get("Enabled"):
            return None
        key = json.dumps({name: arguments.get(name) for name in _ATTRIBUTES[step["Type"]]}, sort_keys=True)
        return self._directory / step["Name"] / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def duration(text: str) -> timedelta:
    """An ISO 8601 duration in weeks, days, hours, minutes and seconds: `P30D`, `PT1H30M`."""
    match = _DURATION.fullmatch(text)
    parts = {name: int(value) for name, value in match.groupdict().items() if value} if match else {}
    if not parts:
        raise InvalidExecution(f"ExpireAfter is {text!r}; give an ISO 8601 duration, for example P30D or PT12H")
    return timedelta(**parts)


def faults(step: Mapping[str, Any]) -> list[str]:
    """What is wrong with the step's CacheConfig."""
    config = step.get("CacheConfig", {})
    if not config.get("Enabled"):
        return []
    if step["Type"] not in _ATTRIBUTES:
        return [f"{step['Name']}: a step of type {step['Type']} cannot be cached here"]
    try:
        duration(config.get("ExpireAfter", ""))
    except InvalidExecution as error:
        return [f"{step['Name']}: {error}"]
    return []
