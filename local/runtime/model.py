"""What a deployment takes in and gives back: the cloud, the policies, events, findings, results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from local.judge.model import Judged, Violation


class Op(StrEnum):
    """What happens to a resource in a deployment."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Progress: resource `urn` is the `count`-th of about `total` in this phase; a first preview knows no total."""

    phase: str
    op: Op
    urn: str
    count: int
    total: int | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an update would do. `undecided` are policies that could not judge, because a value is not known yet.

    `changed` are the inputs that differ, by URN; `parents` the parent of every resource, empty for the stack.
    `refreshed` says for people what a refresh found before it, if there was one.
    """

    changes: Mapping[Op, Sequence[str]]
    changed: Mapping[str, Sequence[str]]
    parents: Mapping[str, str]
    judged_by: tuple[int, int]
    advisories: Sequence[Violation]
    undecided: Sequence[Violation]
    duration: float
    refreshed: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What an update did.

    `resources` are all custom resources of the stack, URN -> type, id, inputs, outputs (plain values), emulated.
    `created` are those that exist in the emulated cloud, `recorded` those that it lacks and that are on paper only.
    `judged_by` counts policies and judged resources, `duration` is in seconds, `outputs` are the stack's outputs,
    `refreshed` says for people what a refresh found before it, if there was one.
    """

    changes: Mapping[Op, Sequence[str]]
    resources: Mapping[str, Mapping[str, Any]]
    created: Sequence[str]
    recorded: Sequence[str]
    judged_by: tuple[int, int]
    advisories: Sequence[Violation]
    undecided: Sequence[Violation]
    outputs: Mapping[str, Any]
    duration: float
    refreshed: Sequence[str] = ()


class Created(Protocol):
    """What a cloud answers to create and update: physical id, outputs, and whether it exists or is recorded only."""

    @property
    def id(self) -> str:
        """The physical id."""
        ...

    @property
    def outputs(self) -> Mapping[str, Any]:
        """All properties after the call, in the engine's camel case."""
        ...

    @property
    def emulated(self) -> bool:
        """False when the resource is recorded and nothing stands behind it."""
        ...


class Cloud(Protocol):
    """Where resources live: `local.adapter.Adapter` over the emulator, or the sample cloud of `synth`.

    Inputs and outputs are plain values, assets are `pulumi.Asset` and `pulumi.Archive`, `UNKNOWN` is what is not
    known yet.
    """

    @property
    def endpoint_url(self) -> str:
        """Which cloud it is; a state belongs to one."""
        ...

    def check(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> dict[str, Any]:
        """The inputs with the provider's defaults, and with a generated name where none is given; offline."""
        ...

    def validate(self, type_token: str, name: str, inputs: dict[str, Any], /) -> None:
        """Check inputs against the service's API model, offline; unknown values are left out. Raises AdapterError."""
        ...

    def create(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> Created:
        """Create a resource; `name` is its logical name."""
        ...

    def update(
        self,
        type_token: str,
        resource_id: str,
        old_inputs: dict[str, Any],
        new_inputs: dict[str, Any],
        outputs: dict[str, Any],
        /,
    ) -> Created:
        """Change a resource in place."""
        ...

    def read(
        self, type_token: str, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any], /
    ) -> Mapping[str, Any]:
        """The inputs that are read of a resource, as they are live; None for one that it has not.

        Raises UnknownType where its type is not read, and ApiRefused that `is_gone`.
        """
        ...

    def replaces(self, type_token: str, old_inputs: dict[str, Any], new_inputs: dict[str, Any], /) -> list[str]:
        """The changed inputs that force a new resource."""
        ...

    def delete(self, type_token: str, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any], /) -> None:
        """Delete a resource."""
        ...

    def invoke(self, token: str, args: dict[str, Any], /) -> dict[str, Any]:
        """Answer a data source."""
        ...


class Policies(Protocol):
    """A running policy pack."""

    def remediate(self, resource: Judged) -> Mapping[str, Any] | None:
        """The resource's properties after the pack's remediations, None when it changed nothing."""
        ...

    def analyze(self, resource: Judged) -> Sequence[Violation]:
        """What the resource policies find."""
        ...

    def analyze_stack(self, resources: Iterable[Judged]) -> Sequence[Violation]:
        """What the stack policies find."""
        ...

    @property
    def policy_count(self) -> int:
        """How many policies are in force."""
        ...


OnEvent = Callable[[Event], None]
#: Called with `dry_run`; each pass of a deployment has a pack process of its own, as under the engine.
PolicyFactory = Callable[[bool], AbstractContextManager[Policies]]


class NoPolicies:
    """Stands where no pack runs: everything passes."""

    policy_count = 0

    def remediate(self, resource: Judged) -> None:
        """Change nothing."""

    def analyze(self, resource: Judged) -> Sequence[Violation]:
        """Find nothing."""
        return ()

    def analyze_stack(self, resources: Iterable[Judged]) -> Sequence[Violation]:
        """Find nothing."""
        return ()
