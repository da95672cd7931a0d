"""What one instance, or as many as a stack may name, takes at most, by how long a request takes."""

from __future__ import annotations

from typing import Final

from contracts.advice.frameworks import core_ms, frameworks
from contracts.advice.needs import Needs

#: Most instances, copies or tasks that a stack may name for one endpoint (`maximum`, `instance_count` of the settings).
MOST_INSTANCES: Final = 100
#: More models than this no release record holds, however short their names are (`contracts.release.MAX_BYTES`).
MOST_MODELS: Final = 400
#: How far the time of a request may be wrong before a load is refused for it: it is assumed, by framework, or measured
#: on one core of another type, and accelerators take several requests at once.
ROUGHLY: Final = 10


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
