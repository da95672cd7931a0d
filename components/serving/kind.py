"""What a kind of endpoint is to the program: how it is drawn and what of it is watched. `kinds` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import pulumi

from components.ground import Ground
from components.watch import Watch
from contracts.names import EndpointNames
from contracts.release import Record
from contracts.release.live import Serving
from settings import AnyKind

S = TypeVar("S", bound=AnyKind)


@dataclass(frozen=True, kw_only=True)
class EndpointArgs(Generic[S]):
    """`record` is the release record, and `serving` what serves as the program begins (None: nothing, or nobody can
    say): a change starts with what it has now. `rollback_alarms` are the names of the alarms that turn a rollout back.

    `see_through` is called after each change of the endpoint, with the configuration that it is to serve and the one
    that the provider read, None where the provider failed before, and gives what went wrong ("": nothing more than
    that): the provider calls a rollout done that was turned back, or does not say what became of it.
    `make_way` is called before a change, with the configuration that it serves and the one that it is to serve; `begin`
    after that, with the latter alone, if it is another one; `shift` before the change of an alias, with versions, and
    has the traffic moved.
    `packages` are those that have to be known, by ARN, as the registry describes them. `tags` go onto jobs, which the
    provider's default tags do not reach. `dead_letters_arn` takes what nobody waited for and failed for good.
    """

    ground: Ground
    names: EndpointNames
    settings: S
    record: Record
    rollback_alarms: Sequence[pulumi.Input[str]]
    see_through: Callable[[EndpointNames, str, str | None], str]
    begin: Callable[[EndpointNames, str], None] = lambda _, __: None
    serving: Serving | None = None
    make_way: Callable[[EndpointNames, str, str], None] = lambda _, __, ___: None
    shift: Callable[[EndpointNames, str, str], None] = lambda _, __, ___: None
    dead_letters_arn: pulumi.Input[str] = ""
    packages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def where(self) -> str:
        """The endpoint's config key, for errors."""
        return f"ml-platform:workloads.{self.names.workload}.endpoints.{self.names.endpoint}"


class Served(Protocol):
    """What the rest of the program has to know of what serves a release."""

    @property
    def name(self) -> pulumi.Output[str]:
        """Name of what serves, as people and clients know it."""
        ...

    @property
    def live(self) -> pulumi.Resource | None:
        """What has to be there before it can be watched; None while it is stopped."""
        ...


@dataclass(frozen=True, kw_only=True)
class Drawn(Generic[S]):
    """One kind of endpoint in the program.

    `build` makes the component from a logical name, arguments and options. `watch` gives what is to be watched, from
    names, settings, and the variants and shadows of the live release (none before the first).
    """

    settings: type[S]
    build: Callable[[str, EndpointArgs[S], pulumi.ResourceOptions], Served]
    watch: Callable[[EndpointNames, S, Sequence[str], Iterable[str]], Watch]


#: A kind whose settings are told apart at run time.
AnyDrawn = Drawn[Any]
