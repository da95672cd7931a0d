"""The vocabulary of the service tables: how a Pulumi resource type becomes calls of the AWS API.

A `ResourceType` says where a type differs from what the API's own model tells (`conventions`): which operations create,
change, read and delete a resource, what names it, how it is tagged. Inputs find their members of the API by name
(`kmsKeyId` -> `KmsKeyId`, singular and plural alike, at any depth); `fields` lists those whose names or forms differ.
What neither says is refused: an input that no member takes, a change that no operation makes, an output that the
provider does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any
from uuid import UUID

import jmespath

from local.adapter import regions
from local.adapter.values import UNKNOWN
from shapes.check import Fault

Properties = Mapping[str, Any]

#: The value of a source that has nothing to say, such as the answer to a call that was not made.
ABSENT: Any = object()

#: What a table leaves to `conventions`.
CONVENTION: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """All that a table may refer to while one resource is worked on.

    `inputs` are the inputs after the provider's check, `before` those of the last deployment ({} on create), `changed`
    the names of those that differ, `outputs` what the last deployment gave. `response` is the answer of the first
    create call and `live` the merged answers of the read calls; each is {} until there is one. `id` is `UNKNOWN` until
    the resource exists. `digest` stands for what a service makes up, where no service does.
    """

    account: str
    region: str
    name: str
    inputs: Properties
    before: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    id: str = UNKNOWN
    response: Properties = field(default_factory=dict)
    live: Properties = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    digest: str = ""

    @property
    def partition(self) -> str:
        """The partition of AWS that the region is in."""
        return regions.partition(self.region)["partition"]


#: A value that is computed from the scope; anything else in a table stands for itself.
Source = Callable[[Scope], Any]


def evaluated(source: Any, scope: Scope) -> Any:
    """The value of a source, or the constant itself."""
    return source(scope) if callable(source) else source


def ID(scope: Scope) -> str:  # noqa: N802 - reads as a constant in the tables
    """The resource's id."""
    return scope.id


def ACCOUNT(scope: Scope) -> str:  # noqa: N802
    """The account that the resource is in."""
    return scope.account


def value(key: str, default: Any = ABSENT) -> Source:
    """An input, or what the provider gave for it, or the default (a source or a constant)."""

    def read(scope: Scope) -> Any:
        found = scope.inputs.get(key)
        if found is None:
            found = scope.outputs.get(key)
        return evaluated(default, scope) if found is None else found

    return read


def response(path: str) -> Source:
    """A part of the answer of the first create call (JMESPath)."""
    return lambda scope: _found(path, scope.response)


@dataclass(frozen=True, slots=True)
class live:  # noqa: N801 - reads as the functions beside it
    """A part of the answers of the read calls (JMESPath)."""

    path: str
    default: Any = ABSENT

    def __call__(self, scope: Scope) -> Any:
        """The part in a scope."""
        found = _found(self.path, scope.live)
        return self.default if found is ABSENT and scope.live else found


def text(template: str) -> Source:
    """A text in which `{account}`, `{region}`, `{partition}`, its `{suffix}`, `{id}`, inputs and outputs are filled.

    `{hex}` and `{uuid}` stand for what a service makes up.
    """

    def fill(scope: Scope) -> Any:
        names = _Names(scope)
        filled = template.format_map(names)
        if names.missing:
            return ABSENT
        return UNKNOWN if UNKNOWN in filled else filled

    return fill


@dataclass(frozen=True, slots=True)
class To:
    """Where an input goes: a member's path relative to its structure, and how its value is converted on the way.

    A name that ends in `[]` is a list with one item: `MetricTransformations[].MetricName`. `via` raises ValueError with
    what is allowed for a value that it cannot convert.
    """

    member: str
    via: Callable[[Any], Any] | None = None


#: Input path (`productionVariants.routingConfigs`, without indexes) -> member or destination. A destination with an
#: empty member drops the input: the provider keeps it to itself.
Fields = Mapping[str, "str | To"]


@dataclass(frozen=True, slots=True)
class Call:
    """One API operation.

    takes: the inputs that it sends; None means all that no other call of the same step list takes, in an update those
        of them that the operation has. A call with `takes` is made when one of them is there (create) or has changed
        (update); `always` makes it in any case.
    given: member path -> constant or source, for members whose values are no inputs of the same name. What names the
        resource is given by convention.
    only_changed: those of its inputs that an update sends only where they have changed, for else it would set back what
        the service has moved since.
    unset: what an update sends for an input that was given before and is not any more; nothing without an entry.
    failures: JMESPath in the answer of operations that report errors in it; anything found there is an error.
    """

    operation: str
    _: KW_ONLY
    takes: tuple[str, ...] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    only_changed: tuple[str, ...] = ()
    unset: Mapping[str, Any] = field(default_factory=dict)
    fields: Fields = field(default_factory=dict)
    always: bool = False
    failures: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One call with its parameters, for what a `Call` cannot say. `origins`: API path -> the input it was made from."""

    operation: str
    parameters: Properties
    _: KW_ONLY
    origins: Mapping[str, str] = field(default_factory=dict)
    failures: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Calls that depend on the values of the inputs they take: one per item of a list, one per attribute."""

    takes: tuple[str, ...]
    build: Callable[[Scope], Iterable[Request]]
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach:
    """Calls for what another call finds, such as the object versions in a bucket that is to be emptied.

    `find` is made first; `build` makes the requests from its answer. While `repeat` (JMESPath) finds something in the
    answer, the whole is done again. `only_if` is an input that must be true.
    """

    find: Call
    build: Callable[[Scope, Properties], Iterable[Request]]
    repeat: str = ""
    only_if: str = ""
    takes: tuple[str, ...] = ()
    always: bool = False


Step = Call | Requests | ForEach


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoname:
    """The input that is filled with a generated name when the program gives none.

    A prefix input, where the provider has one, starts the name; `start` comes before everything. `lower` is for
    services that know lower case only, `suffix` for names that must end in a certain way. `longest` is the model's
    where it states one.
    """

    key: str = "name"
    prefix_key: str = CONVENTION
    start: str = ""
    lower: bool = False
    suffix: Callable[[Properties], str] | None = None
    longest: int = CONVENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """How a type carries tags.

    `create` is the member of the first create call that takes them ("" when they are sent by the tag call after it).
    `tag` and `untag` are the operations that change them, `given` names the resource in both, `member` and `keys` are
    their members for the tags and for the keys to remove. `wrap` turns the tag list of the create call into another
    form.
    """

    create: str = "Tags"
    tag: str = ""
    untag: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    member: str = "Tags"
    keys: str = "TagKeys"
    wrap: Callable[[Any], Any] | None = None
    as_key_objects: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """What a create or an update waits for: a part of the read calls' answers that takes one of the `ready` values.

    A value in `failed` ends the wait with an error that carries the answer's `reason`.
    """

    path: str
    _: KW_ONLY
    ready: tuple[str, ...]
    failed: tuple[str, ...] = ()
    reason: str = "FailureReason"
    seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One Pulumi resource type as calls of one AWS service. What is left out is told by the API's model: `conventions`.

    service: botocore's name; that of the table by default.
    noun: what the names of the API's operations call it; the class in the type token by default.
    id: the form of the id (`text`), or a source. Forms of ids and ARNs are those of the service authorization reference
        (https://docs.aws.amazon.com/service-authorization/latest/reference/); the sample cloud makes them up from here.
    found: where the create call's answer tells an id that the service makes up (JMESPath).
    arn: the form of the ARN, from its resource on or whole.
    inside: the member that holds what the API does not have at the top of its calls.
    replace: top-level inputs whose change makes a new resource; `EVERYTHING` for types of which only tags change.
    changeable: parts of such inputs, as paths, that change in place all the same.
    defaults: values that the provider fills in for absent inputs.
    provider_only: inputs that steer the provider and reach no API call.
    refused: inputs that are not carried out here, with what to do instead.
    digests: asset input -> (output that holds its digest, digest function): a changed file changes the resource.
    rules: checks across inputs that the API's model does not state.
    lacking: operations that the emulator lacks; a change that needs one is refused.
    recorded: why the type is only recorded, validated like all others but not created; "" when it is created for real.
    """

    type: str
    _: KW_ONLY
    service: str = ""
    noun: str = CONVENTION
    id: Any = CONVENTION
    found: str = CONVENTION
    arn: str = CONVENTION
    create: tuple[Step, ...] = CONVENTION
    update: tuple[Step, ...] = CONVENTION
    delete: tuple[Step, ...] = CONVENTION
    read: tuple[Call, ...] = CONVENTION
    outputs: Mapping[str, Any] = field(default_factory=dict)
    fields: Fields = field(default_factory=dict)
    inside: str = ""
    replace: tuple[str, ...] = CONVENTION
    changeable: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    provider_only: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, tuple[str, Callable[[Any], str]]] = field(default_factory=dict)
    rules: tuple[Callable[[Properties], Iterable[Fault]], ...] = ()
    autoname: Autoname | None = CONVENTION
    tags: Tagging | None = CONVENTION
    wait: Wait | None = None
    lacking: tuple[str, ...] = ()
    recorded: str = ""


#: Every input but the tags forces replacement.
EVERYTHING = ("*",)


class _Names(dict[str, str]):
    """The names that a template may use."""

    def __init__(self, scope: Scope):
        super().__init__(account=scope.account, region=scope.region, id=scope.id)
        self["partition"], self["suffix"] = scope.partition, regions.partition(scope.region)["dnsSuffix"]
        if digest := scope.digest:
            self["hex"], self["uuid"] = digest, str(UUID(digest[:32]))
        self._scope = scope
        self.missing = False

    def __missing__(self, key: str) -> str:
        found = value(key)(self._scope)
        if found is ABSENT:
            self.missing = True
            return ""
        return str(found)


def _found(path: str, answer: Properties) -> Any:
    found = jmespath.search(path, dict(answer)) if answer else None
    return ABSENT if found is None else found
