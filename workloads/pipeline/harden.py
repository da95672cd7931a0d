"""What each job of a pipeline must carry, whatever built it.

SDK v3's tuning step silently drops the volume key, the encryption between containers and the isolation that its trainer
was given (its `_build_training_job_definition` copies a part), so what the SDK was told proves nothing: `harden` sets
what may be set without a decision, `gaps` is the gate after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.instances import has_local_storage
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


def _types(definition: Mapping[str, Any], job: _Job) -> list[str] | None:
    """The instance types that a job may run on, as its step or the parameter it refers to says; None for any."""
    named = job.cluster.get("InstanceType")
    if not isinstance(named, Mapping):
        return [named] if named else []
    parameter = str(named["Get"]).removeprefix("Parameters.")
    return next((p.get("EnumValues") for p in definition["Parameters"] if p["Name"] == parameter), None)


def _takes_key(types: list[str] | None) -> bool:
    """Whether a job's volume takes a key: its disks are not the instance's own (API reference, ResourceConfig)."""
    return not types or not all(map(has_local_storage, types))


def _refused(types: list[str] | None) -> str:
    """Those of a job's types that take no key for their volumes, and what to do; empty when all do."""
    local = None if types is None else [name for name in types if has_local_storage(name)]
    if local == []:
        return ""
    named = "types with disks of their own, and a run may name any" if local is None else ", ".join(local)
    return f"{named}; allow the step the types of contracts.instances.with_volumes, or leave the key out"


def harden(definition: dict[str, Any], *, kms_key: str, connected: Mapping[str, str]) -> dict[str, Any]:
    """The same definition, changed in place: keys, encryption in transit and isolation wherever they are missing.

    `connected` names the steps that must reach AWS while they run, and why; all others are isolated. A volume gets no
    key where SageMaker refuses one.
    """
    for step in steps_of(definition["Steps"]):
        if step["Type"] == "Processing":
            step["Arguments"].setdefault("NetworkConfig", {})
    for step, job in _jobs(definition):
        if job is None:
            continue
        if _takes_key(_types(definition, job)):
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
        types = _types(definition, job)
        if job.cluster.get("VolumeKmsKeyId") and (refused := _refused(types)):
            found.append(f"{step['Name']}: VolumeKmsKeyId, which SageMaker refuses on {refused}")
        carried = {
            "VpcConfig": job.network.get("VpcConfig"),
            "VolumeKmsKeyId": job.cluster.get("VolumeKmsKeyId") or not _takes_key(types),
            "KmsKeyId of the output": job.output.get("KmsKeyId"),
            "EnableInterContainerTrafficEncryption": job.network.get("EnableInterContainerTrafficEncryption"),
            "EnableNetworkIsolation": job.network.get("EnableNetworkIsolation") or step["Name"] in connected,
            "MaxRuntimeInSeconds": job.stopping.get("MaxRuntimeInSeconds"),
            "RetryPolicies": step.get("RetryPolicies"),
        }
        found += [f"{step['Name']}: no {what}" for what, value in carried.items() if not value]
    return found
