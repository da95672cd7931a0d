"""How a release record changes: pure functions from record to record.

`promote`, `split_traffic`, `mirror_traffic` and `serve_models` make a new release the wanted one; `begin` says that its
rollout begins (`withdraw`: that it did not), `started` with what, `settle` and `fail` what became of it; `roll_back`
goes back to one that was good. None of them ever drops the release that is live or the one that a rollback would go to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import timedelta

from contracts.release.record import (
    CHALLENGER,
    CHAMPION,
    MAX_RELEASES,
    SHADOW,
    Record,
    Release,
    ReleaseError,
    Status,
    instant,
)

_NO_COUNTS: Mapping[str, int] = {}


def promote(
    record: Record | None, package: str, *, who: str, why: str, when: str, counts: Mapping[str, int] = _NO_COUNTS
) -> Record:
    """`package` is to take all traffic: a new one, the challenger, or the shadow. `counts` are live instances."""
    return _wanted(record, Release(champion=package, who=who, why=why, when=when), counts)


def split_traffic(
    record: Record,
    challenger: str,
    percent: int,
    *,
    who: str,
    why: str,
    when: str,
    counts: Mapping[str, int] = _NO_COUNTS,
) -> Record:
    """The champion stays, `challenger` takes `percent` (1 to 99) of the traffic: an A/B test or its next step."""
    champion = record.wanted.champion
    release = Release(champion=champion, challenger=challenger, challenger_percent=percent, who=who, why=why, when=when)
    return _wanted(record, release, counts)


def mirror_traffic(
    record: Record, shadow: str, percent: int, *, who: str, why: str, when: str, counts: Mapping[str, int] = _NO_COUNTS
) -> Record:
    """The champion answers, `percent` (1 to 100) of its requests are copied to `shadow`, whose answers nobody gets."""
    champion = record.wanted.champion
    release = Release(champion=champion, shadow=shadow, shadow_percent=percent, who=who, why=why, when=when)
    return _wanted(record, release, counts)


def serve_models(
    record: Record | None,
    champion: str,
    models: Mapping[str, str],
    *,
    who: str,
    why: str,
    when: str,
    counts: Mapping[str, int] = _NO_COUNTS,
) -> Record:
    """A multi-model endpoint is to serve the champion, by that name, and these further packages by theirs."""
    release = Release(champion=champion, models={**models, CHAMPION: champion}, who=who, why=why, when=when)
    return _wanted(record, release, counts)


def begin(record: Record, release: str, *, when: str) -> Record:
    """The endpoint is about to be moved to the release with that id. ReleaseError where another one is wanted.

    Of one that serves already, in another configuration, there is nothing to say.
    """
    wanted = record.wanted
    if wanted.id != release:
        raise ReleaseError(
            f"release {release} is not wanted any more, but {wanted.id}, by {wanted.who} since {wanted.when}"
        )
    return record if wanted.status is Status.LIVE else _rewritten(record, dataclasses.replace(wanted, began=when))


def started(record: Record, counts: Mapping[str, Mapping[str, int]]) -> Record:
    """What the configurations of releases start with, by id and variant: they are declared so as long as they are kept.

    Of a release that is not in the record nothing is kept.
    """
    found = [
        dataclasses.replace(each, instances=dict(counts.get(each.id) or each.instances)) for each in record.releases
    ]
    return dataclasses.replace(record, releases=tuple(found))


def withdraw(record: Record) -> Record:
    """The rollout of the wanted release did not begin after all: nothing of the endpoint was changed."""
    return _rewritten(record, dataclasses.replace(record.wanted, began=""))


def settle(record: Record, serving: str) -> Record:
    """The endpoint serves the release with the id `serving`: it is the live one. ReleaseError if there is none."""
    if record.live and record.live.id == serving:
        return record
    if serving not in {release.id for release in record.releases}:
        raise ReleaseError(
            f"the endpoint serves release {serving}, which is not in the record ({', '.join(_ids(record))}): it was "
            "moved by hand; promote a package, and `pulumi up` moves it there"
        )

    def seen(index: int, release: Release) -> Release:
        if release.id == serving:
            return dataclasses.replace(release, status=Status.LIVE, reason="", proven=False)
        if release.status is Status.LIVE and index:
            return dataclasses.replace(release, status=Status.GOOD, began="")
        if release.status is Status.LIVE:  # it did serve, and was left
            return dataclasses.replace(release, status=Status.CANDIDATE, began=release.began or release.when)
        return release

    return dataclasses.replace(record, releases=tuple(seen(i, r) for i, r in enumerate(record.releases)))


def fail(record: Record, reason: str) -> Record:
    """The rollout of the wanted release was turned back: it failed, and what is live is wanted again."""
    live, candidate = record.live, record.wanted
    if live is None or live is candidate:
        raise ReleaseError(f"release {candidate.id} has nothing live beside it to go back to: promote another package")
    failed = _failed(candidate, reason)
    return dataclasses.replace(record, releases=_bounded((live, failed, *_without(record, live, candidate))))


def roll_back(
    record: Record, *, who: str, why: str, when: str, deployed: bool = True, hold: timedelta = timedelta(hours=1)
) -> Record:
    """The known good release is wanted again, and the one that serves is marked failed.

    A candidate that was `deployed` and is not live was turned back by SageMaker already. One that was not is no reason
    for trouble: then it is what is live that fails, and the candidate goes with it, unless it is proven: a release
    that was good and was promoted again is where its people want to be. Refused (ReleaseError) when there
    is nothing good to go back to, and when the wanted release itself came from a rollback less than `hold` ago: a
    second alarm then means that the fault is not in the model, and two releases must not alternate.
    """
    wanted, live = record.wanted, record.live
    if wanted.by_rollback and instant(when) - instant(wanted.when) < hold:
        raise ReleaseError(
            f"release {wanted.id} itself came from a rollback at {wanted.when}, less than {hold} ago: "
            "rolling back again would flip-flop; look for a cause outside the model"
        )
    if live is not None and live is not wanted and deployed:
        turned_back = fail(record, why)
        restored = dataclasses.replace(live, who=who, why=why, when=when, by_rollback=True)
        return dataclasses.replace(turned_back, releases=(restored, *turned_back.releases[1:]))
    good = next((r for r in record.releases if r.good), None)
    if good is None:
        raise ReleaseError(f"there is no known good release before {record.serving.id}: promote a package by hand")
    restored = dataclasses.replace(
        good, status=Status.CANDIDATE, who=who, why=why, when=when, by_rollback=True, proven=True, reason="", began=""
    )
    failed = [_failed(record.serving, why)]
    if wanted not in (record.serving, good):
        failed.append(_failed(wanted, "withdrawn before it was deployed"))
    return dataclasses.replace(
        record, releases=_bounded((restored, *failed, *_without(record, good, record.serving, wanted)))
    )


def _wanted(record: Record | None, release: Release, counts: Mapping[str, int]) -> Record:
    if record is None:
        return Record(releases=(release,), counts=dict(counts))
    before = max((each for each in record.releases if each.serves == release.serves), key=_attempt, default=None)
    if before:
        release = dataclasses.replace(release, attempt=before.attempt + (before.status is Status.FAILED))
    if release.id == record.wanted.id:
        raise ReleaseError(f"release {release.id} is wanted already since {record.wanted.when}: nothing to do")
    if record.live and release.id == record.live.id:  # the candidate before it is withdrawn, nothing moves
        release = dataclasses.replace(release, status=Status.LIVE, instances=record.live.instances)
    else:
        proven = any(each.good for each in record.releases if each.id == release.id)
        instances = starting(counts, record.serving, release)
        release = dataclasses.replace(release, instances=instances, proven=proven)
    releases = (release, *(r for r in record.releases if r.id != release.id))
    return dataclasses.replace(record, releases=_bounded(releases), counts=dict(counts))


def starting(counts: Mapping[str, int], before: Release, after: Release) -> dict[str, int]:
    """The counts that `after` starts with: as many instances per share of the traffic as `before` has now.

    The champion's count tells what the traffic needs; where it has none there is nothing to start with. A challenger
    that goes on answering, as such or as the champion, has no fewer than it has now, unless its share falls: its model
    may need more of them than the champion's. Without this an update would reset all to the configured start (the
    provider has no RetainAllVariantProperties).
    """
    champion = counts.get(CHAMPION, 0)
    if not champion:
        return {}
    shares = {**after.weights, **({SHADOW: after.shadow_percent} if after.shadow else {})}
    start = {name: max(1, _of_share(champion, share, before.weights[CHAMPION])) for name, share in shares.items()}
    if CHALLENGER in start:  # a champion that gives traffic away is scaled in by its policy, not by the release
        start[CHAMPION] = max(start[CHAMPION], champion)
    for name, package in after.packages.items():
        if package == before.challenger:
            had, share = counts.get(CHALLENGER, 0), before.challenger_percent
            start[name] = max(start[name], _of_share(had, min(share, shares[name]), share))
    return start


def _of_share(count: int, share: int, of: int) -> int:
    """As many for `share` as `count` are for `of`, rounded up."""
    return -(-count * share // of)


def _bounded(releases: Iterable[Release]) -> tuple[Release, ...]:
    """At most MAX_RELEASES: the wanted one, the live one and the newest good one stay, then the newest others."""
    found = list(releases)
    live = next((index for index, release in enumerate(found) if release.status is Status.LIVE), 0)
    kept = {0, live, next((index for index, release in enumerate(found) if release.good), 0)}
    for index in range(len(found)):
        if len(kept) < MAX_RELEASES:
            kept.add(index)
    return tuple(release for index, release in enumerate(found) if index in kept)


def _failed(release: Release, reason: str) -> Release:
    return dataclasses.replace(release, status=Status.FAILED, reason=reason, began="", proven=False)


def _attempt(release: Release) -> int:
    return release.attempt


def _rewritten(record: Record, wanted: Release) -> Record:
    return dataclasses.replace(record, releases=(wanted, *record.releases[1:]))


def _without(record: Record, *left_out: Release) -> list[Release]:
    ids = {release.id for release in left_out}
    return [release for release in record.releases if release.id not in ids]


def _ids(record: Record) -> list[str]:
    return [release.id for release in record.releases]
