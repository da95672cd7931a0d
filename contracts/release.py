"""The release record: which approved model package is live, kept as data outside the program.

One JSON value in SSM Parameter Store per endpoint (`parameter_name`). `promote`, `split_traffic` and `roll_back` are
pure transitions of it; the deploy scripts and the rollback Lambda write their results, the Pulumi program reads them
and declares a model and an endpoint configuration for EVERY release in the record, with the endpoint on the live one.
So an old configuration outlives the move away from it, and an emergency rollback and the next `pulumi up` agree.

Standard library only: this file is zipped into a Lambda.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

#: A standard parameter holds at most 4 KB (AWS Systems Manager user guide, "Managing parameter tiers").
MAX_BYTES = 4096
#: Live, the one before it, and one that failed: enough to roll back and to see why.
MAX_RELEASES = 3
CHAMPION, CHALLENGER = "champion", "challenger"

_PACKAGE_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/[a-zA-Z0-9-]{1,63}/\d{1,9}")


class ReleaseError(ValueError):
    """A release record that cannot be read, or a transition that it does not allow."""


class Status(StrEnum):
    """What became of a release: `live` now, was live and `good`, or was live and `failed`."""

    LIVE = "live"
    GOOD = "good"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Release:
    """One state of the endpoint: the champion package and, during an A/B test, a challenger with its share of traffic.

    `challenger_percent` is an integer because variant weights are 32-bit floats: only exact values let a plan settle.
    `when` is ISO 8601 in UTC.
    """

    champion: str
    challenger: str | None = None
    challenger_percent: int = 0
    status: Status = Status.LIVE
    who: str
    why: str
    when: str
    by_rollback: bool = False

    def __post_init__(self) -> None:
        for role, arn in ((CHAMPION, self.champion), (CHALLENGER, self.challenger)):
            if arn is not None and not _PACKAGE_ARN.fullmatch(arn):
                raise ReleaseError(f"{role}: found {arn!r}; allowed: the ARN of a versioned model package")
        allowed = range(1, 100) if self.challenger else range(1)
        if self.challenger_percent not in allowed:
            raise ReleaseError(
                f"challenger_percent: found {self.challenger_percent}; allowed: "
                + ("1 to 99 with a challenger" if self.challenger else "0 without a challenger")
            )
        if self.challenger == self.champion:
            raise ReleaseError(f"challenger: found the champion itself ({self.champion}); name another package")
        _instant(self.when)

    @property
    def id(self) -> str:
        """Ten hex digits of what is served (packages and weights), so the same state always has the same name."""
        content = json.dumps([self.champion, self.challenger, self.challenger_percent])
        return hashlib.sha256(content.encode()).hexdigest()[:10]

    @property
    def packages(self) -> Mapping[str, str]:
        """Variant name -> model package ARN."""
        return {CHAMPION: self.champion} | ({CHALLENGER: self.challenger} if self.challenger else {})

    @property
    def weights(self) -> Mapping[str, int]:
        """Variant name -> weight; they add up to 100."""
        champion = {CHAMPION: 100 - self.challenger_percent}
        return champion | ({CHALLENGER: self.challenger_percent} if self.challenger else {})


@dataclass(frozen=True, kw_only=True)
class Record:
    """The live release first, then the ones kept for a rollback, newest first.

    `counts` are the instance counts that autoscaling had reached when the record was written: an endpoint update would
    otherwise reset them to the configured start (the provider has no RetainAllVariantProperties).
    """

    releases: tuple[Release, ...]
    counts: Mapping[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        found = [release.status for release in self.releases]
        if not found or found[0] is not Status.LIVE or found.count(Status.LIVE) != 1:
            raise ReleaseError(
                f"releases: found statuses {[str(s) for s in found]}; allowed: exactly one live, and it first"
            )
        if len({release.id for release in self.releases}) != len(found):
            raise ReleaseError(
                f"releases: found {[r.id for r in self.releases]}; allowed: each state of the endpoint once"
            )
        if wrong := {k: v for k, v in self.counts.items() if v < 1}:
            raise ReleaseError(f"counts: found {wrong}; allowed: at least 1 instance a variant")

    @property
    def live(self) -> Release:
        """The release that the endpoint serves."""
        return self.releases[0]

    @property
    def known_good(self) -> Release | None:
        """The newest release that was live and did not fail, if any: where a rollback goes."""
        return next((r for r in self.releases[1:] if r.status is Status.GOOD), None)


def parameter_name(stack: str, endpoint: str) -> str:
    """Where the record of an endpoint lives in SSM Parameter Store."""
    return f"/mlplatform/{stack}/{endpoint}/release"


def promote(record: Record | None, package: str, *, who: str, why: str, when: str) -> Record:
    """`package` takes all traffic; what was live becomes the known good one."""
    return _go_live(record, Release(champion=package, who=who, why=why, when=when))


def split_traffic(record: Record, challenger: str, percent: int, *, who: str, why: str, when: str) -> Record:
    """The live champion stays, `challenger` takes `percent` (1 to 99) of the traffic: an A/B test or its next step."""
    champion = record.live.champion
    release = Release(champion=champion, challenger=challenger, challenger_percent=percent, who=who, why=why, when=when)
    return _go_live(record, release)


def roll_back(record: Record, *, who: str, why: str, when: str, hold: timedelta = timedelta(hours=1)) -> Record:
    """The known good release takes over and the live one is marked failed.

    Refused (ReleaseError) when there is nothing good to go back to, and when the live release itself came from a
    rollback less than `hold` ago: a second alarm then means that the fault is not in the model, and two releases must
    not alternate.
    """
    live, target = record.live, record.known_good
    if live.by_rollback and _instant(when) - _instant(live.when) < hold:
        raise ReleaseError(
            f"release {live.id} itself came from a rollback at {live.when}, less than {hold} ago: "
            "rolling back again would flip-flop; look for a cause outside the model"
        )
    if target is None:
        raise ReleaseError(f"there is no known good release before {live.id}: promote a package by hand")
    restored = dataclasses.replace(target, status=Status.LIVE, who=who, why=why, when=when, by_rollback=True)
    failed = dataclasses.replace(live, status=Status.FAILED)
    others = (r for r in record.releases[1:] if r.id != target.id)
    return Record(releases=(restored, failed, *others)[:MAX_RELEASES], counts=record.counts)


def to_json(record: Record) -> str:
    """Compact JSON for the parameter; ReleaseError if it would not fit."""
    text = json.dumps({"version": 1, **dataclasses.asdict(record)}, sort_keys=True, separators=(",", ":"))
    if len(text.encode()) > MAX_BYTES:
        raise ReleaseError(f"the record takes {len(text.encode())} bytes; allowed: {MAX_BYTES}; shorten `why`")
    return text


def from_json(text: str) -> Record:
    """Read a record; ReleaseError says what is wrong with it."""
    try:
        data = json.loads(text)
        if data.pop("version") != 1:
            raise ReleaseError("version: allowed: 1; this program is older than the record")
        releases = tuple(_release(**fields) for fields in data.pop("releases"))
        return Record(releases=releases, **data)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, ValueError) as error:
        if isinstance(error, ReleaseError):
            raise
        raise ReleaseError(f"not a release record: {error!r} in {text[:200]!r}") from error


def _go_live(record: Record | None, release: Release) -> Record:
    if record is None:
        return Record(releases=(release,))
    if release.id == record.live.id:
        raise ReleaseError(f"release {release.id} is live already since {record.live.when}: nothing to do")
    before = dataclasses.replace(record.live, status=Status.GOOD)
    others = (r for r in record.releases[1:] if r.id != release.id)
    return Record(releases=(release, before, *others)[:MAX_RELEASES], counts=record.counts)


def _release(*, status: str, **fields: Any) -> Release:
    return Release(status=Status(status), **fields)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ReleaseError(f"when: found {text!r}; allowed: ISO 8601 with a time zone") from error
    if instant.tzinfo is None:
        raise ReleaseError(f"when: found {text!r} without a time zone; allowed: ISO 8601 with a time zone")
    return instant
