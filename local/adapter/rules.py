"""Checks across inputs that the API's model does not state, for the `rules` of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.adapter.values import UNKNOWN
from shapes.check import Fault

Rule = Callable[[Mapping[str, Any]], Iterator[Fault]]


def exactly_one(*keys: str) -> Rule:
    """One of the inputs must be given, and no more than one."""

    def check(inputs: Mapping[str, Any]) -> Iterator[Fault]:
        given = [key for key in keys if inputs.get(key) is not None]
        if len(given) != 1:
            allowed = f"exactly one of {', '.join(keys)} must be given"
            yield Fault(path=given[0] if given else keys[0], found=" and ".join(given) or None, allowed=allowed)

    return check


def at_least_one(*keys: str) -> Rule:
    """One of the inputs must be given, or several."""

    def check(inputs: Mapping[str, Any]) -> Iterator[Fault]:
        if all(inputs.get(key) is None for key in keys):
            yield Fault(path=keys[0], found=None, allowed=f"at least one of {', '.join(keys)} must be given")

    return check


def must(key: str, convert: Callable[[Any], Any]) -> Rule:
    """An input that goes through a conversion in calls that are built by hand; its refusal is found before any call."""
    return lambda inputs: _refused(key, inputs.get(key), convert)


def _refused(path: str, found: Any, convert: Callable[[Any], Any]) -> Iterator[Fault]:
    if found is not None and found != UNKNOWN:
        try:
            convert(found)
        except ValueError as error:
            yield Fault(path=path, found=found, allowed=str(error))
