"""Strict validation against the API's own model.

botocore checks types, required members, unknown members and lower bounds before it sends a request. Its model knows
more: enumerations, patterns, upper bounds and the items of lists, all of which AWS checks when the request arrives.
Here all of it is checked before anything is sent.

The model: https://smithy.io/2.0/spec/constraint-traits.html, as botocore's `service-2.json` files carry it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shapes.models import Shape
from shapes.patterns import compiled

_LISTED_VALUES = 12
_NEAREST_VALUES = 3
_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A value that is not acceptable: its `path`, the value `found` there, and what is `allowed`, in words.

    `found` is None where a value is missing. `rule` names the constraint that does not hold, for who words it otherwise
    than `allowed`: required, unknown, type, union, enum, pattern; and size, bytes and range, whose `limit` is a pair of
    bounds, None where there is none.
    """

    path: str
    found: Any
    allowed: str
    rule: str = ""
    limit: Any = None

    def __str__(self) -> str:
        found = "" if self.found is None else f" = {_shown(self.found)}"
        return f"{self.path}{found}: {self.allowed}"


def at(path: str, member: str) -> str:
    """The path of a member of the structure at a path."""
    return f"{path}.{member}" if path else member


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """How paths are written: of a structure's member, of a list's item (from 0), of a map's entry."""

    member: Callable[[str, str], str] = at
    item: Callable[[str, int], str] = lambda path, index: f"{path}[{index}]"
    entry: Callable[[str, str], str] = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """The checks; `unknown` says which values stand for any that a shape allows."""

    unknown: Callable[[Shape, Any], bool] = lambda _, __: False
    paths: Paths = Paths()

    def faults(self, shape: Shape, value: Any, path: str = "") -> Iterator[Fault]:
        """Every place where a value is not what the shape allows; `path` is that of the value."""
        if getattr(shape, "is_document_type", False) or self.unknown(shape, value):
            return
        if check := _PLAIN.get(shape.type_name):
            yield from check(shape, value, path)
        elif shape.type_name == "structure":
            yield from self._structure(shape, value, path)
        elif shape.type_name == "list":
            yield from self._list(shape, value, path)
        elif shape.type_name == "map":
            yield from self._map(shape, value, path)
        else:
            raise TypeError(f"{path}: the model has shape type {shape.type_name!r}, which no check here knows")

    def _structure(self, shape: Shape, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield _type(path, value, f"must be an object with {known_members(shape)}")
            return
        for member in shape.required_members:
            optional = shape.members[member].metadata.get("idempotencyToken", False)
            if value.get(member) is None and not optional:
                there, wanted = self.paths.member(path, member), _outline(shape.members[member])
                yield Fault(path=there, found=None, allowed=f"is required; give it a value ({wanted})", rule="required")
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            allowed = f"must hold exactly one of {known_members(shape)}"
            yield Fault(path=path, found=sorted(value), allowed=allowed, rule="union")
        for member, item in value.items():
            there = self.paths.member(path, member)
            if member not in shape.members:
                allowed = f"is no member; the API knows {known_members(shape)}"
                yield Fault(path=there, found=item, allowed=allowed, rule="unknown")
            elif item is not None:
                yield from self.faults(shape.members[member], item, there)

    def _list(self, shape: Shape, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield _type(path, value, "must be a list")
            return
        yield from _size(shape, value, path, "items")
        for index, item in enumerate(value):
            yield from self.faults(shape.member, item, self.paths.item(path, index))

    def _map(self, shape: Shape, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield _type(path, value, "must be an object of names and values")
            return
        yield from _size(shape, value, path, "entries")
        for key, item in value.items():
            there = self.paths.entry(path, key)
            for fault in self.faults(shape.key, key, there):
                yield replace(fault, allowed=f"the name {fault.allowed}")
            yield from self.faults(shape.value, item, there)


def known_members(shape: Shape) -> str:
    """The members of a structure, for messages."""
    return ", ".join(sorted(shape.members))


def _string(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield _type(path, value, "must be a text")
        return
    if shape.enum:
        # The models list the regions that buckets had when they were written; S3 takes every region that it serves.
        if value not in shape.enum and shape.name != "BucketLocationConstraint":
            allowed = list(shape.enum)
            yield Fault(path=path, found=value, allowed=_choice(value, allowed), rule="enum", limit=allowed)
        return
    wrong_size = list(_size(shape, value, path, "characters"))
    if wrong_size:
        yield from wrong_size
        return
    pattern = shape.metadata.get("pattern")
    regex = compiled(pattern) if pattern else None
    if regex is not None and not regex.fullmatch(value):
        yield Fault(path=path, found=value, allowed=f"must match {pattern}", rule="pattern", limit=pattern)


def _integer(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _type(path, value, "must be a whole number")
        return
    yield from _range(shape, value, path)


def _number(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _type(path, value, "must be a number")
        return
    yield from _range(shape, value, path)


def _boolean(_: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield _type(path, value, "must be true or false")


def _blob(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, bytes | str):
        yield _type(path, value, "must be bytes or a text")
        return
    yield from _size(shape, value, path, "bytes", rule="bytes")


def _timestamp(_: Shape, value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, datetime):
        return
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        yield _type(path, value, "must be a time such as 2026-01-31T22:00:00Z (RFC 3339)")


def _type(path: str, value: Any, allowed: str) -> Fault:
    return Fault(path=path, found=value, allowed=allowed, rule="type")


def _range(shape: Shape, value: float, path: str) -> Iterator[Fault]:
    low, high = limit = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        yield Fault(path=path, found=value, allowed=f"must be {_interval(low, high)}", rule="range", limit=limit)


def _size(shape: Shape, value: Any, path: str, unit: str, rule: str = "size") -> Iterator[Fault]:
    low, high = limit = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and len(value) < low) or (high is not None and len(value) > high):
        allowed = f"must have {_interval(low, high)} {unit}, has {len(value)}"
        yield Fault(path=path, found=value, allowed=allowed, rule=rule, limit=limit)


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


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


_PLAIN: dict[str, Callable[[Shape, Any, str], Iterator[Fault]]] = {
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
