"""What each kind of endpoint, and each target beside SageMaker's endpoints, is able to do: `targets.csv`.

Of kinds that a stack may name the table leaves out what `contracts.kinds` knows: limits, network, rollouts.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast

from contracts.kinds import KINDS

Answers = Literal["now", "later", "scheduled"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a model may be served.

    `offered` says whether a stack may name it today. `answers` when: at once, when a queue's turn comes, or with the
    next run. `starts_cold`: the first request after a pause waits for a start. Memory in MiB, of one execution or task;
    `team` are the people who know how to run it, anybody where it is empty; `stages` the containers that a request
    passes. The page says what AWS's limits are; `own` names the settings of an endpoint that set it a closer one, by
    the need that they meet.
    """

    name: str
    offered: bool
    answers: Answers
    starts_cold: bool
    has_instances: bool
    accelerators: bool
    zero: bool
    in_network: bool
    gradual: bool
    models: bool
    stages: int
    most_memory_mb: int | None
    most_concurrent: int | None
    team: frozenset[str]
    payload_mb: float
    seconds: float
    source: str
    read_on: str
    own: Mapping[str, str] = field(default_factory=dict[str, str])

    def within(self, limits: Mapping[str, tuple[str, int]]) -> Target:
        """The target as an endpoint is configured: its setting and the setting's value, by the need."""
        values: dict[str, Any] = {_LIMITED[need]: value for need, (_, value) in limits.items()}
        return replace(self, **values, own={need: setting for need, (setting, _) in limits.items()})


#: What limits a need.
_LIMITED: Final = {
    "payload_mb": "payload_mb",
    "seconds": "seconds",
    "model_mb": "most_memory_mb",
    "rps": "most_concurrent",
}


@cache
def targets() -> Mapping[str, Target]:
    """Every target by name."""
    with Path(__file__).with_name("targets.csv").open(encoding="utf-8", newline="") as rows:
        return {row["target"]: _target(row) for row in csv.DictReader(rows)}


def _target(row: Mapping[str, str]) -> Target:
    return Target(
        name=row["target"],
        offered=row["target"] in KINDS,
        answers=cast("Answers", row["answers"]),
        starts_cold=row["starts_cold"] == "yes",
        has_instances=row["has_instances"] == "yes",
        accelerators=row["accelerators"] == "yes",
        models=row["models"] == "yes",
        most_memory_mb=int(row["most_memory_mb"]) if row["most_memory_mb"] else None,
        most_concurrent=int(row["most_concurrent"]) if row["most_concurrent"] else None,
        team=frozenset(row["team"].split()),
        **_facts(row),
    )


def _facts(row: Mapping[str, str]) -> dict[str, Any]:
    """What `contracts.kinds` says of an offered kind, and the table of any other."""
    if kind := KINDS.get(row["target"]):
        return {
            "zero": kind.scales_to_zero or not kind.has_instances,
            "in_network": kind.in_network,
            "gradual": bool(kind.rollouts),
            "stages": kind.stages,
            "payload_mb": kind.limits.payload_bytes / 1024**2,
            "seconds": kind.limits.seconds,
            "source": kind.limits.source,
            "read_on": kind.limits.read_on,
        }
    return {
        **{name: row[name] == "yes" for name in ("zero", "in_network", "gradual")},
        "stages": 1,
        "payload_mb": float(row["payload_mb"]),
        "seconds": float(row["seconds"]),
        "source": row["source"],
        "read_on": row["read_on"],
    }
