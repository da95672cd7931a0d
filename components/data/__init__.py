"""Data: what a workload keeps of the rows it was given, beside the lake itself."""

from __future__ import annotations

from components.data.features import Features, FeaturesArgs
from components.workload import Workload


def build(workload: Workload) -> Features:
    """The workload's feature group."""
    return Features(
        workload.named("features"),
        FeaturesArgs(
            ground=workload.ground,
            names=workload.names,
            settings=workload.settings.features,
            contract=workload.contract,
        ),
        workload.opts(),
    )
