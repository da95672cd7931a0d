"""The jobs that a state machine starts, as its definition says: what they cost, and which quotas they need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

MACHINE: Final = "aws:sfn/stateMachine:StateMachine"
#: How a machine starts a job (Step Functions developer guide, "Create and manage Amazon SageMaker AI jobs"), and what
#: of it holds the cluster.
_CALLS: Final = {"sagemaker:createProcessingJob.sync": "Processing", "sagemaker:createTrainingJob.sync": "Training"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: its kind, its cluster with the instance type of a run that names no other, whether on spot capacity."""

    kind: str
    cluster: Mapping[str, Any]
    spot: bool


def states(definition: str) -> list[Mapping[str, Any]]:
    """All states, those in branches too."""
    return list(_states(json.loads(definition)))


def jobs(definition: str) -> list[Job]:
    """The jobs that a run of the machine starts, each once."""
    found = states(definition)
    defaults: dict[str, Any] = {}
    for state in found:
        given = state.get("Parameters")
        if state["Type"] == "Pass" and isinstance(given, dict):
            defaults |= given.get("defaults", {})
    return [
        _job(kind, state["Parameters"], defaults)
        for state in found
        for call, kind in _CALLS.items()
        if str(state.get("Resource")).endswith(call)
    ]


def _states(machine: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for state in machine["States"].values():
        yield state
        for branch in state.get("Branches", []):
            yield from _states(branch)


def _job(kind: str, request: Mapping[str, Any], defaults: Mapping[str, Any]) -> Job:
    cluster = request["ResourceConfig"] if kind == "Training" else request["ProcessingResources"]["ClusterConfig"]
    known = {
        name.removesuffix(".$"): defaults[str(value).rpartition(".")[2]] if name.endswith(".$") else value
        for name, value in cluster.items()
    }
    return Job(kind=kind, cluster=known, spot=bool(request.get("EnableManagedSpotTraining")))


def trains(definition: str) -> bool:
    """Whether it is what trains, in the place of a pipeline."""
    return any(job.kind == "Training" for job in jobs(definition))
