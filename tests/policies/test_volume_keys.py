"""The key of a volume: demanded where there is such a volume, refused where the instance has disks of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies.mutation import Change, drop, pipeline, put
from tests.policies.specimens import platform
from tests.policies.support import UNKNOWN, judge

VALID = {specimen.name: specimen for specimen in platform()}
VALID["endpoint-config"] = VALID["endpoint-config"].drop("shadowProductionVariants")
CLUSTER = "jobResources.clusterConfig"
INLINE = "monitoringScheduleConfig.monitoringJobDefinition.monitoringResources.clusterConfig"
VARIANT = "productionVariants.0.instanceType"
LOCAL = ("ml.g5.xlarge", "ml.g7e.2xlarge", "ml.p6-b200.48xlarge", "ml.i3en.large")


def said(policy: str, change: Change) -> list[str]:
    """What a policy violates once something is changed, without subject and remedy; never undecided."""
    verdict = judge(change.apply(VALID).values(), only=[policy])
    assert verdict.undecided == []
    return [each.message.partition(": ")[2].partition(". Leave ")[0] for each in verdict.violations]


def where(policy: str) -> tuple[str, str, str]:
    """Specimen, path of the type and path of the key that a policy reads."""
    return {
        "sagemaker-monitoring-kms": ("data-quality", f"{CLUSTER}.instanceType", f"{CLUSTER}.volumeKmsKeyId"),
        "sagemaker-training-kms": (
            "one-off-training",
            "resourceConfig.instanceType",
            "resourceConfig.volumeKmsKeyId",
        ),
        "sagemaker-endpoint-config-kms": ("endpoint-config", VARIANT, "kmsKeyArn"),
    }[policy]


POLICIES = ("sagemaker-monitoring-kms", "sagemaker-training-kms", "sagemaker-endpoint-config-kms")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("instance_type", LOCAL)
def test_a_type_with_disks_of_its_own_needs_no_key_and_may_have_none(policy: str, instance_type: str) -> None:
    name, type_, key = where(policy)
    local = put(name, type_, instance_type)
    assert said(policy, local.then(drop(name, key))) == []
    (refused,) = said(policy, local)
    assert refused.startswith(f"{key} is ")
    assert refused.endswith("; it must be left out")


@pytest.mark.parametrize("policy", POLICIES)
def test_every_other_type_needs_one(policy: str) -> None:
    name, type_, key = where(policy)
    assert said(policy, put(name, type_, "ml.m5.xlarge")) == []
    (missing,) = said(policy, put(name, type_, "ml.m5.xlarge").then(drop(name, key)))
    assert missing.startswith(f"{key} is not set; it must be a customer-managed KMS key")


def test_a_job_within_a_schedule_and_a_step_of_a_pipeline_are_judged_alike() -> None:
    inline = put("inline-schedule", f"{INLINE}.instanceType", "ml.g5.xlarge")
    assert len(said("sagemaker-monitoring-kms", inline)) == 1
    assert said("sagemaker-monitoring-kms", inline.then(drop("inline-schedule", f"{INLINE}.volumeKmsKeyId"))) == []

    def on_local_disks(definition: dict[str, Any]) -> None:
        request = definition["Steps"][1]["Arguments"]
        request["ResourceConfig"] = {**request["ResourceConfig"], "InstanceType": "ml.g5.xlarge"}

    (refused,) = said("sagemaker-pipeline-step-hardening", pipeline(on_local_disks))
    assert refused == "step Train (Training) names VolumeKmsKeyId on ml.g5.xlarge, which SageMaker refuses"

    def without_a_key(definition: dict[str, Any]) -> None:
        on_local_disks(definition)
        del definition["Steps"][1]["Arguments"]["ResourceConfig"]["VolumeKmsKeyId"]

    assert said("sagemaker-pipeline-step-hardening", pipeline(without_a_key)) == []


@pytest.mark.parametrize(
    ("declared", "refused"),
    [
        ({"EnumValues": ["ml.m5.xlarge", "ml.p3.2xlarge"]}, None),
        ({"EnumValues": ["ml.m5.xlarge", "ml.g5.xlarge"]}, "ml.g5.xlarge"),
        ({}, "any type, those with disks of their own too"),
    ],
)
def test_a_type_that_a_run_names_takes_the_key_whichever_it_is(declared: dict[str, Any], refused: str | None) -> None:
    def named_by_the_run(definition: dict[str, Any]) -> None:
        definition["Parameters"].append({"Name": "Type", "Type": "String", "DefaultValue": "ml.m5.xlarge", **declared})
        request = definition["Steps"][1]["Arguments"]
        request["ResourceConfig"] = {**request["ResourceConfig"], "InstanceType": {"Get": "Parameters.Type"}}

    found = said("sagemaker-pipeline-step-hardening", pipeline(named_by_the_run))
    wanted = (
        f"step Train (Training) names VolumeKmsKeyId on what Type names: {refused}; SageMaker refuses the key there"
    )
    assert [each.partition(". Give ")[0] for each in found] == ([wanted] if refused else [])


@pytest.mark.parametrize(
    ("declared", "lacks"),
    [
        ({"EnumValues": ["ml.g4dn.xlarge", "ml.g5.xlarge"]}, False),
        ({"EnumValues": ["ml.g4dn.xlarge", "ml.m5.xlarge"]}, True),
        ({}, True),
    ],
)
def test_types_with_disks_of_their_own_alone_that_a_run_names_need_no_key(
    declared: dict[str, Any], lacks: bool
) -> None:
    def on_local_disks(definition: dict[str, Any]) -> None:
        definition["Parameters"].append({"Name": "Type", "Type": "String", "DefaultValue": "ml.g5.xlarge", **declared})
        request = definition["Steps"][1]["Arguments"]
        request["ResourceConfig"] = {**request["ResourceConfig"], "InstanceType": {"Get": "Parameters.Type"}}
        del request["ResourceConfig"]["VolumeKmsKeyId"]

    found = said("sagemaker-pipeline-step-hardening", pipeline(on_local_disks))
    assert [each.partition(". ")[0] for each in found] == (
        ["step Train (Training) lacks VolumeKmsKeyId"] if lacks else []
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_while_the_type_is_not_known_the_key_is_undecided(policy: str) -> None:
    name, type_, key = where(policy)
    for change in (put(name, type_, UNKNOWN), put(name, type_, UNKNOWN).then(drop(name, key))):
        verdict = judge(change.apply(VALID).values(), only=[policy])
        assert verdict.violations == []
        assert len(verdict.undecided) == 1
