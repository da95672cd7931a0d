"""What the endpoint should look like, decided from release record, settings and what serves: pure, no resources.

What a configuration starts with is what its variants have as the program runs, within the new settings' limits. Such a
number would be another one in each run, and each would roll out: so the configuration that serves stays with what it
began with as long as nothing else of it changes, and those of the other releases with what the record says of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import pulumi

from contracts.release import CHALLENGER, CHAMPION, SHADOW, Record, starting
from contracts.release import Release as Recorded
from contracts.release.live import Serving
from settings import LEAST_INSTANCES, Asynchronous, Fleet, RequestFleet, Workload

S = TypeVar("S", RequestFleet, Asynchronous)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One variant of a release: which package it serves, its share of the traffic and its instances."""

    name: str
    package: str
    weight: int
    instances: int


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of the record as an endpoint configuration.

    `shadows` get copies of the requests: their weight over the champion's is the share that is copied. `began` is the
    same with what the configuration that serves began with, if it is one of this release.
    """

    id: str
    variants: tuple[Variant, ...]
    shadows: tuple[Variant, ...] = ()
    began: Release | None = None


def plan(record: Record, settings: Fleet, where: str, serving: Serving | None = None) -> list[Release]:
    """Every release of the record, the wanted one first; `serving` is what serves now.

    Each gets a configuration, so that the endpoint can move back at once. That of the wanted one starts with the
    instances that live, else with those of the record, held between what the rollout can work with and what autoscaling
    may ever reach; where it is that release that serves, with the live shares of the traffic too. Those of the others
    start as the record says, for they are there.

    Raises pulumi.RunError for a rolling update of several variants, which SageMaker refuses; `where` is the endpoint's
    config key.
    """
    if settings.rollout.kind == "rolling":
        _refuse_several(record, where)
    found = [_as_recorded(release, settings) for release in record.releases]
    found[0] = _wanted(record, settings, serving)
    if serving and serving.started:
        found = [_with_beginning(each, serving) for each in found]
    return found


def _as_recorded(release: Recorded, settings: Fleet) -> Release:
    first = {name: _held(settings.instance_count, _of(name, release, settings)) for name in _names(release)}
    return _release(release, {}, {**first, **release.instances})


def _wanted(record: Record, settings: Fleet, serving: Serving | None) -> Release:
    wanted, weights = record.wanted, dict[str, float]()
    counts = {**dict.fromkeys(_names(wanted), settings.instance_count), **wanted.instances}
    if serving and not serving.live.failed:
        live = serving.live
        if live.release == wanted.id:
            found, weights = live.counts, live.weights
        else:
            before = next((each for each in record.releases if each.id == live.release), record.serving)
            found = starting(live.counts, before, wanted)
        least = {name: _of(name, wanted, settings).least_instances or 0 for name in _scale(wanted, settings)}
        counts |= {name: max(count, least.get(name, 0)) for name, count in found.items()}
    return _release(
        wanted, weights, {name: _held(count, _of(name, wanted, settings)) for name, count in counts.items()}
    )


def _with_beginning(release: Release, serving: Serving) -> Release:
    """What the configuration that serves would be called is compared where its name is known (`fleet`)."""
    its, began = (*release.variants, *release.shadows), serving.started
    if serving.live.release != release.id or {each.name for each in its} != set(began):
        return release

    def as_it_began(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        return tuple(
            replace(each, instances=began[each.name].instances, weight=round(began[each.name].weight))
            for each in variants
        )

    same = replace(release, variants=as_it_began(release.variants), shadows=as_it_began(release.shadows))
    return replace(release, began=same)


def _of(name: str, release: Recorded, settings: Fleet) -> Fleet:
    """The settings as they are for one of the variants of a release."""
    return settings.of_challenger(release.challenger_percent) if name == CHALLENGER else settings


def _scale(release: Recorded, settings: Fleet) -> list[str]:
    """The variants that may scale by themselves."""
    beside = isinstance(settings, RequestFleet | Asynchronous) and _challenger_scales(release, settings)
    return [CHAMPION, CHALLENGER] if beside else [CHAMPION]


def _names(release: Recorded) -> list[str]:
    return [*release.packages, *release.shadows]


def _refuse_several(record: Record, where: str) -> None:
    """The endpoint moves from the release that serves to the wanted one, wherever in the record they stand."""
    for role, release in (("is wanted", record.wanted), ("serves", record.serving)):
        if beside := next((name for name in (CHALLENGER, SHADOW) if getattr(release, name)), None):
            raise pulumi.RunError(
                f"{where}.rollout.kind: found rolling, and release {release.id}, which {role}, has a {beside}; "
                "allowed: all_at_once, canary, linear; choose one until the test is over and deployed, and "
                "`python -m automation follow` has written that into the record"
            )


def _release(release: Recorded, weights: Mapping[str, float], counts: Mapping[str, int]) -> Release:
    """A release whose variants have these numbers of instances, and these weights in place of its own."""

    def variant(name: str, package: str, weight: int) -> Variant:
        return Variant(name=name, package=package, weight=weight, instances=counts[name])

    shares = {name: round(weights.get(name, weight)) for name, weight in release.weights.items()}
    return Release(
        id=release.id,
        variants=tuple(variant(name, package, shares[name]) for name, package in release.packages.items()),
        shadows=tuple(variant(name, package, release.shadow_percent) for name, package in release.shadows.items()),
    )


def _held(wanted: int, settings: Fleet) -> int:
    held = max(wanted, LEAST_INSTANCES[settings.rollout.kind])
    return held if settings.most_instances is None else min(held, settings.most_instances)


def scaled(release: Recorded, settings: S) -> dict[str, S]:
    """The variants of a release that scale by themselves, by name, each with the settings that say how.

    The champion keeps the limits that the settings name, for it may get all the traffic back at once; a challenger has
    its share of them.
    """
    if not settings.autoscaling.enabled:
        return {}
    if not _challenger_scales(release, settings):
        return {CHAMPION: settings}
    return {CHAMPION: settings, CHALLENGER: settings.of_challenger(release.challenger_percent)}


def _challenger_scales(release: Recorded, settings: RequestFleet | Asynchronous) -> bool:
    how = settings.autoscaling
    return release.challenger is not None and how.enabled and how.challenger


def challenged(workload: Workload, records: Mapping[str, Record]) -> list[str]:
    """The endpoints of a workload that run with a challenger that scales: a rollback takes that away, which SageMaker
    refuses as long as it does.
    """
    return [
        name
        for name, its in workload.endpoints.items()
        if name in records
        and its.state == "running"
        and isinstance(its, RequestFleet | Asynchronous)
        and _challenger_scales(records[name].wanted, its)
    ]


def package_id(arn: str) -> str:
    """`<group>-<version>` of a model package."""
    _, group, version = arn.rsplit("/", 2)
    return f"{group}-{version}"
