"""A remote component under expansion: its children, and the values that pass between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local import values
from local.runtime.monitor import Registered
from local.runtime.registration import Options, Registration, make_urn


@dataclass(frozen=True, kw_only=True)
class Ref:
    """A value that comes out of another resource: an input that reads it depends on that resource."""

    urn: str
    value: values.Value


@dataclass(frozen=True, kw_only=True)
class Child:
    """A registered child of a component."""

    answer: Registered

    @property
    def urn(self) -> str:
        """The child's URN."""
        return self.answer.urn

    @property
    def id(self) -> Ref:
        """Its physical id, unknown in a preview."""
        return Ref(urn=self.urn, value=self.answer.id or values.UNKNOWN)

    @property
    def reference(self) -> Ref:
        """The child itself, as an output of the component."""
        return Ref(urn=self.urn, value=values.reference(self.urn, self.answer.id))

    def output(self, name: str) -> Ref:
        """One of its outputs."""
        return Ref(urn=self.urn, value=self.answer.outputs.get(name))


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """What a component answers: outputs and, for each, the children that it comes from."""

    outputs: values.Properties
    property_dependencies: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Component:
    """A component under expansion: its own registration, and the way to register children."""

    resource: Registration
    register: Callable[[Registration], Registered]

    @property
    def name(self) -> str:
        """The component's name, from which the children's names are made."""
        return self.resource.name

    @property
    def args(self) -> values.Properties:
        """The component's inputs."""
        return self.resource.inputs

    def add(
        self, type_token: str, name: str, inputs: Mapping[str, Any], *, parent: str, depends_on: Sequence[str] = ()
    ) -> Child:
        """Register a child; `Ref` values and lists of them become property dependencies."""
        given = {key: value for key, value in inputs.items() if value is not None}
        reads = property_dependencies(given)
        stack, project = parent.split("::")[0].removeprefix("urn:pulumi:"), parent.split("::")[1]
        child = Registration(
            urn=make_urn(stack, project, parent, type_token, name),
            type=type_token,
            name=name,
            parent=parent,
            inputs={key: read(value) for key, value in given.items()},
            dependencies=tuple(sorted({*depends_on, *(urn for urns in reads.values() for urn in urns)})),
            property_dependencies=reads,
            provider=self.resource.providers.get("aws", ""),
            # Of the parent's options, a child inherits its protection (sdk/nodejs/resource.ts).
            options=Options(protect=self.resource.options.protect),
        )
        return Child(answer=self.register(child))


def read(value: Any) -> values.Value:
    """A value with everything that comes out of other resources filled in."""
    if isinstance(value, Ref):
        return value.value
    if isinstance(value, list):
        return [read(item) for item in value]
    return value


def property_dependencies(properties: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """For each property, the resources that it reads."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in properties.items():
        listed = value if isinstance(value, list) else [value]
        if urns := {item.urn for item in listed if isinstance(item, Ref)}:
            found[key] = tuple(sorted(urns))
    return found
