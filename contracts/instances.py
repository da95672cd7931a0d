"""Instance types of SageMaker: cores, memory, processor, accelerators, local storage and price class. One table.

`instances.csv` has a row for every type that SageMaker's API names, read on 2026-11-28: what EC2 says of the type of
the same name (Amazon EC2 user guide, "Instance type specifications"; of p2, p3 and dl1, which it lists no more, AWS's
announcements), and for what SageMaker takes it (API reference, ProductionVariant, ProcessingClusterConfig,
ResourceConfig and TransformResources). Where `seen` is `no`, the figures are from memory. Nothing else reads a type's
name.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

from contracts.architectures import Architecture

Use = Literal["endpoint", "processing", "training", "transform"]


class InstanceError(ValueError):
    """A type that SageMaker does not have."""


#: Accelerators that are no GPUs, by how their names begin: AWS's and Intel's.
_NO_GPUS: Final = ("Inferentia", "Trainium", "Gaudi")
#: Compute capability 3.7, for which CUDA 12 builds nothing (NVIDIA's release notes of CUDA 12.0).
_TOO_OLD: Final = "K80"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance type.

    Memory in GiB, local disks in GB; architecture x86_64 or arm64; `accelerators` are GPUs, or chips of AWS or Intel.
    The price class says what AWS prices a type by, the resource that it has more of than others: burstable, general,
    compute, memory, storage or accelerated.
    """

    type: str
    vcpus: int
    memory_gib: float
    architecture: Architecture
    accelerators: int
    accelerator: str
    local_storage_gb: int
    price_class: str
    seen: bool
    used_for: frozenset[str]


@cache
def table() -> Mapping[str, Instance]:
    """Every instance type by name."""
    with Path(__file__).with_name("instances.csv").open(encoding="utf-8", newline="") as rows:
        return {row["type"]: _instance(row) for row in csv.DictReader(rows)}


def instance(instance_type: str) -> Instance:
    """The facts of a type. Raises InstanceError with the types that are spelled like it."""
    if found := table().get(instance_type):
        return found
    raise InstanceError(f"instance type: found {instance_type!r}; allowed: {' or '.join(alike(instance_type))}")


def gpus(instance_type: str) -> int:
    """GPUs of a type: accelerators that CUDA knows."""
    row = instance(instance_type)
    return 0 if row.accelerator.startswith(_NO_GPUS) else row.accelerators


def vcpus(instance_type: str) -> int:
    """Cores of a type, as the operating system counts them."""
    return instance(instance_type).vcpus


def memory_gib(instance_type: str) -> float:
    """Memory of a type in GiB."""
    return instance(instance_type).memory_gib


def has_local_storage(instance_type: str) -> bool:
    """Whether the volumes of a type are disks of its own, which encrypt themselves.

    SageMaker refuses a volume's KMS key there (API reference, CreateEndpointConfig, KmsKeyId; ProcessingClusterConfig,
    VolumeKmsKeyId).
    """
    return instance(instance_type).local_storage_gb > 0


def with_volumes(use: Use) -> list[str]:
    """The types for a use whose volumes take a KMS key: what a job may run on whose request names one, by name."""
    return sorted(row.type for row in table().values() if use in row.used_for and not has_local_storage(row.type))


def trained_on(*, local: bool = False) -> list[str]:
    """The types that a training job may run on, by name: they have nothing beside their cores but at most one GPU that
    XGBoost has code for. Those whose volumes take a key, or with `local` those with disks of their own: a job is
    written for the ones or for the others.
    """

    def fits(row: Instance) -> bool:
        return row.accelerators == 0 or (gpus(row.type) == 1 and row.accelerator != _TOO_OLD)

    rows = (row for row in table().values() if "training" in row.used_for and fits(row))
    return sorted(row.type for row in rows if has_local_storage(row.type) == local)


def alike(instance_type: str, use: Use | None = None) -> list[str]:
    """Up to three types that may be used so: of about the size of one that may not, or spelled like one that is not."""
    known = [row for row in table().values() if use is None or use in row.used_for]
    if (asked := table().get(instance_type)) is None:
        return difflib.get_close_matches(instance_type, [row.type for row in known], n=3, cutoff=0)

    def unlike(row: Instance) -> tuple[bool, bool, int, float, str]:
        size = (abs(row.vcpus - asked.vcpus), abs(row.memory_gib - asked.memory_gib))
        return (row.accelerators != asked.accelerators, row.architecture != asked.architecture, *size, row.type)

    return [row.type for row in sorted(known, key=unlike)[:3]]


def _instance(row: dict[str, str]) -> Instance:
    return Instance(
        type=row["type"],
        vcpus=int(row["vcpus"]),
        memory_gib=float(row["memory_gib"]),
        architecture=cast("Architecture", row["architecture"]),  # a test reads the table
        accelerators=int(row["accelerators"]),
        accelerator=row["accelerator"],
        local_storage_gb=int(row["local_storage_gb"]),
        price_class=row["price_class"],
        seen=row["seen"] == "yes",
        used_for=frozenset(row["used_for"].split()),
    )
