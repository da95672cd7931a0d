"""What the jobs of a rendered definition may take: disk, time, and whether Train waits for spot capacity.

Made of the rendered `train`, `tune` or `machine`, as `store` is: with the defaults it is what was compiled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from workloads.pipeline.graph import walk

#: Hours that the compiled definitions give a training job; the other jobs have a share of it.
HOURS: Final = 4
_STOPPING: Final = "StoppingCondition"
_RUN: Final = "MaxRuntimeInSeconds"
_WAIT: Final = "MaxWaitTimeInSeconds"


def with_capacity(definition: str, *, volume_gb: int, hours: int, spot: bool) -> str:
    """The definition, as `render` has them, whose jobs have volumes of so many GB and a time that grows with `hours`.

    That is the most that a training job runs; on spot capacity it waits as long again. Without `spot` it has its
    instances at once, or fails (API reference, StoppingCondition: there is no wait then).
    """
    document = json.loads(definition)
    for _, node in walk(document):
        if isinstance(node, dict) and "VolumeSizeInGB" in node:
            node["VolumeSizeInGB"] = volume_gb
    for state, request in _jobs(document):
        stopping = request[_STOPPING]
        before = _longest(stopping)
        for member in stopping:
            stopping[member] = stopping[member] * hours // HOURS
        if "EnableManagedSpotTraining" in request and not spot:
            request["EnableManagedSpotTraining"] = False
            del stopping[_WAIT]
        if state is not None:
            state["TimeoutSeconds"] += _longest(stopping) - before
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _jobs(document: Any) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any]]]:
    """What SageMaker is asked for each job, and before it the state of a machine that asks."""
    states = [node for _, node in walk(document) if isinstance(node, dict) and "TimeoutSeconds" in node]
    for _, node in walk(document):
        if isinstance(node, dict) and _RUN in node.get(_STOPPING, {}):
            yield next((state for state in states if state.get("Parameters") is node), None), node


def _longest(stopping: dict[str, int]) -> int:
    """Seconds from a job's start to its end at the latest."""
    return stopping.get(_WAIT, stopping[_RUN])
