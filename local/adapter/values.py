"""Property values: what is unknown, what is equal, what has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pulumi.runtime import rpc

#: What the engine passes for an output that is not known before the update.
UNKNOWN: str = rpc.UNKNOWN


def contains_unknown(value: Any) -> bool:
    """Whether anything inside is not known yet."""
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in cast("Mapping[str, Any]", value).values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in cast("list[Any]", value))
    return value == UNKNOWN


def known_items(value: Any) -> list[Any]:
    """The items of a list that are known; none where there is no list, or the list itself is unknown."""
    if not isinstance(value, list):
        return []
    return [item for item in cast("list[Any]", value) if not (isinstance(item, str) and item == UNKNOWN)]


def given(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs without those that are null, which the engine treats as absent."""
    return {key: value for key, value in inputs.items() if value is not None}


def same(left: Any, right: Any) -> bool:
    """Equality as the provider sees it: JSON texts by their meaning, numbers by value, true and 1 apart."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right or _same_json(left, right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        a, b = given(cast("Mapping[str, Any]", left)), given(cast("Mapping[str, Any]", right))
        return a.keys() == b.keys() and all(same(item, b[key]) for key, item in a.items())
    if isinstance(left, list) and isinstance(right, list):
        a, b = cast("list[Any]", left), cast("list[Any]", right)
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Top-level inputs that differ, in the order of `after`, those that are gone last.

    An unknown value counts as changed.
    """
    old, new = given(before), given(after)
    changed = [
        key for key, value in new.items() if key not in old or contains_unknown(value) or not same(old[key], value)
    ]
    return changed + [key for key in old if key not in new]


def without(inputs: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The inputs without the parts at dotted paths."""
    left = dict(inputs)
    for path in paths:
        key, _, rest = path.partition(".")
        inner = left.get(key)
        if not rest:
            left.pop(key, None)
        elif isinstance(inner, Mapping):
            left[key] = without(cast("Mapping[str, Any]", inner), [rest])
    return left


def _same_json(left: str, right: str) -> bool:
    """Whether two texts are the same JSON object or list; texts that are not JSON are compared as they are."""
    if left.lstrip()[:1] not in ("{", "[") or right.lstrip()[:1] not in ("{", "["):
        return False
    try:
        return same(json.loads(left), json.loads(right))
    except json.JSONDecodeError:
        return False
