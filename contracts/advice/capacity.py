"""What one instance, or as many as a stack may name, takes at most, by how long a request takes."""

from __future__ import annotations

from typing import Final

from contracts.advice.frameworks import core_ms, frameworks
from contracts.advice.needs import Needs
from contracts.instances import Instance

#: Most instances, copies or tasks that a stack may name for one endpoint (`maximum`, `instance_count` of the settings).
MOST_INSTANCES: Final = 100


def request_ms(needs: Needs, accelerator: str) -> float | None:
    """Time of a request on one core or, where a type has them, on one of its accelerators; None where those are of no
    use to the framework.
    """
    if not accelerator:
        return core_ms(needs)
    scoring = frameworks()[needs.framework]
    if accelerator.startswith("Inferentia"):
        return scoring.gpu_ms if scoring.inferentia else None
    return None if accelerator.startswith(("Trainium", "Gaudi")) else scoring.gpu_ms


def full_rps(needs: Needs, instance: Instance) -> float | None:
    """Requests a second that keep all its cores or accelerators busy; None where those are of no use."""
    takes = request_ms(needs, instance.accelerator)
    return None if takes is None else (instance.accelerators or instance.vcpus) * 1000 / takes
