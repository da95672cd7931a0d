"""What the provider itself knows of a resource type: its inputs, their types, its outputs.

Read from the SDK's own classes (`pulumi_aws`), which are generated from the provider's schema. A name that the schema
does not have is an error: the provider would drop it silently, and the resource would lack what it meant.
"""

from __future__ import annotations

import collections.abc
import difflib
import importlib
import sys
import threading
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from types import NoneType
from typing import Any, cast

import pulumi
from pulumi import _types as sdk_types
from pulumi.runtime import rpc

from local.adapter.values import UNKNOWN
from shapes.check import Fault

#: The runtime gives every taggable resource its tags merged with the default tags under this name.
_RUNTIME_INPUTS = frozenset({"tagsAll"})


#: The SDK's modules import each other in circles; two threads that load one of them at once may see it half loaded.
_LOADING = threading.RLock()


@cache
def declared(token: str) -> type[pulumi.Resource] | None:
    """The class of a type token such as `aws:s3/bucket:Bucket`; None for one that no installed SDK declares."""
    package, module, _ = token.split(":")
    with _LOADING:
        importlib.import_module(f"pulumi_{package}")
        registered: Any = rpc.get_resource_module(package, module, "")
        if registered is None or token not in registered.mod_info["classes"]:
            return None
        return getattr(importlib.import_module(registered.mod_info["fqn"]), registered.mod_info["classes"][token])


def resource_class(token: str) -> type[pulumi.Resource]:
    """The SDK class of a type token. Raises KeyError for a token that the SDK does not have."""
    found = declared(token)
    if found is None:
        raise KeyError(token)
    return found


@cache
def inputs_of(token: str) -> Mapping[str, Any]:
    """Input name -> type. The types are the SDK's annotations, unwrapped from Input and Optional."""
    return _properties(_arguments(resource_class(token)))


@cache
def required_of(token: str) -> tuple[str, ...]:
    """The names of the inputs that the provider asks for."""
    return _required(_arguments(resource_class(token)))


@cache
def outputs_of(token: str) -> frozenset[str]:
    """The names of all output properties; inputs are among them."""
    return frozenset(sdk_types.resource_types(resource_class(token)))


def faults(token: str, inputs: Mapping[str, Any]) -> list[Fault]:
    """Inputs that the provider's schema does not have, or not in that type, at any depth."""
    known = {key: value for key, value in inputs.items() if key not in _RUNTIME_INPUTS}
    return list(_object(_arguments(resource_class(token)), known, ""))


def unwrapped(annotation: Any) -> Any:
    """The plain type of an annotation: `Input[Optional[str]]` -> `str`. Unions of plain types keep their first."""
    if typing.get_origin(annotation) is not typing.Union:
        return annotation
    for candidate in typing.get_args(annotation):
        origin = typing.get_origin(candidate) or candidate
        if candidate is not NoneType and origin not in (collections.abc.Awaitable, pulumi.Output):
            return unwrapped(candidate)
    return annotation


@cache
def _arguments(resource: type[pulumi.Resource]) -> type:
    """The class of a resource's arguments; it is named ...InitArgs where ...Args is an input type of the same name."""
    module = sys.modules[resource.__module__]
    return getattr(module, f"{resource.__name__}InitArgs", None) or getattr(module, f"{resource.__name__}Args")


@cache
def _properties(cls: type) -> Mapping[str, Any]:
    return {name: unwrapped(annotation) for name, annotation in sdk_types.input_type_types(cls).items()}


@cache
def _required(cls: type) -> tuple[str, ...]:
    """The properties without a default in the constructor, by their engine names."""
    constructor = cast("Any", cls).__init__
    optional = set(constructor.__kwdefaults__ or ())
    names = sdk_types.input_type_py_to_pulumi_names(cls)
    parameters = constructor.__code__.co_varnames[1 : 1 + constructor.__code__.co_kwonlyargcount]
    return tuple(names.get(name) or name for name in parameters if name not in optional)


def _object(cls: type, value: Any, path: str) -> Iterator[Fault]:
    properties = _properties(cls)
    if not isinstance(value, Mapping):
        yield Fault(path=path, found=value, allowed=f"must be an object with {', '.join(properties)}")
        return
    inputs = cast("Mapping[str, Any]", value)
    for name in _required(cls):
        if inputs.get(name) is None:
            yield Fault(path=_at(path, name), found=None, allowed="is required by the provider")
    for name, item in inputs.items():
        if name not in properties:
            yield Fault(path=_at(path, name), found=item, allowed=_unknown(name, list(properties)))
        elif item is not None:
            yield from _value(properties[name], item, _at(path, name))


def _value(expected: Any, value: Any, path: str) -> Iterator[Fault]:
    expected = unwrapped(expected)
    origin = typing.get_origin(expected)
    if isinstance(value, str) and value == UNKNOWN:
        return
    if sdk_types.is_input_type(expected):
        yield from _object(expected, value, path)
    elif origin is collections.abc.Sequence:
        yield from _items(typing.get_args(expected)[0], value, path)
    elif origin is collections.abc.Mapping:
        yield from _entries(typing.get_args(expected)[1], value, path)
    elif (allowed := _PLAIN.get(expected)) is not None and not _fits(expected, value):
        yield Fault(path=path, found=value, allowed=f"must be {allowed}")


def _items(expected: Any, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path=path, found=value, allowed="must be a list")
        return
    for index, item in enumerate(cast("list[Any]", value)):
        yield from _value(expected, item, f"{path}[{index}]")


def _entries(expected: Any, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield Fault(path=path, found=value, allowed="must be an object of names and values")
        return
    for key, item in cast("Mapping[str, Any]", value).items():
        yield from _value(expected, item, _at(path, key))


def _fits(expected: Any, value: Any) -> bool:
    if expected is str:
        return isinstance(value, str)
    if expected is bool:
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return expected is float or float(value).is_integer()


def _unknown(name: str, properties: list[str]) -> str:
    near = difflib.get_close_matches(name, properties, n=1)
    hint = f"did you mean {near[0]}? It" if near else "it"
    return f"is no input of the provider; {hint} knows {', '.join(properties)}"


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_PLAIN: Mapping[Any, str] = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
