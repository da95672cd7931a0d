"""The rendered definition for training on a type with disks of its own, which encrypt themselves and take no key.

SageMaker refuses a volume's key there (API reference, ResourceConfig, VolumeKmsKeyId, read 2026-11-30: such disks are
encrypted by a hardware module on the instance). Most types with a GPU are of this kind. A run of a pipeline may then
name types of this kind alone, as it may otherwise name none of them: whichever it names, the step fits it. A run of the
state machine has the type that is deployed: what a task takes from its input, no policy can judge.
"""

from __future__ import annotations

import json
from typing import Any, Final

from contracts.instances import has_local_storage, instance, trained_on
from workloads.pipeline.graph import walk

_TYPE: Final = "TrainingInstanceType"


def for_type(definition: str, instance_type: str) -> str:
    """The definition, of a pipeline or of the state machine, as `render` has them, whose training jobs run on
    `instance_type` unless a run says otherwise; as it is where the volumes of that type take a key.
    """
    if not has_local_storage(instance_type):
        return definition
    document = json.loads(definition)
    for _, node in walk(document):
        if isinstance(node, dict):
            _without_key(node, instance_type)
            _with_types(node, instance_type)
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _without_key(node: dict[str, Any], instance_type: str) -> None:
    """Of a training job: of a step, of a search's trials, of a task of the machine. Processing says ClusterConfig."""
    if isinstance(cluster := node.get("ResourceConfig"), dict):
        cluster.pop("VolumeKmsKeyId", None)
        # The disks are mounted whole, whatever is asked for; more than they have is refused (VolumeSizeInGB, there).
        cluster["VolumeSizeInGB"] = min(cluster["VolumeSizeInGB"], _smallest())
        if cluster.pop("InstanceType.$", None):
            cluster["InstanceType"] = instance_type


def _smallest() -> int:
    """GB of the disks of the type that has the fewest, of those that a run may name."""
    return min(instance(each).local_storage_gb for each in trained_on(local=True))


def _with_types(node: dict[str, Any], instance_type: str) -> None:
    """What a run may name: of a pipeline's parameter, or of the lists that a machine looks into."""
    if node.get("Name") == _TYPE and "EnumValues" in node:
        node["EnumValues"] = trained_on(local=True)
    if isinstance(allowed := node.get("allowed"), dict) and _TYPE in allowed:
        allowed[_TYPE] = [instance_type]
