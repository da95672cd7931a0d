"""Training on types with disks of their own: the definitions lose the key there, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.instances import has_local_storage, instance, trained_on
from workloads.pipeline import render, validate
from workloads.pipeline.capacity import with_capacity
from workloads.pipeline.disks import for_type
from workloads.pipeline.graph import steps_of, walk
from workloads.pipeline.harden import gaps

CONNECTED = {"Evaluate": "asks AWS"}
LOCAL = "ml.g5.xlarge"


def made(name: str, **values: str) -> str:
    examples = {"train": render.EXAMPLES, "tune": render.TUNING_EXAMPLES, "machine": render.MACHINE_EXAMPLES}[name]
    return render.render(render.read(name), {**examples, **values})


def on(instance_type: str, name: str) -> dict[str, Any]:
    """A definition as it is deployed where training is on a type."""
    token = "tuning_instance_type" if name == "tune" else "training_instance_type"
    return json.loads(for_type(made(name, **{token: instance_type}), instance_type))


def differs(before: dict[str, Any], after: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Paths of values that are gone, and of those that are others."""
    old, new = (
        {path: value for path, value in walk(document) if not isinstance(value, dict | list)}
        for document in (before, after)
    )
    return old.keys() - new.keys(), {path for path in old.keys() & new.keys() if old[path] != new[path]}


@pytest.mark.parametrize("name", ["train", "tune", "machine"])
def test_a_type_whose_volumes_take_a_key_changes_nothing(name: str) -> None:
    assert for_type(made(name), "ml.m5.2xlarge") == made(name)
    assert for_type(made(name), "ml.p3.2xlarge") == made(name)


@pytest.mark.parametrize("name", ["train", "tune"])
def test_the_gate_passes_without_the_key_and_does_not_with_it(name: str) -> None:
    token = "tuning_instance_type" if name == "tune" else "training_instance_type"
    definition = on(LOCAL, name)
    assert gaps(definition, connected=CONNECTED) == []
    assert validate.faults(definition) == []
    kept = json.loads(made(name, **{token: LOCAL}))
    for parameter in kept["Parameters"]:
        if parameter["Name"] == "TrainingInstanceType":
            parameter["EnumValues"] = [LOCAL]
    step = {"train": "Train", "tune": "Tune"}[name]
    assert gaps(kept, connected=CONNECTED)[0].startswith(f"{step}: VolumeKmsKeyId, which SageMaker refuses on {LOCAL}")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("train", ".Steps[2].Arguments.ResourceConfig.VolumeKmsKeyId"),
        ("tune", ".Steps[2].Arguments.TrainingJobDefinition.ResourceConfig.VolumeKmsKeyId"),
        ("machine", ".States.BaselineAndTrain.Branches[1].States.Train.Parameters.ResourceConfig.VolumeKmsKeyId"),
    ],
)
def test_the_key_of_training_is_gone_and_that_of_every_other_job_stays(name: str, path: str) -> None:
    token = "tuning_instance_type" if name == "tune" else "training_instance_type"
    gone, others = differs(json.loads(made(name, **{token: LOCAL})), on(LOCAL, name))
    types = {each for each in gone | others if "EnumValues[" in each or ".allowed.TrainingInstanceType[" in each}
    asked = {path.replace("VolumeKmsKeyId", "InstanceType.$")} if name == "machine" else set[str]()
    assert gone - types == {path} | asked
    assert others <= types
    assert bool(types) == (name != "tune")  # whose type is no parameter


def test_a_run_may_then_name_types_with_disks_of_their_own_alone_and_of_the_machine_that_one() -> None:
    (declared,) = [each for each in on(LOCAL, "train")["Parameters"] if each["Name"] == "TrainingInstanceType"]
    assert declared["DefaultValue"] == LOCAL
    assert declared["EnumValues"] == trained_on(local=True)
    taken = on(LOCAL, "machine")["States"]["Take"]["Parameters"]
    assert taken["defaults"]["TrainingInstanceType"] == LOCAL
    assert taken["allowed"]["TrainingInstanceType"] == [LOCAL]
    assert all(map(has_local_storage, trained_on(local=True)))
    assert {"ml.g4dn.xlarge", "ml.g6.xlarge", "ml.p5.4xlarge"} <= set(trained_on(local=True))


@pytest.mark.parametrize(("asked", "has"), [(30, 30), (75, 75), (500, 75)])
def test_no_more_is_asked_for_than_the_smallest_disks_of_them_hold(asked: int, has: int) -> None:
    """75 GB, those of ml.r5d.large: SageMaker refuses a larger volume than the disks are."""
    large = with_capacity(made("train"), volume_gb=asked, hours=4, spot=True)
    for step in steps_of(json.loads(for_type(large, LOCAL))["Steps"]):
        if step["Name"] == "Train":
            assert step["Arguments"]["ResourceConfig"]["VolumeSizeInGB"] == has
        if step["Name"] == "Prepare":
            assert step["Arguments"]["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == asked
    assert min(instance(each).local_storage_gb for each in trained_on(local=True)) == 75
