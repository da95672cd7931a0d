"""The provider's functions."""

from __future__ import annotations
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from local.adapter.errors import UnknownType
from local.adapter.models import Api


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    api: Api
    account: str
    region: str


def invoke(token: str, args: Mapping[str, Any], context: Context) -> dict[str, Any]:
    raise UnknownType(token)
