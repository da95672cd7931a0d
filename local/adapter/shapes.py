"""Strict validation against the API's own model.

botocore checks types, required members, unknown members and lower bounds before it sends a request. Its model knows
more: enumerations, patterns, upper bounds and the items of lists, all of which AWS checks when the request arrives.
Here all of it is checked before anything is sent. `UNKNOWN` stands for any value of any shape.

The model: https://smithy.io/2.0/spec/constraint-traits.html, as botocore's `service-2.json` files carry it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from local.adapter.errors import Fault
from local.adapter.models import Shape
from local.adapter.patterns import compiled
from local.adapter.values import UNKNOWN

_LISTED_VALUES = 12
_NEAREST_VALUES = 3


def faults(shape: Shape, value: Any, path: str = "") -> Iterator[Fault]:
    """Every place where a value is not what the shape allows; `path` is the API path of the value."""
    if isinstance(value, str) and value == UNKNOWN:
        return
    if getattr(shape, "is_document_type", False):
        return
    check = _CHECKS.get(shape.type_name)
    if check is None:
        raise TypeError(f"{path}: the model has shape type {shape.type_name!r}, which no check here knows")
    yield from check(shape, value, path)


def at(path: str, member: str) -> str:
    """The path of a member of the structure at a path."""
    return f"{path}.{member}" if path else member


def known_members(shape: Shape) -> str:
    """The members of a structure, for messages."""
    return ", ".join(sorted(shape.members))


def _structure(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path=path, found=value, allowed=f"must be an object with {known_members(shape)}")
        return
    for member in shape.required_members:
        optional = shape.members[member].metadata.get("idempotencyToken", False)
        if value.get(member) is None and not optional:
            yield Fault(
                path=at(path, member),
                found=None,
                allowed=f"is required; give it a value ({_outline(shape.members[member])})",
            )
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield Fault(path=path, found=sorted(value), allowed=f"must hold exactly one of {known_members(shape)}")
    for member, item in value.items():
        if member not in shape.members:
            yield Fault(
                path=at(path, member), found=item, allowed=f"is no member; the API knows {known_members(shape)}"
            )
        elif item is not None:
            yield from faults(shape.members[member], item, at(path, member))


def _list(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path=path, found=value, allowed="must be a list")
        return
    yield from _size(shape, len(value), path, value, "items")
    for index, item in enumerate(value):
        yield from faults(shape.member, item, f"{path}[{index}]")


def _map(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path=path, found=value, allowed="must be an object of names and values")
        return
    yield from _size(shape, len(value), path, value, "entries")
    for key, item in value.items():
        for fault in faults(shape.key, key, at(path, key)):
            yield replace(fault, allowed=f"the name {fault.allowed}")
        yield from faults(shape.value, item, at(path, key))


def _string(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault(path=path, found=value, allowed="must be a text")
        return
    if shape.enum:
        # The models list the regions that buckets had when they were written; S3 takes every region that it serves.
        if value not in shape.enum and shape.name != "BucketLocationConstraint":
            yield Fault(path=path, found=value, allowed=_choice(value, list(shape.enum)))
        return
    wrong_size = list(_size(shape, len(value), path, value, "characters"))
    if wrong_size:
        yield from wrong_size
        return
    pattern = shape.metadata.get("pattern")
    regex = compiled(pattern) if pattern else None
    if regex is not None and not regex.fullmatch(value):
        yield Fault(path=path, found=value, allowed=f"must match {pattern}")


def _integer(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield Fault(path=path, found=value, allowed="must be a whole number")
        return
    yield from _range(shape, value, path)


def _number(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Fault(path=path, found=value, allowed="must be a number")
        return
    yield from _range(shape, value, path)


def _boolean(_: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield Fault(path=path, found=value, allowed="must be true or false")


def _blob(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, bytes | str):
        yield Fault(path=path, found=value, allowed="must be bytes or a text")
        return
    yield from _size(shape, len(value), path, value, "bytes")


def _timestamp(_: Shape, value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, datetime):
        return
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        yield Fault(path=path, found=value, allowed="must be a time such as 2026-01-31T22:00:00Z (RFC 3339)")


def _range(shape: Shape, value: float, path: str) -> Iterator[Fault]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        yield Fault(path=path, found=value, allowed=f"must be {_interval(low, high)}")


def _size(shape: Shape, size: int, path: str, value: Any, unit: str) -> Iterator[Fault]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        yield Fault(path=path, found=value, allowed=f"must have {_interval(low, high)} {unit}, has {size}")


def _interval(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}"


def _choice(value: str, allowed: list[str]) -> str:
    if len(allowed) <= _LISTED_VALUES:
        return f"must be one of {', '.join(allowed)}"
    near = difflib.get_close_matches(value, allowed, n=_NEAREST_VALUES, cutoff=0)
    return f"must be one of the {len(allowed)} values that the API knows, such as {', '.join(near)}"


def _outline(shape: Shape) -> str:
    if shape.type_name == "structure":
        return f"an object with {known_members(shape)}"
    return {"list": "a list", "map": "an object of names and values", "string": "a text"}.get(
        shape.type_name, f"a {shape.type_name}"
    )


_CHECKS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "char": _string,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}
