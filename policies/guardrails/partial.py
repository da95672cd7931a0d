"""Statements of a policy document with parts that are not known yet, filled in so that they reach least or most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .reading import UNKNOWN, first_unknown

Entry = Mapping[str, Any]
_NAMED, _EXCEPTED = ("Action", "Resource", "Principal"), ("NotAction", "NotResource", "NotPrincipal")
_NOTHING: Entry = {"Effect": "Deny"}
_SOMETHING = "unknown"  # one value, and no pattern: it matches nothing that a policy asks for
_EVERYTHING: Entry = {**dict.fromkeys(_NAMED, "*"), **dict.fromkeys(_EXCEPTED[:2], _SOMETHING)}


def reaching_least(entry: Any) -> Entry:
    """A statement without what is not known of it: no such action, and a condition that only one value passes."""
    if entry is UNKNOWN or _has_unknown_tests(entry.get("Condition")):
        return _NOTHING
    filled = _but_sid(entry)
    named = {key: _filled(entry[key], None) for key in _NAMED if key in entry}
    excepted = {key: _filled(entry[key], "*") for key in _EXCEPTED if key in entry}
    return {**filled, **named, **excepted, "Effect": _filled(entry.get("Effect"), "Deny")}


def reaching_most(entry: Any, effect: str) -> Entry:
    """A statement with everything in place of what is not known of it, and without the conditions not known.

    `effect` is that of a statement whose own is not known.
    """
    if entry is UNKNOWN:
        return {**_EVERYTHING, "Effect": effect}
    filled = {key: value for key, value in _but_sid(entry).items() if key != "Condition"}
    named = {key: _filled(entry[key], "*") for key in _NAMED if key in entry}
    tests = _known_tests(entry.get("Condition"))
    return {
        **filled,
        **named,
        "Effect": _filled(entry.get("Effect"), "Allow"),
        **({"Condition": tests} if tests else {}),
    }


def _but_sid(entry: Entry) -> Entry:
    return {key: _filled(value, _SOMETHING) for key, value in entry.items() if key != "Sid" or value is not UNKNOWN}


def _filled(value: Any, filler: str | None) -> Any:
    """A value with something else for each part that is not known, or without it for None."""
    if value is UNKNOWN:
        return [] if filler is None else filler
    if isinstance(value, Mapping):
        return {key: _filled(item, filler) for key, item in cast(Entry, value).items()}
    if isinstance(value, list):
        items = cast(list[Any], value)
        return [_filled(item, filler) for item in items if item is not UNKNOWN or filler is not None]
    return value


def _has_unknown_tests(condition: Any) -> bool:
    """Whether not even the keys that a condition tests are known."""
    return condition is UNKNOWN or (isinstance(condition, Mapping) and UNKNOWN in cast(Entry, condition).values())


def _known_tests(condition: Any) -> Any:
    """A condition without the tests whose values are not known."""
    if not isinstance(condition, Mapping):
        return None if condition is UNKNOWN else condition
    return {
        operator: {key: values for key, values in tests.items() if not first_unknown(values, key)}
        if isinstance(tests, Mapping)
        else tests
        for operator, tests in cast(Mapping[str, Any], condition).items()
        if tests is not UNKNOWN
    }
