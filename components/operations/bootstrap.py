"""A stack comes up in steps, first without images, then without a release: what it waits for, and how it gets it."""

from __future__ import annotations

from collections.abc import Mapping

from components.ground import judged
from components.models.parameters import AUTOMATION
from contracts.architectures import ARM64
from contracts.images import IMAGES, INFERENCE, INFERENCE_ARM64, TRAINING
from contracts.names import Names
from contracts.release import Record
from settings import Workload


def waiting_for(
    names: Names,
    workloads: Mapping[str, Workload],
    *,
    images: Mapping[str, str],
    releases: Mapping[str, Mapping[str, Record]],
) -> list[str]:
    """What is left out of the stack for now: the reason, and the command that brings it. Empty for a complete stack."""
    up = judged.up_command(names.stack)
    waits = [
        f"the {image} image: {_built(names, image)}, then "
        f"`{AUTOMATION} publish {image} --stack {names.stack} --yes` and `{up}` ({brings})"
        for image, brings in _needed(workloads).items()
        if image not in images
    ]
    for workload, settings in workloads.items():
        for endpoint in settings.endpoints:
            if endpoint not in releases[workload]:
                on = f"--stack {names.stack} --workload {workload}"
                waits.append(
                    f"a release of {names.of_workload(workload).of_endpoint(endpoint).prefix}: train a model, then "
                    f'`{AUTOMATION} approve {on} --why "first release" --yes` and '
                    f'`{AUTOMATION} promote {on} --endpoint {endpoint} --why "first release" --yes` and `{up}` '
                    "(brings the endpoint, its alarms and its monitors)"
                )
    return waits


def _built(names: Names, image: str) -> str:
    found = IMAGES[image]
    tag = f" with a tag {found.tag_prefix}..." if found.tag_prefix else ""
    return f"build {found.dockerfile} for {found.platform} and push it to {names.resource(found.repository)}{tag}"


def _needed(workloads: Mapping[str, Workload]) -> dict[str, str]:
    """The images without which something of the stack is left out, and what each of them brings."""
    brings: dict[str, str] = dict.fromkeys((TRAINING, INFERENCE), "brings the training pipelines")
    if any(each.processor == ARM64 for found in workloads.values() for each in found.endpoints.values()):
        brings[INFERENCE_ARM64] = "brings it into packages that are registered from then on"
    return brings
