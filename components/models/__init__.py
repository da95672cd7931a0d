"""Models: the images that make and serve them, the pipeline that trains them, the registry that keeps them."""

from __future__ import annotations

from typing import Final

from components.models import training
from components.models.training import Training, TrainingArgs
from components.workload import Workload

#: What the code of this wing calls (`components.reach`).
CALLS: Final = (training.CALLS,)


def build(workload: Workload) -> Training:
    """The workload's training pipeline and registry."""
    return Training(
        workload.named("training"),
        TrainingArgs(
            ground=workload.ground,
            names=workload.names,
            champion=workload.names.of_endpoint(workload.settings.champion_endpoint),
            contract=workload.contract,
            images=workload.images,
            owner=workload.owner,
        ),
        workload.opts(),
    )
