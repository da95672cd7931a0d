"""Walking a pipeline definition: its steps (those in branches too), its values, and what a step refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

VARIABLES = ("Get", "Std:Join", "Std:JsonGet")
_STEP = re.compile(r"Steps\.([A-Za-z0-9_-]+)")


def steps_of(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """All steps, those in the branches of conditions after their condition."""
    for step in steps:
        yield step
        if step["Type"] == "Condition":
            yield from steps_of(step["Arguments"]["IfSteps"])
            yield from steps_of(step["Arguments"]["ElseSteps"])


def own(step: Mapping[str, Any]) -> dict[str, Any]:
    """The step without the steps in its branches: what it says itself."""
    if step["Type"] != "Condition":
        return dict(step)
    return {**step, "Arguments": {"Conditions": step["Arguments"]["Conditions"]}}


def is_variable(value: object) -> bool:
    """Whether a value is known only at run time: {"Get": ...}, {"Std:Join": ...} or {"Std:JsonGet": ...}."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in VARIABLES


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside `value` with its path, itself first: ("", {...}), (".a", [...]), (".a[0]", ...)."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Path and text of every {"Get": text} inside `value`."""
    for path, node in walk(value):
        if isinstance(node, dict) and set(node) == {"Get"}:
            yield path, str(node["Get"])


def needs(step: Mapping[str, Any]) -> set[str]:
    """Names of the steps that this one waits for: those it refers to and those it names in DependsOn.

    A condition does not wait for what the steps of its branches need: those wait for it, and then for their own needs.
    """
    names = {match[1] for _, text in references(own(step)) if (match := _STEP.match(text))}
    return names | {d if isinstance(d, str) else d["Step"] for d in step.get("DependsOn", [])}
