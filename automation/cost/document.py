"""A synth document as the cost rules read it: resources with their component, and how they find each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from automation.operations.errors import RefusedError

#: What components stand in without belonging to each other.
_STACK: Final = "pulumi:pulumi:Stack"
_WORKLOAD: Final = "mlplatform:workload:Workload"
_PROVIDER: Final = "pulumi:providers:aws"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource. `workload` is "" for what the whole stack stands on."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    component: str
    workload: str

    def list(self, key: str) -> list[Any]:
        """An input that is a list, empty where it is not set."""
        return self.inputs.get(key) or []


@dataclass(frozen=True, kw_only=True)
class Document:
    """The resources of one stack; `limit_usd` is what a month of it may cost, where its config says so."""

    stack: str
    region: str
    resources: tuple[Resource, ...]
    limit_usd: float | None = None
    _by_type: dict[str, list[Resource]] = field(default_factory=dict[str, list[Resource]], repr=False, compare=False)

    def __post_init__(self) -> None:
        for resource in self.resources:
            self._by_type.setdefault(resource.type, []).append(resource)

    @classmethod
    def of(cls, synth: Mapping[str, Any]) -> Document:
        """Read what `python -m local synth` wrote. Raises RefusedError for something else."""
        try:
            by_urn = {found["urn"]: found for found in synth["resources"]}
            region = next(found["inputs"]["region"] for found in by_urn.values() if found["type"] == _PROVIDER)
            limit = synth["outputs"].get("monthly_limit_usd")
            return cls(
                stack=synth["stack"],
                region=region,
                resources=tuple(_read(by_urn)),
                limit_usd=None if limit is None else float(limit),
            )
        except (KeyError, TypeError, AttributeError, StopIteration) as error:
            lacks = error if isinstance(error, KeyError) else "stack with a provider and resources"
            raise RefusedError(f"synth: found no {lacks}; give what `python -m local synth` wrote") from error

    def all(self, kind: str, **inputs: Any) -> list[Resource]:
        """The resources of a type with these inputs."""
        return [
            found
            for found in self._by_type.get(kind, ())
            if all(found.inputs.get(name) == value for name, value in inputs.items())
        ]

    def one(self, kind: str, **inputs: Any) -> Resource:
        """The resource of a type with these inputs. Raises RefusedError where the stack does not have it."""
        if found := self.all(kind, **inputs):
            return found[0]
        asked = ", ".join(f"{name} {value!r}" for name, value in inputs.items())
        raise RefusedError(f"{kind}: found none with {asked}, which another resource names; synthesise the stack again")

    @property
    def workloads(self) -> int:
        """How many workloads the stack has."""
        return len({found.workload for found in self.resources} - {""})


def _read(by_urn: Mapping[str, Mapping[str, Any]]) -> Iterator[Resource]:
    for found in by_urn.values():
        component, workload = _place(found, by_urn)
        yield Resource(
            type=found["type"],
            name=found["name"],
            inputs=found["inputs"],
            component=component,
            workload=workload,
        )


def _place(found: Mapping[str, Any], by_urn: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """The topmost component below the stack or a workload, and the workload."""
    while (parent := by_urn.get(found["parent"] or "")) and parent["type"] not in (_STACK, _WORKLOAD):
        found = parent
    return found["name"], parent["name"] if parent and parent["type"] == _WORKLOAD else ""
