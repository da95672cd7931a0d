"""The resource and the stack as a policy sees them, and the joins between resources.

Stack policies join resources by the dependencies of properties, which are URNs and known at preview, when names and
ARNs are not. Where the value is known, it settles which of several dependencies is meant, and joins what has none (a
name written as text).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi_policy

from .finding import Finding, Undecided
from .reading import UNKNOWN, Prop, Unknown, is_unknown

_LEFT_OUT = "it is left out of this update, so nothing of it is known"
# The properties by which another resource may name this one, in outputs of the AWS provider.
_IDENTITY = ("id", "arn", "name", "bucket", "url", "functionName", "modelPackageGroupName", "featureGroupName", "keyId")


def token(short: str) -> str:
    """The provider's type token of a short type: `s3/bucket` -> `aws:s3/bucket:Bucket`."""
    member = short.rpartition("/")[2]
    return f"aws:{short}:{member[0].upper()}{member[1:]}"


def short_type(full: str) -> str:
    """The short type of a token: `aws:s3/bucket:Bucket` -> `s3/bucket`; other tokens stay as they are."""
    provider, _, rest = full.partition(":")
    return rest.rpartition(":")[0] if provider == "aws" and "/" in rest else full


def properties(resource_type: str, props: Mapping[str, Any]) -> Mapping[str, Any] | Unknown:
    """The properties of a resource, UNKNOWN where the engine hands over none.

    What the provider has checked has some always, `__defaults` at the least. A resource that `--target` leaves out is
    not checked, and one that is new then has none (pulumi/pulumi, step generator).
    """
    return UNKNOWN if resource_type.startswith("aws:") and not len(props) else props


def twins(short: str) -> tuple[str, str]:
    """An S3 type and its deprecated V2 twin, which is still a live token."""
    return (short, f"{short}V2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource under judgement, and an `Owner` of properties.

    Attributes:
        type: the type token, `aws:s3/bucket:Bucket`.
        name: the logical name in the program.
        urn: the URN.
        inputs: the properties: inputs for a resource policy, outputs for a stack policy; UNKNOWN where an update
            leaves the resource out (`pulumi up --target`), which hands it over without any.
        stack: the stack's name.
        config: the configuration of the policy, defaults filled in.
        protected: whether the resource option `protect` is on.
        ignored: the properties of the resource option `ignoreChanges`, whose values are those of the state.
        provider: the properties of the explicit provider, empty when there is none.
        graph: the stack that it is part of; None in a resource policy.
    """

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any] | Unknown
    stack: str = ""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    protected: bool = False
    ignored: tuple[str, ...] = ()
    provider: Mapping[str, Any] = field(default_factory=dict[str, Any])
    graph: Stack | None = None

    @property
    def subject(self) -> str:
        """How messages name it: `s3/bucket 'lake-raw'`."""
        return f"{short_type(self.type)} '{self.name}'"

    def prop(self, path: str) -> Prop:
        """The property at a dotted path."""
        return Prop(self, "", self.inputs).prop(path)

    def props(self, path: str) -> list[Prop]:
        """Every property that a path with `[]` names."""
        return Prop(self, "", self.inputs).props(path)

    def violation(self, problem: str, fix: str = "") -> Finding:
        """A finding that the policy is violated; the policy's remedy is the fix unless one is given."""
        return Finding(subject=self.subject, urn=self.urn, problem=problem, fix=fix)

    def undecided(self, path: str) -> Finding:
        """A finding that the value at `path` is not known before the update."""
        problem = _LEFT_OUT if self.inputs is UNKNOWN else f"{path} is not known yet"
        return Finding(subject=self.subject, urn=self.urn, problem=problem, undecided=True)

    def attached(self, path: str, *shorts: str) -> list[Resource]:
        """The resources of the types whose property at `path` names this one, as a bucket policy names its bucket.

        Raises:
            Undecided: none does, and one of those types names something that is not known yet.
        """
        return self._stack.attached(self, path, shorts)

    def targets(self, path: str, *shorts: str) -> list[Resource]:
        """The resources of the given types that the property at `path` names; raises Undecided when that is unknown."""
        return self._stack.targets(self, path, frozenset(map(token, shorts)))

    def others(self, *shorts: str) -> list[Resource]:
        """The resources of the given types in its stack, whether or not anything joins them to this one."""
        return self._stack.of(*shorts)

    @property
    def _stack(self) -> Stack:
        if self.graph is None:
            raise LookupError(f"{self.subject} is judged alone; only a stack policy can follow dependencies")
        return self.graph

    def identities(self) -> set[str]:
        """The known values by which another resource may name this one."""
        values = (self.prop(key).raw for key in _IDENTITY)
        return {value for value in values if isinstance(value, str) and value}


class Stack:
    """All resources of a stack, and the joins between them.

    Attributes:
        name: the stack's name.
        config: the configuration of the policy, defaults filled in.
        resources: every resource that the policy named in its `on` or `reads`.
    """

    def __init__(
        self,
        *,
        name: str,
        config: Mapping[str, Any],
        resources: Sequence[pulumi_policy.PolicyResource],
    ) -> None:
        self.name = name
        self.config = config
        self.resources = [
            Resource(
                type=resource.resource_type,
                name=resource.name,
                urn=resource.urn,
                inputs=properties(resource.resource_type, resource.props),
                stack=name,
                config=config,
                protected=resource.opts.protect,
                ignored=tuple(resource.opts.ignore_changes),
                provider=resource.provider.props if resource.provider else {},
                graph=self,
            )
            for resource in resources
        ]
        self._raw = {resource.urn: resource for resource in resources}
        self._by_urn = {resource.urn: resource for resource in self.resources}
        self._by_type: dict[str, list[Resource]] = defaultdict(list)
        self._children: dict[str, list[str]] = defaultdict(list)
        for resource in self.resources:
            self._by_type[resource.type].append(resource)
            parent = self._raw[resource.urn].parent
            if parent is not None:
                self._children[parent.urn].append(resource.urn)
        self._identities: dict[str, dict[str, Resource]] = {}
        self._attached: dict[tuple[str, ...], tuple[dict[str, list[Resource]], list[Finding]]] = {}

    @property
    def subject(self) -> str:
        """How messages name it: `stack 'prod'`."""
        return f"stack '{self.name}'"

    def of(self, *shorts: str) -> list[Resource]:
        """The resources of the given short types, in the order of the program."""
        return [resource for short in shorts for resource in self._by_type.get(token(short), ())]

    def violation(self, problem: str, fix: str = "") -> Finding:
        """A finding about the stack as a whole."""
        return Finding(subject=self.subject, urn="", problem=problem, fix=fix)

    def targets(self, source: Resource, path: str, types: frozenset[str]) -> list[Resource]:
        """The resources of `types` that the property at `path` of `source` names.

        Raises:
            Undecided: the value is not known yet and no dependency says what it will be.
        """
        values = [prop.raw for prop in source.props(path)]
        names = {value for value in values if isinstance(value, str) and not is_unknown(value)}
        candidates = self._dependencies(source, path.partition(".")[0].removesuffix("[]"), types)
        by_value = [self._named(name, type_) for name in sorted(names) for type_ in sorted(types)]
        known = [resource for resource in by_value if resource is not None]
        if UNKNOWN not in values:
            found = known or (candidates if names else []) or self._inside(names, types)
            return list({resource.urn: resource for resource in found}.values())
        if not candidates:
            raise Undecided(source.undecided(path))
        return candidates

    def attached(self, target: Resource, path: str, shorts: tuple[str, ...]) -> list[Resource]:
        """The resources of types `shorts` whose property at `path` names `target`; see `Resource.attached`."""
        key = (path, target.type, *shorts)
        if key not in self._attached:
            self._attached[key] = self._join(path, target.type, shorts)
        sources, undecided = self._attached[key]
        found = sources.get(target.urn, [])
        if not found and undecided:
            raise Undecided(undecided[0])
        return found

    def _join(
        self, path: str, target_type: str, shorts: tuple[str, ...]
    ) -> tuple[dict[str, list[Resource]], list[Finding]]:
        sources: dict[str, list[Resource]] = defaultdict(list)
        undecided: list[Finding] = []
        for source in self.of(*shorts):
            try:
                for target in self.targets(source, path, frozenset({target_type})):
                    sources[target.urn].append(source)
            except Undecided as waiting:
                undecided.append(waiting.finding)
        return sources, undecided

    def _inside(self, names: Iterable[str], types: Iterable[str]) -> list[Resource]:
        """What a part of a compound name names, such as `endpoint/churn/variant/champion`."""
        parts = {part for name in names for part in name.split("/")}
        found = [self._named(part, type_) for part in sorted(parts) for type_ in sorted(types)]
        return [resource for resource in found if resource is not None]

    def _named(self, name: str, type_: str) -> Resource | None:
        if type_ not in self._identities:
            self._identities[type_] = {
                identity: resource for resource in self._by_type.get(type_, ()) for identity in resource.identities()
            }
        return self._identities[type_].get(name)

    def _dependencies(self, source: Resource, key: str, types: frozenset[str]) -> list[Resource]:
        """What an input comes from; a component stands for a child of the type when it has just one.

        The outputs of a component depend on the component and on the children behind them. Where only the component is
        named, its children of the type are all that is known, and which of several is meant is not.
        """
        raw = self._raw[source.urn].property_dependencies
        direct = cast(Mapping[str, Sequence[pulumi_policy.PolicyResource]], raw).get(key, ())
        named = [self._by_urn[resource.urn] for resource in direct if resource.urn in self._by_urn]
        found = [resource for resource in named if resource.type in types and resource.urn != source.urn]
        if found:
            return found
        inside = [child for resource in named for child in self._descendants(resource) if child.type in types]
        return inside if len(inside) == 1 else []

    def _descendants(self, component: Resource) -> Iterable[Resource]:
        for urn in self._children[component.urn]:
            yield self._by_urn[urn]
            yield from self._descendants(self._by_urn[urn])
