"""Drift: what a refresh finds changed, apart from what AWS and the platform change themselves (drift.yaml)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from automation.stacks.deployment import Changes
from automation.stacks.log import Step

ALLOWED = Path(__file__).with_name("drift.yaml")


@dataclass(frozen=True, kw_only=True)
class Drift:
    """`foreign` is what somebody changed; `allowed` are steps with the reason why they are none."""

    foreign: Sequence[Step]
    allowed: Sequence[tuple[Step, str]]


@functools.cache
def allowed(path: Path = ALLOWED) -> Mapping[str, tuple[frozenset[str], str]]:
    """Type of a resource to the properties that may differ, and the reason."""
    return {each["type"]: (frozenset(each["keys"]), each["reason"]) for each in yaml.safe_load(path.read_text("utf-8"))}


def judged(changes: Changes) -> Drift:
    """The steps of a refresh, told apart. A resource that is gone is drift always, as is one whose difference is not
    named.
    """
    foreign: list[Step] = []
    known: list[tuple[Step, str]] = []
    for step in changes.steps:
        keys, reason = allowed().get(step.type, (frozenset[str](), ""))
        if step.op == "update" and step.keys and set(step.keys) <= keys:
            known.append((step, reason))
        else:
            foreign.append(step)
    return Drift(foreign=foreign, allowed=known)
