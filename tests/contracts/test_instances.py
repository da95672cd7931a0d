"""The table of instance types, against SageMaker's own list of them and what EC2 says of the types of the same name."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPES

from contracts import instances
from contracts.instances import InstanceError

API: Any = botocore.session.get_session().get_service_model("sagemaker")
EC2: dict[str, dict[str, Any]] = INSTANCE_TYPES
#: Types that the copy of EC2's list does not have: vCPUs, memory, accelerators, local storage. Those of p2, p3 and dl1
#: are as AWS announced them (AWS news blog, 2016-09-29 and 2017-10-25; AWS compute blog, "Amazon EC2 DL1 instances").
BY_HAND = {
    "ml.dl1.24xlarge": (96, 768, 8, 4000),
    "ml.geospatial.interactive": (16, 64, 0, 0),
    "ml.p2.xlarge": (4, 61, 1, 0),
    "ml.p2.8xlarge": (32, 488, 8, 0),
    "ml.p2.16xlarge": (64, 732, 16, 0),
    "ml.p3.2xlarge": (8, 61, 1, 0),
    "ml.p3.8xlarge": (32, 244, 4, 0),
    "ml.p3.16xlarge": (64, 488, 8, 0),
    "ml.p6e-gb200.36xlarge": (144, 960, 4, 22500),
}


def named(shape: str) -> set[str]:
    """The instance types of an enumeration of the API."""
    return {value for value in getattr(API.shape_for(shape), "enum", ()) if value.startswith("ml.")}


def test_a_job_trains_on_cores_or_on_one_gpu_that_xgboost_has_code_for() -> None:
    found, takes = set(instances.trained_on()), set(instances.with_volumes("training"))
    assert takes - found == {"ml.p2.xlarge", "ml.p2.8xlarge", "ml.p2.16xlarge", "ml.p3.8xlarge", "ml.p3.16xlarge"}
    assert found < takes
    assert {name: instances.gpus(name) for name in found if instances.gpus(name)} == {"ml.p3.2xlarge": 1}
    local = instances.trained_on(local=True)
    assert not found & set(local)
    assert {name for name in local if not instances.gpus(name)} == {
        f"ml.r5d.{size}"
        for size in ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
    }
    assert {name.split(".")[1] for name in local if instances.gpus(name) == 1} == {
        *("g4dn", "g5", "g6", "g6e", "g7", "g7e", "p5")
    }
    assert not {"ml.g5.12xlarge", "ml.p4d.24xlarge", "ml.trn1.2xlarge", "ml.p6e-gb200.36xlarge"} & set(local)


@pytest.mark.parametrize(
    ("name", "gpus"),
    [("ml.m5.large", 0), ("ml.g5.12xlarge", 4), ("ml.inf2.xlarge", 0), ("ml.trn1.2xlarge", 0), ("ml.dl1.24xlarge", 0)],
)
def test_gpus_are_what_cuda_knows(name: str, gpus: int) -> None:
    assert instances.gpus(name) == gpus


def test_every_instance_type_of_the_api_has_a_row_and_no_other() -> None:
    shapes = [shape for shape in API.shape_names if "Accelerator" not in shape]  # ml.eia1 is a part, no instance
    assert set(instances.table()) == set().union(*(named(shape) for shape in shapes))


@pytest.mark.parametrize(
    ("use", "shape"),
    [
        ("endpoint", "ProductionVariantInstanceType"),
        ("processing", "ProcessingInstanceType"),
        ("training", "TrainingInstanceType"),
        ("transform", "TransformInstanceType"),
    ],
)
def test_a_type_is_used_for_what_the_api_takes_it_for(use: str, shape: str) -> None:
    assert {row.type for row in instances.table().values() if use in row.used_for} == named(shape)


def test_a_row_says_what_ec2_says_of_the_type() -> None:
    compared = {name: row for name, row in instances.table().items() if name.removeprefix("ml.") in EC2}
    assert set(instances.table()) - set(compared) == set(BY_HAND)
    for name, row in compared.items():
        facts = EC2[name.removeprefix("ml.")]
        assert row.vcpus == facts["VCpuInfo"]["DefaultVCpus"], name
        assert row.memory_gib == facts["MemoryInfo"]["SizeInMiB"] / 1024, name
        assert row.architecture in facts["ProcessorInfo"]["SupportedArchitectures"], name
        assert row.local_storage_gb == facts.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0), name
        assert (row.accelerators > 0) is bool({"GpuInfo", "NeuronInfo", "InferenceAcceleratorInfo"} & set(facts)), name


def test_figures_from_memory_are_marked() -> None:
    unseen = {row.type for row in instances.table().values() if not row.seen}
    assert unseen == {"ml.geospatial.interactive", "ml.p6e-gb200.36xlarge"}


@pytest.mark.parametrize(("name", "facts"), BY_HAND.items())
def test_types_that_ec2_no_longer_describes(name: str, facts: tuple[int, ...]) -> None:
    row = instances.instance(name)
    assert (row.vcpus, row.memory_gib, row.accelerators, row.local_storage_gb) == facts


@pytest.mark.parametrize(
    ("instance_type", "cores"),
    [
        ("ml.t2.medium", 2),
        ("ml.m8g.medium", 1),
        ("ml.m5.large", 2),
        ("ml.m5.xlarge", 4),
        ("ml.c6i.2xlarge", 8),
        ("ml.c4.8xlarge", 36),
        ("ml.m4.10xlarge", 40),
        ("ml.m5.24xlarge", 96),
    ],
)
def test_cores_of_an_instance_type(instance_type: str, cores: int) -> None:
    assert instances.vcpus(instance_type) == cores


@pytest.mark.parametrize(
    ("instance_type", "local"),
    [
        *((f"ml.{size}", False) for size in ("m5.large", "c6i.xlarge", "r5.2xlarge", "inf2.xlarge", "t2.medium")),
        *((f"ml.{size}", True) for size in ("m5d.large", "c6gd.xlarge", "g4dn.xlarge", "g5.2xlarge", "p4d.24xlarge")),
        *((f"ml.{size}", True) for size in ("p3dn.24xlarge", "g7.2xlarge", "p6-b200.48xlarge", "i3en.large")),
        ("ml.p3.2xlarge", False),
    ],
)
def test_instance_types_with_disks_of_their_own(instance_type: str, local: bool) -> None:
    assert instances.has_local_storage(instance_type) is local


def test_the_other_facts_of_a_type() -> None:
    found = instances.instance("ml.g5.12xlarge")
    assert (found.memory_gib, found.architecture) == (192, "x86_64")
    assert (found.accelerators, found.accelerator, found.price_class) == (4, "A10G", "accelerated")
    assert instances.memory_gib("ml.c4.large") == 3.75
    assert {row.price_class for row in instances.table().values()} == {
        *("burstable", "general", "compute", "memory", "storage", "accelerated")
    }


def test_a_type_that_is_not_there_is_named_with_those_spelled_like_it() -> None:
    with pytest.raises(InstanceError) as caught:
        instances.vcpus("ml.m5.huge")
    assert (
        str(caught.value) == "instance type: found 'ml.m5.huge'; allowed: ml.m5.large or ml.m5d.large or ml.m5.xlarge"
    )


def test_a_type_that_may_not_be_used_so_is_answered_with_others_of_about_its_size() -> None:
    assert instances.alike("ml.t2.medium", "transform") == ["ml.c6i.large", "ml.c7i.large", "ml.m5.large"]
    assert instances.alike("ml.c7g.large", "processing") == ["ml.c7i.large", "ml.t3.medium", "ml.m5.large"]
    assert {instances.instance(each).accelerators for each in instances.alike("ml.inf2.xlarge", "transform")} == {1}
