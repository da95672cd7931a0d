"""Reading the properties of a resource when some of them are not known yet.

The SDK hands a policy proxies that raise `UnknownValueError` when a value is unknown at preview, which ends the policy
for that resource: one unknown tag would silence all other checks. `Prop` reads each property on its own. Its `must_*`
methods give a finding, an undecided finding, or nothing; `value` raises `Undecided`, which the pack reports. Either
way an unknown value can neither pass silently nor be taken for a wrong one.

Numbers arrive as floats and null means not set, as in the engine's protocol. Remediations get plain sentinel strings
instead of proxies (pulumi-policy 1.21, `Remediate`), so both forms of an unknown are recognised.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, cast

from pulumi_policy import proxy

from .finding import Finding, Malformed, Undecided

_SENTINELS = frozenset(
    {
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
    }
)
_SHOWN_CHARACTERS = 120


class Unknown(Enum):
    """The type of `UNKNOWN`, the value that is not known before the update."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


def is_unknown(value: object) -> bool:
    """Whether a value read from a resource stands for one that is not known yet."""
    return value is UNKNOWN or (isinstance(value, str) and value in _SENTINELS)


def read(container: object, key: str | int) -> Any:
    """The child of a mapping or a sequence: its value, None when it is not set, UNKNOWN when it is not known yet."""
    if isinstance(container, str) or not isinstance(container, Mapping | Sequence):
        return None
    try:
        value = cast(Any, container)[key]
    except proxy.UnknownValueError:
        return UNKNOWN
    except (KeyError, IndexError, TypeError):
        return None
    return UNKNOWN if is_unknown(value) else value


def copied(value: object) -> Any:
    """A plain copy of a value and all below it, with UNKNOWN for what is not known yet."""
    if value is UNKNOWN or is_unknown(value):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {str(key): copied(read(value, key)) for key in cast(Mapping[str, Any], value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [copied(read(value, i)) for i in range(len(cast(Sequence[Any], value)))]
    return value


def first_unknown(value: object, path: str) -> str:
    """The path to the first part of a copy that is not known yet, empty when all of it is known."""
    if value is UNKNOWN:
        return path
    below: Iterable[tuple[str, object]] = ()
    if isinstance(value, Mapping):
        below = ((f"{path}.{key}", item) for key, item in cast(Mapping[str, object], value).items())
    elif isinstance(value, list):
        below = ((f"{path}[{i}]", item) for i, item in enumerate(cast(list[object], value)))
    return next(filter(None, (first_unknown(item, where) for where, item in below)), "")


def show(value: object) -> str:
    """A value as a message shows it: `not set`, `30`, `true`, `"AES256"`, `a list of 3`."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}..."
        return json.dumps(text, ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"an object of {len(cast(Mapping[str, object], value))}"
    if isinstance(value, Sequence):
        return f"a list of {len(cast(Sequence[object], value))}"
    return str(value)


def either(values: Sequence[object]) -> str:
    """Allowed values as a message lists them: `"Enabled"`, `"a" or "b"`, `"task" or left out`."""
    return " or ".join("left out" if value is None else show(value) for value in values)


def as_number(value: object) -> float:
    """A number, or text that is one, as a float; anything else compares as false with every limit."""
    try:
        return float(cast(Any, value))
    except (TypeError, ValueError):
        return math.nan


class Owner(Protocol):
    """What a property belongs to; it names itself in findings."""

    def violation(self, problem: str, fix: str = "") -> Finding:
        """A finding that the policy is violated."""
        ...

    def undecided(self, path: str) -> Finding:
        """A finding that the value at `path` is not known yet."""
        ...


@dataclass(frozen=True, slots=True)
class Prop:
    """One property of one resource.

    Attributes:
        owner: the resource.
        path: camelCase path from the resource, for messages: `productionVariants[0].instanceType`.
        raw: the value, None when it is not set, UNKNOWN when it is not known yet.
    """

    owner: Owner
    path: str
    raw: Any

    @property
    def unknown(self) -> bool:
        """Whether the value is not known before the update."""
        return self.raw is UNKNOWN

    @property
    def missing(self) -> bool:
        """Whether the property is known not to be set."""
        return self.raw is None

    @property
    def value(self) -> Any:
        """The value, None when it is not set.

        Raises:
            Undecided: the value is not known yet; the pack reports the policy as undecided for this resource.
        """
        if self.unknown:
            raise Undecided(self.owner.undecided(self.path))
        return self.raw

    @property
    def text(self) -> str:
        """The value as text, empty when it is not set; raises Undecided like `value`."""
        return str(self.value) if self.value is not None else ""

    def prop(self, path: str) -> Prop:
        """The property at a dotted path below this one (itself for ""); an unknown on the way makes it unknown."""
        found: Prop = self
        for key in filter(None, path.split(".")):
            found = found.entry(key)
        return found

    def entry(self, key: str) -> Prop:
        """The property under one key, dots and all."""
        if self.unknown:
            return self
        return Prop(self.owner, f"{self.path}.{key}" if self.path else key, read(self.raw, key))

    def props(self, path: str) -> list[Prop]:
        """Every property that a path with `[]` names: `productionVariants[].instanceType`, one for each variant."""
        found: list[Prop] = [self]
        for segment in path.split("."):
            found = [prop.prop(segment.removesuffix("[]")) for prop in found]
            if segment.endswith("[]"):
                found = [item for prop in found for item in prop.each()]
        return found

    def each(self) -> list[Prop]:
        """The items of a list; none when it is not set, one unknown item when the list is not known yet.

        An object counts as a list of one: the provider flattens blocks that may occur once.
        """
        if self.unknown:
            return [Prop(self.owner, f"{self.path}[]", UNKNOWN)]
        if self.raw is None:
            return []
        if isinstance(self.raw, str) or not isinstance(self.raw, Sequence):
            return [self]
        count = len(cast(Sequence[object], self.raw))
        return [Prop(self.owner, f"{self.path}[{i}]", read(self.raw, i)) for i in range(count)]

    def parsed(self) -> Any:
        """The value of a property that holds JSON text, or the object itself; None when it is not set.

        What is not known yet in it is UNKNOWN, and the rest can be read.

        Raises:
            Undecided: nothing of it is known yet.
            Malformed: it is no JSON.
        """
        value = self.value
        if not isinstance(value, str):
            return copied(value)
        try:
            return copied(json.loads(value))
        except json.JSONDecodeError as broken:
            finding = self.owner.violation(f"{self.path} is no JSON: {broken}", "Build the text with json.dumps.")
            raise Malformed(finding) from broken

    def entries(self) -> list[tuple[str, Prop]]:
        """Key and property of each entry of an object; raises Undecided when the object is not known yet."""
        value = self.value
        keys = list(cast(Mapping[str, object], value)) if isinstance(value, Mapping) else []
        return [(key, self.entry(key)) for key in keys]

    def judged(self, is_right: Callable[[Any], bool], must: str, *, fix: str = "") -> list[Finding]:
        """The finding of one test of this property: `<path> is <value>; it must be <must>`."""
        if self.unknown:
            return [self.owner.undecided(self.path)]
        if is_right(self.raw):
            return []
        return [self.owner.violation(f"{self.path} is {show(self.raw)}; it must be {must}", fix)]

    def when(self, condition: Callable[[Any], bool], findings: Iterable[Finding]) -> list[Finding]:
        """Findings that hold only under a condition on this property.

        When the property is not known yet, what would be a violation is undecided instead.
        """
        found = list(findings)
        if self.unknown:
            return [self.owner.undecided(self.path)] if found else []
        return found if condition(self.raw) else []

    def when_unset(self, findings: Iterable[Finding]) -> list[Finding]:
        """Findings that hold only when this property is not set; see `when`."""
        return self.when(lambda value: value is None, findings)

    def must_be(self, *allowed: object, when_missing: object = None, fix: str = "") -> list[Finding]:
        """It is one of the allowed values; `when_missing` is the value that AWS takes when it is not set."""
        return self.judged(
            lambda value: (when_missing if value is None else value) in allowed, either(allowed), fix=fix
        )

    def must_be_set(self, what: str, *, fix: str = "") -> list[Finding]:
        """It is set, to `what` ("a KMS key ARN")."""
        return self.judged(lambda value: value not in (None, "") and not _is_empty(value), what, fix=fix)

    def must_be_at_least(
        self, least: float, unit: str = "", *, when_missing: float = 0, fix: str = ""
    ) -> list[Finding]:
        """It is a number not below `least`."""
        must = f"at least {show(float(least))} {unit}".rstrip()
        return self.judged(lambda value: as_number(when_missing if value is None else value) >= least, must, fix=fix)

    def must_be_at_most(self, most: float, unit: str = "", *, when_missing: float = 0, fix: str = "") -> list[Finding]:
        """It is a number not above `most`."""
        must = f"at most {show(float(most))} {unit}".rstrip()
        return self.judged(lambda value: as_number(when_missing if value is None else value) <= most, must, fix=fix)

    def must_match(self, pattern: str, what: str, *, fix: str = "") -> list[Finding]:
        """It is text that matches the whole pattern; `what` says the pattern in words."""
        return self.judged(lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value)), what, fix=fix)


def _is_empty(value: object) -> bool:
    return isinstance(value, Mapping | Sequence) and len(cast(Sequence[object], value)) == 0
