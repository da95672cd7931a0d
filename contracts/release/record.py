"""What a release record says: the releases of one endpoint, the wanted one first, and what each of them serves.

The same record holds for every kind of endpoint and every target: a champion alone, with a challenger (A/B test), with
a shadow, or with further models by name (multi-model endpoint).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: Wanted, live, the good one before it, and one that failed: enough to roll back at any moment and to see why.
MAX_RELEASES = 4
CHAMPION, CHALLENGER, SHADOW = "champion", "challenger", "shadow"

_PACKAGE_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/[a-zA-Z0-9-]{1,63}/\d{1,9}")
_MODEL_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ReleaseError(ValueError):
    """A release record that cannot be read, or a transition that it does not allow."""


class Status(StrEnum):
    """What became of a release: a `candidate` until it is seen to serve, `live` now, was live and `good`, `failed`."""

    CANDIDATE = "candidate"
    LIVE = "live"
    GOOD = "good"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Release:
    """One state of the endpoint, by model packages.

    With a challenger, `challenger_percent` (1 to 99) of the requests are answered by it; with a shadow,
    `shadow_percent` (1 to 100) of them are copied to it and its answers thrown away; SageMaker allows one of the two.
    `models` are the packages of a multi-model endpoint by the name that a request asks for, the champion among them.
    The percentages are integers because variant weights are 32-bit floats: only exact values let a plan settle.
    `instances` are the counts that its configuration starts with (none: those of the stack config); the update that
    rolls it out writes them, for it may find others live than whoever promoted it.
    `reason` says why it failed. `when` is ISO 8601 in UTC; `began` is that of its rollout, "" before anybody began one.
    A candidate is `proven` that served before and did not fail. `attempt` counts how often the same had failed before
    it was wanted again.
    """

    champion: str
    challenger: str | None = None
    challenger_percent: int = 0
    shadow: str | None = None
    shadow_percent: int = 0
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    status: Status = Status.CANDIDATE
    reason: str = ""
    who: str
    why: str
    when: str
    began: str = ""
    by_rollback: bool = False
    proven: bool = False
    instances: Mapping[str, int] = field(default_factory=dict[str, int])
    attempt: int = 0

    def __post_init__(self) -> None:
        roles = {CHAMPION: self.champion, CHALLENGER: self.challenger, SHADOW: self.shadow}
        for role, arn in {**roles, **{f"models.{name}": arn for name, arn in self.models.items()}}.items():
            if arn is not None and not _PACKAGE_ARN.fullmatch(arn):
                raise ReleaseError(f"{role}: found {arn!r}; allowed: the ARN of a versioned model package")
        _check_percent(CHALLENGER, self.challenger, self.challenger_percent, most=99)
        _check_percent(SHADOW, self.shadow, self.shadow_percent, most=100)
        for role, arn in ((CHALLENGER, self.challenger), (SHADOW, self.shadow)):
            if arn == self.champion:
                raise ReleaseError(f"{role}: found the champion itself ({arn}); name another package")
        if sum(map(bool, (self.challenger, self.shadow, self.models))) > 1:
            raise ReleaseError("found more than one of challenger, shadow and models; allowed: one beside the champion")
        _check_models(self.models, self.champion)
        if wrong := {name: count for name, count in self.instances.items() if count < 1}:
            raise ReleaseError(f"instances: found {wrong}; allowed: at least 1 instance a variant")
        if self.attempt < 0:
            raise ReleaseError(f"attempt: found {self.attempt}; allowed: 0 and more")
        instant(self.when)
        if self.began:
            instant(self.began, "began")

    @property
    def good(self) -> bool:
        """Whether it served well, and does not serve now."""
        return self.status is Status.GOOD or (self.status is Status.CANDIDATE and self.proven)

    @property
    def id(self) -> str:
        """Ten hex digits of what is served, so the same state always has the same name.

        After it failed it is another: the state of the stack names what failed until a refresh, and an `up` that found
        the same name there would move nothing.
        """
        content = [*self.serves, self.attempt] if self.attempt else self.serves
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:10]

    @property
    def serves(self) -> Sequence[object]:
        """The packages and the percentages of the requests that each gets."""
        content: list[object] = [self.champion, self.challenger, self.challenger_percent]
        if self.shadow or self.models:
            content += [self.shadow, self.shadow_percent, sorted(self.models.items())]
        return content

    @property
    def packages(self) -> Mapping[str, str]:
        """Name of a variant that answers requests -> model package ARN."""
        return {CHAMPION: self.champion} | ({CHALLENGER: self.challenger} if self.challenger else {})

    @property
    def weights(self) -> Mapping[str, int]:
        """Name of a variant that answers requests -> weight; they add up to 100."""
        champion = {CHAMPION: 100 - self.challenger_percent}
        return champion | ({CHALLENGER: self.challenger_percent} if self.challenger else {})

    @property
    def shadows(self) -> Mapping[str, str]:
        """Name of a variant that gets copies of the requests and answers nobody -> model package ARN."""
        return {SHADOW: self.shadow} if self.shadow else {}


@dataclass(frozen=True, kw_only=True)
class Record:
    """The wanted release first, then those that are kept, newest first.

    The wanted one is a candidate until the endpoint is seen to serve it. `counts` (instances) and `weights` (percent of
    the requests) are what the endpoint's variants had when the record was written last, and `config` is the name of the
    configuration that served, "" where it was on its way to another.
    """

    releases: tuple[Release, ...]
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    config: str = ""

    def __post_init__(self) -> None:
        found = [release.status for release in self.releases]
        if not found or found[0] not in (Status.CANDIDATE, Status.LIVE) or found.count(Status.LIVE) > 1:
            raise ReleaseError(
                f"releases: found statuses {[str(s) for s in found]}; allowed: a candidate or the live one first, and "
                "one live in all"
            )
        if len({release.id for release in self.releases}) != len(found):
            raise ReleaseError(
                f"releases: found {[r.id for r in self.releases]}; allowed: each state of the endpoint once"
            )
        for what, values in (("counts", self.counts), ("weights", self.weights)):
            if wrong := {name: value for name, value in values.items() if value < 0}:
                raise ReleaseError(f"{what}: found {wrong}; allowed: 0 and more")

    @property
    def wanted(self) -> Release:
        """The release that the endpoint is to serve."""
        return self.releases[0]

    @property
    def live(self) -> Release | None:
        """The release that the endpoint was last seen to serve; None before the first."""
        return next((r for r in self.releases if r.status is Status.LIVE), None)

    @property
    def serving(self) -> Release:
        """The live release; before anything was seen to serve, the wanted one."""
        return self.live or self.wanted

    @property
    def known_good(self) -> Release | None:
        """Where a rollback goes: from a candidate to the live release, from the live one to the newest good one."""
        good = next((r for r in self.releases[1:] if r.good), None)
        return good if self.live in (None, self.wanted) else self.live


def instant(text: str, name: str = "when") -> datetime:
    """A `when` of the record, or what is called otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ReleaseError(f"{name}: found {text!r}; allowed: ISO 8601 with a time zone") from error
    if found.tzinfo is None:
        raise ReleaseError(f"{name}: found {text!r} without a time zone; allowed: ISO 8601 with a time zone")
    return found


def _check_models(models: Mapping[str, str], champion: str) -> None:
    if wrong := sorted(name for name in models if not _MODEL_NAME.fullmatch(name)):
        raise ReleaseError(f"models: found names {wrong}; allowed: a-z and 0-9 with single hyphens in between")
    if models and (found := models.get(CHAMPION)) != champion:
        raise ReleaseError(f"models.{CHAMPION}: found {found}; allowed: the champion itself ({champion})")


def _check_percent(role: str, package: str | None, percent: int, *, most: int) -> None:
    if percent not in (range(1, most + 1) if package else range(1)):
        allowed = f"1 to {most} with a {role}" if package else f"0 without a {role}"
        raise ReleaseError(f"{role}_percent: found {percent}; allowed: {allowed}")
