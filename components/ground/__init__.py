"""What every part of the platform stands on, handed around as one value."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.ground.keys import Keys
from components.ground.network import Network
from components.naming import Names


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Names, keys and network of the stack, and the rules that hold for all of it.

    `protect` refuses deletion of what holds data. `permissions_boundary` is the ARN of the policy that bounds every
    role.
    """

    names: Names
    keys: Keys
    network: Network
    protect: bool
    log_retention_days: int
    permissions_boundary: pulumi.Input[str]
