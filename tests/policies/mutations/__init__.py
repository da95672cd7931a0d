"""One break of the specimens for every policy at least, with the exact words that must be said of it."""

from __future__ import annotations

from tests.policies.mutations import (
    audit,
    cost,
    encryption,
    governance,
    iam,
    network,
    protection,
    public_access,
    reliability,
    tagging,
)

MUTATIONS = [
    *audit.MUTATIONS,
    *cost.MUTATIONS,
    *encryption.MUTATIONS,
    *governance.MUTATIONS,
    *iam.MUTATIONS,
    *network.MUTATIONS,
    *protection.MUTATIONS,
    *public_access.MUTATIONS,
    *reliability.MUTATIONS,
    *tagging.MUTATIONS,
]
