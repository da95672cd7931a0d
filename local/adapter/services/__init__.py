"""The tables: each module of this folder holds the types of one AWS service, its botocore name in `SERVICE`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from local.adapter.conventions import completed
from local.adapter.errors import UnknownType
from local.adapter.table import ResourceType


def _tables() -> dict[str, ResourceType]:
    found: dict[str, ResourceType] = {}
    for name in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        module: Any = importlib.import_module(f"{__name__}.{name}")
        kinds: tuple[ResourceType, ...] = module.TYPES
        for kind in kinds:
            if kind.type in found:
                raise ValueError(f"{kind.type} is in two tables; the second is in {module.__name__}")
            found[kind.type] = replace(kind, service=kind.service or module.SERVICE)
    return found


#: Type token -> what its table says.
TABLES: Mapping[str, ResourceType] = _tables()


@cache
def resource_type(token: str) -> ResourceType:
    """A type with all that its table leaves to the API's model. Raises UnknownType."""
    try:
        kind = TABLES[token]
    except KeyError:
        raise UnknownType(
            f"{token}: the adapter has no table for this type; add one to its service in local/adapter/services"
        ) from None
    return completed(kind)
