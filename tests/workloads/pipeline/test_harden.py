from __future__ import annotations

import copy
from typing import Any

import pytest

from workloads.pipeline.harden import gaps, harden

CONNECTED = {"Evaluate": "asks AWS"}


def test_the_committed_definition_carries_everything(compiled: dict[str, Any]) -> None:
    assert gaps(compiled, connected=CONNECTED) == []


def test_a_bare_job_lacks_everything_and_each_lack_is_named() -> None:
    bare: dict[str, Any] = {
        "Steps": [
            {
                "Name": "Clean",
                "Type": "Processing",
                "Arguments": {"ProcessingResources": {"ClusterConfig": {}}, "ProcessingOutputConfig": {"Outputs": []}},
            }
        ]
    }
    before = copy.deepcopy(bare)
    assert gaps(bare, connected={}) == [
        "Clean: no VpcConfig",
        "Clean: no VolumeKmsKeyId",
        "Clean: no KmsKeyId of the output",
        "Clean: no EnableInterContainerTrafficEncryption",
        "Clean: no EnableNetworkIsolation",
        "Clean: no MaxRuntimeInSeconds",
        "Clean: no RetryPolicies",
    ]
    assert bare == before  # looking changes nothing
    harden(bare, kms_key="key", connected={})
    assert gaps(bare, connected={}) == [
        "Clean: no VpcConfig",
        "Clean: no MaxRuntimeInSeconds",
        "Clean: no RetryPolicies",
    ]


def test_what_the_sdk_drops_from_a_tuning_step_is_put_back() -> None:
    """SDK 3.27 drops these three from the trainer it was given; the rest of the step is as it compiles it."""
    job: dict[str, Any] = {
        "ResourceConfig": {"InstanceCount": 1},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    }
    step = {"Name": "Tune", "Type": "Tuning", "RetryPolicies": [{}], "Arguments": {"TrainingJobDefinition": job}}
    definition: dict[str, Any] = {"Steps": [step]}
    assert gaps(definition, connected={}) == [
        "Tune: no VolumeKmsKeyId",
        "Tune: no EnableInterContainerTrafficEncryption",
        "Tune: no EnableNetworkIsolation",
    ]
    assert gaps(harden(definition, kms_key="key", connected={}), connected={}) == []


def test_isolation_is_taken_from_connected_steps_only(compiled: dict[str, Any]) -> None:
    compiled["Steps"][1]["Arguments"]["NetworkConfig"]["EnableNetworkIsolation"] = False
    assert gaps(compiled, connected=CONNECTED) == ["Baseline: no EnableNetworkIsolation"]


KEY = "VolumeKmsKeyId, which SageMaker refuses on"
WAY_OUT = "; allow the step the types of contracts.instances.with_volumes, or leave the key out"


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (["ml.m5.xlarge", "ml.p3.2xlarge"], None),
        (["ml.m5.xlarge", "ml.g5.xlarge", "ml.m5d.large"], "ml.g5.xlarge, ml.m5d.large"),
        (None, "types with disks of their own, and a run may name any"),
    ],
)
def test_a_volume_key_is_named_only_on_types_that_take_one(
    allowed: list[str] | None, refused: str | None, compiled: dict[str, Any]
) -> None:
    parameter = next(p for p in compiled["Parameters"] if p["Name"] == "TrainingInstanceType")
    parameter["EnumValues"] = allowed
    assert gaps(compiled, connected=CONNECTED) == ([f"Train: {KEY} {refused}{WAY_OUT}"] if refused else [])


def test_a_step_on_local_disks_alone_gets_no_key_and_lacks_none(compiled: dict[str, Any]) -> None:
    cluster = compiled["Steps"][2]["Arguments"]["ResourceConfig"]
    cluster["InstanceType"] = "ml.g5.xlarge"
    assert gaps(compiled, connected=CONNECTED) == [f"Train: {KEY} ml.g5.xlarge{WAY_OUT}"]
    del cluster["VolumeKmsKeyId"]
    assert gaps(harden(compiled, kms_key="key", connected=CONNECTED), connected=CONNECTED) == []
    assert "VolumeKmsKeyId" not in cluster


def test_a_connected_step_that_does_not_exist_is_reported(compiled: dict[str, Any]) -> None:
    assert gaps(compiled, connected={**CONNECTED, "Evaluat": "typing"}) == [
        "Evaluat: named as connected, but there is no such step"
    ]


def test_a_job_in_a_branch_is_judged_too(compiled: dict[str, Any]) -> None:
    baseline = copy.deepcopy(compiled["Steps"][1])
    baseline["Name"] = "Again"
    del baseline["Arguments"]["NetworkConfig"]["VpcConfig"]
    compiled["Steps"][4]["Arguments"]["IfSteps"].append(baseline)
    assert gaps(compiled, connected=CONNECTED) == ["Again: no VpcConfig"]


def test_a_type_of_job_that_the_gate_does_not_know_does_not_pass(compiled: dict[str, Any]) -> None:
    compiled["Steps"][0]["Type"] = "EMR"
    assert gaps(compiled, connected=CONNECTED) == [
        "Prepare: steps of type EMR are not known to the security gate; teach it"
    ]
