"""What the judge takes in and gives back: a resource as a policy sees it, and a finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A resource as a policy sees it. `properties` are inputs before it is created, and outputs for stack policies."""

    urn: str
    type: str
    name: str
    parent: str
    properties: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    provider: Judged | None = None
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A finding of a policy: its name, level (`mandatory` or `advisory`), what is wrong, and the resource, if any."""

    policy: str
    level: str
    message: str
    urn: str = ""
    undecided: bool = False
