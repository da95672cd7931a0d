"""One valid resource of every kind that a policy judges, wired together as a platform; every policy passes on them."""

from __future__ import annotations

from tests.policies.specimens import access, compute, data, network, services, serving
from tests.policies.support import Specimen


def platform() -> list[Specimen]:
    """Every specimen."""
    return [
        *data.specimens(),
        *network.specimens(),
        *access.specimens(),
        *serving.specimens(),
        *services.specimens(),
        *compute.specimens(),
    ]
