"""Which types of resources cost, and how: free, or priced by a rule. A type in neither table is an error.

A type is free where AWS lists no price for it, or where what costs of it belongs to another resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from automation.cost.charge import Rule
from automation.cost.rules import components, delivery, ecs, functions, network, operations, sagemaker, storage

RULES: Final[Mapping[str, Rule]] = {
    **network.RULES,
    **storage.RULES,
    **sagemaker.RULES,
    **components.RULES,
    **operations.RULES,
    **delivery.RULES,
    **ecs.RULES,
    **functions.RULES,
}

FREE: Final = network.FREE | storage.FREE | sagemaker.FREE | operations.FREE | ecs.FREE | functions.FREE
