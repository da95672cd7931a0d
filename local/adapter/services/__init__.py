"""The tables: one module for each AWS service, each a list of resource types."""

from __future__ import annotations

from collections.abc import Mapping

from local.adapter.errors import UnknownType
from local.adapter.services import ec2, security_groups
from local.adapter.table import ResourceType

_MODULES = (ec2, security_groups)


def _index() -> dict[str, ResourceType]:
    found: dict[str, ResourceType] = {}
    for module in _MODULES:
        for kind in module.TYPES:
            if kind.token in found:
                raise ValueError(f"{kind.token} is in two tables; the second is in {module.__name__}")
            found[kind.token] = kind
    return found


#: Type token -> table of the type.
RESOURCE_TYPES: Mapping[str, ResourceType] = _index()


def resource_type(token: str) -> ResourceType:
    """The table of a type. Raises UnknownType."""
    try:
        return RESOURCE_TYPES[token]
    except KeyError:
        raise UnknownType(
            f"{token}: the adapter has no table for this type; add it to the module of its service in local/adapter/services"
        ) from None
