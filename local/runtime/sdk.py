"""What the generated Python SDKs declare about a resource type: its tags, the outputs it always has."""

from __future__ import annotations

import functools
import typing
from typing import Any

from local.adapter import provider


def takes_tags(type_token: str) -> bool:
    """Whether the AWS provider merges its default tags into this type: it then has `tagsAll` as an output."""
    found = provider.declared(type_token) if type_token.startswith("aws:") else None
    return found is not None and hasattr(found, "tags_all")


@functools.cache
def declared_outputs(type_token: str) -> dict[str, Any]:
    """The outputs that a type always has, camelCase name -> declared Python type; optional ones are left out."""
    outputs: dict[str, Any] = {}
    for attribute in vars(provider.declared(type_token) or object).values():
        getter = attribute.fget if isinstance(attribute, property) else None
        name = getattr(getter, "_pulumi_name", None)
        if getter is None or name is None:
            continue
        (declared,) = typing.get_args(getter.__annotations__["return"]) or (Any,)
        if type(None) not in typing.get_args(declared):
            outputs[name] = declared
    return outputs
