"""What each job of a pipeline must carry, whatever built it.

SDK v3's tuning step silently drops the volume key, the encryption between containers and the isolation that its trainer
was given (its `_build_training_job_definition` copies a part), so what the SDK was told proves nothing: `harden` sets
what may be set without a decision, `gaps` is the gate after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workloads.pipeline.graph import steps_of

#: Step types that start no job in our network and hold no data.
_NO_JOB = frozenset({"Condition", "Fail", "RegisterModel"})


@dataclass(frozen=True, kw_only=True)
class _Job:
    """Where the parts in question are in the arguments of one type of step (dicts of the definition itself)."""

    network: dict[str, Any]
    cluster: dict[str, Any]
    output: dict[str, Any]
    stopping: dict[str, Any]


def _job(step: Mapping[str, Any]) -> _Job | None:
    """None for a type that this module does not know; `gaps` reports it."""
    arguments = step["Arguments"]
    if step["Type"] == "Processing":
        return _Job(
            network=arguments.get("NetworkConfig", {}),
            cluster=arguments["ProcessingResources"]["ClusterConfig"],
            output=arguments.get("ProcessingOutputConfig", {}),
            stopping=arguments.get("StoppingCondition", {}),
        )
    if step["Type"] == "Tuning":
        arguments = arguments["TrainingJobDefinition"]
    elif step["Type"] != "Training":
        return None
    return _Job(
        network=arguments,
        cluster=arguments["ResourceConfig"],
        output=arguments["OutputDataConfig"],
        stopping=arguments.get("StoppingCondition", {}),
    )


def _jobs(definition: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], _Job | None]]:
    for step in steps_of(definition["Steps"]):
        if step["Type"] not in _NO_JOB:
            yield step, _job(step)


def harden(definition: dict[str, Any], *, kms_key: str, connected: Mapping[str, str]) -> dict[str, Any]:
    """The same definition, changed in place: keys, encryption in transit and isolation wherever they are missing.

    `connected` names the steps that must reach AWS while they run, and why; all others are isolated.
    """
    for step in steps_of(definition["Steps"]):
        if step["Type"] == "Processing":
            step["Arguments"].setdefault("NetworkConfig", {})
    for step, job in _jobs(definition):
        if job is None:
            continue
        job.cluster.setdefault("VolumeKmsKeyId", kms_key)
        job.output.setdefault("KmsKeyId", kms_key)
        job.network["EnableInterContainerTrafficEncryption"] = True
        job.network["EnableNetworkIsolation"] = step["Name"] not in connected
    return definition


def gaps(definition: Mapping[str, Any], *, connected: Mapping[str, str]) -> list[str]:
    """What is missing, one line each: `Train: no VpcConfig`. Empty when every job carries everything."""
    found: list[str] = []
    names = {step["Name"] for step in steps_of(definition["Steps"])}
    found += [f"{name}: named as connected, but there is no such step" for name in sorted(set(connected) - names)]
    for step, job in _jobs(definition):
        if job is None:
            found.append(f"{step['Name']}: steps of type {step['Type']} are not known to the security gate; teach it")
            continue
        carried = {
            "VpcConfig": job.network.get("VpcConfig"),
            "VolumeKmsKeyId": job.cluster.get("VolumeKmsKeyId"),
            "KmsKeyId of the output": job.output.get("KmsKeyId"),
            "EnableInterContainerTrafficEncryption": job.network.get("EnableInterContainerTrafficEncryption"),
            "EnableNetworkIsolation": job.network.get("EnableNetworkIsolation") or step["Name"] in connected,
            "MaxRuntimeInSeconds": job.stopping.get("MaxRuntimeInSeconds"),
            "RetryPolicies": step.get("RetryPolicies"),
        }
        found += [f"{step['Name']}: no {what}" for what, value in carried.items() if not value]
    return found
