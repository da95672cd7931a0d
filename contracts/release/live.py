"""The endpoint as it is: which release it serves, with how many instances and which share of the traffic.

What serves is SageMaker (`sagemaker`), an inference component of it (`component`), a schedule (`schedule`), an ECS
service (`ecs`) or a function (`lambda_`); each is a `Host`, and nothing else here knows which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from contracts.release.record import Release, Status, instant

#: An update is refused in these states, and which release will serve is not decided (SageMaker API reference,
#: DescribeEndpoint, EndpointStatus).
IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
#: In these nobody knows what serves, or nothing does: after a failed rollback it may be of both configurations.
FAILED = frozenset({"Failed", "UpdateRollbackFailed"})
#: A rollout shows at the endpoint at the latest then: until it does, the update that began it is about to ask for it.
BEGINS_WITHIN = timedelta(minutes=3)
_ID = re.compile(r"[0-9a-f]{10}")


@dataclass(frozen=True, kw_only=True)
class Live:
    """What the host says of the endpoint. `release` is the id in the name of the configuration, None for another's.

    `counts` are the instances that each variant has or is being scaled to, `weights` its percent of the requests. A
    release of an endpoint that is not `guarded` takes over at once and no alarm turns it back; one that is `scheduled`
    is moved by `pulumi up` alone.
    """

    endpoint: str
    status: str
    config: str
    release: str | None
    counts: Mapping[str, int]
    weights: Mapping[str, float]
    changed: datetime
    failure: str
    guarded: bool = True
    scheduled: bool = False

    @property
    def in_progress(self) -> bool:
        """Whether it is on its way to somewhere."""
        return self.status in IN_PROGRESS

    @property
    def failed(self) -> bool:
        """Whether its `config` is not what serves."""
        return self.status in FAILED


@dataclass(frozen=True, kw_only=True)
class Configured:
    """A variant as the configuration that serves has it.

    `package` is the ARN of the package that its model was made of, if it was; `instances` those that it starts with,
    None where it has none of its own. `archives` is where those of several models lie in S3, "" where it serves one.
    """

    package: str | None
    weight: float
    instances: int | None
    archives: str = ""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A variant as it runs: instances that are there and that are asked for, None where it has none; its image's URI
    by digest, "" where the host does not say it.
    """

    instances: int | None
    desired: int | None
    image: str


@dataclass(frozen=True, kw_only=True)
class Started:
    """How a configuration has one of its variants begin."""

    instances: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What an update finds of an endpoint before it declares anything.

    `started` are the variants of the configuration that serves as they began, shadows too, by name: empty where they
    have no instances of their own. `template` is that of the stack of an inference component.
    """

    live: Live
    started: Mapping[str, Started] = field(default_factory=dict[str, Started])
    template: Mapping[str, Any] | None = None


class Host(Protocol):
    """What serves an endpoint: how it is looked at, and moved in an emergency."""

    @property
    def endpoint(self) -> str:
        """Its name."""
        ...

    def observe(self) -> Live | None:
        """The endpoint now; None when there is none."""
        ...

    def configuration(self, release: str) -> str | None:
        """Name of the newest configuration of a release; None when `pulumi up` has not declared it."""
        ...

    def configured(self, live: Live) -> Mapping[str, Configured]:
        """Every variant that serves, shadows too, by name."""
        ...

    def started(self, config: str) -> Mapping[str, Started]:
        """How a configuration has its variants begin, shadows too, by name; empty where it says no number of instances,
        or is not there."""
        ...

    def deployed(self) -> Mapping[str, Deployed]:
        """Every variant that runs, shadows too, by name."""
        ...

    def guards(self) -> Sequence[str]:
        """Names of the alarms that turn its rollouts back."""
        ...

    def move(self, config: str, live: Live, unguarded: Callable[[str], None]) -> bool:
        """Ask for all traffic to go to another configuration, at once; only the instance counts are kept.

        False when somebody was faster, and what comes of that is to be waited for. `unguarded` is told why, where the
        halt alarm (`emergency`) is not there: that must not stop an emergency, and the move goes on without it.
        """
        ...


def was_deployed(live: Live, wanted: Release) -> bool:
    """Whether a rollout of this release began and the endpoint was changed since.

    The record's word is needed, for an endpoint is changed by its scaling too, and an endpoint's configuration may be
    there long before it is asked for.
    """
    return bool(wanted.began) and live.changed > instant(wanted.began, "began")


def is_beginning(live: Live, wanted: Release, now: datetime) -> bool:
    """Whether a rollout of this release is about to show at the endpoint. One that does not show in time never began:
    who was to ask for it is gone."""
    if wanted.status is not Status.CANDIDATE or not wanted.began or was_deployed(live, wanted):
        return False
    return now - instant(wanted.began, "began") < BEGINS_WITHIN


def release_of(endpoint: str, config: str) -> str | None:
    """Id of the release of a configuration: these are called `<endpoint>-<release id>-<hash of the content>`."""
    found = config.removeprefix(f"{endpoint}-").partition("-")[0]
    return found if config.startswith(f"{endpoint}-") and _ID.fullmatch(found) else None
