"""What the generated Python SDKs declare about a resource type: its class, its tags, the outputs it always has."""

from __future__ import annotations

import functools
import importlib
import threading
import typing
from typing import Any

from pulumi.runtime import rpc

#: The SDK's modules import each other in circles; two threads that load one of them at once may see it half loaded.
_LOADING = threading.RLock()


def resource_class(type_token: str) -> type | None:
    """The Python class of a type token such as `aws:s3/bucket:Bucket`; None for one that no installed SDK declares."""
    with _LOADING:
        return _loaded(type_token)


@functools.cache
def _loaded(type_token: str) -> type | None:
    package, module, _ = type_token.split(":")
    importlib.import_module(f"pulumi_{package}")
    registered: Any = rpc.get_resource_module(package, module, "")
    if registered is None or type_token not in registered.mod_info["classes"]:
        return None
    return getattr(importlib.import_module(registered.mod_info["fqn"]), registered.mod_info["classes"][type_token])


def takes_tags(type_token: str) -> bool:
    """Whether the AWS provider merges its default tags into this type: it then has `tagsAll` as an output."""
    found = resource_class(type_token) if type_token.startswith("aws:") else None
    return found is not None and hasattr(found, "tags_all")


@functools.cache
def declared_outputs(type_token: str) -> dict[str, Any]:
    """The outputs that a type always has, camelCase name -> declared Python type; optional ones are left out."""
    outputs: dict[str, Any] = {}
    for attribute in vars(resource_class(type_token) or object).values():
        getter = attribute.fget if isinstance(attribute, property) else None
        name = getattr(getter, "_pulumi_name", None)
        if getter is None or name is None:
            continue
        (declared,) = typing.get_args(getter.__annotations__["return"]) or (Any,)
        if type(None) not in typing.get_args(declared):
            outputs[name] = declared
    return outputs
