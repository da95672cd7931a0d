"""Models: the images that make and serve them, the pipeline that trains them, the registry that keeps them."""

from __future__ import annotations

from typing import Final

import pulumi

from components.data import spark
from components.models import images, permissions, registry, signs, training
from components.models.registry import Registry, RegistryArgs
from components.models.training import Training, TrainingArgs
from components.workload import Root, Workload, tagged
from contracts import feature_store
from contracts.names import WorkloadNames

#: What the code of this wing calls (`components.reach`).
calls = permissions.calls
#: What is made in this wing (`components.service`).
SERVICES: Final = (
    *images.SERVICES,
    *registry.SERVICES,
    *signs.SERVICES,
    *training.SERVICES,
)


def build(workload: Workload, *, asks_images: bool) -> tuple[Registry, Training]:
    """The workload's registry and its training pipeline, which asks images of others where the stack has any."""
    contract = workload.contract
    group = feature_store.group_name(workload.names.prefix, contract)
    registry = Registry(
        workload.named("registry"),
        RegistryArgs(
            names=workload.names,
            description=f"Models of {contract.name}: {contract.description}",
            protect=workload.ground.protect,
            readers=workload.ground.model_readers,
        ),
        workload.opts(),
    )
    training = Training(
        workload.named("training"),
        TrainingArgs(
            ground=workload.ground,
            names=workload.names,
            champion=workload.names.of_endpoint(workload.settings.champion_endpoint),
            contract=workload.contract,
            images=workload.images,
            referrers=workload.referrers,
            package_group=registry.group,
            owner=workload.owner,
            feature_group=group if workload.settings.joined else None,
            data_set_code=spark.code_of(workload.settings.ingestion),
            tuning=workload.settings.tuning,
            by_machine=workload.settings.by_machine,
            instances=workload.settings.training,
            asks_images=asks_images,
        ),
        workload.opts(),
    )
    return registry, training


def keep_registry(names: WorkloadNames, *, protect: bool, root: Root) -> None:
    """The registry of a workload that the stack config no longer has."""
    Registry(
        f"{names.workload}-registry",
        RegistryArgs(names=names, description=f"Models of {names.workload}", protect=protect),
        pulumi.ResourceOptions(parent=root, transformations=[tagged({"Workload": names.workload})]),
    )
