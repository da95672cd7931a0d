"""What the endpoint should look like, decided from the release record and the settings: pure, no resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from contracts.release import CHALLENGER, SHADOW, Record
from contracts.release import Release as Recorded
from settings import LEAST_INSTANCES, Fleet


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

    `shadows` get copies of the requests: their weight over the champion's is the share that is copied.
    """

    id: str
    variants: tuple[Variant, ...]
    shadows: tuple[Variant, ...] = ()


def plan(record: Record, settings: Fleet, where: str) -> list[Release]:
    """Every release of the record, the wanted one first.

    Each gets a configuration, so that the endpoint can move back at once. It starts with the instance counts that
    autoscaling had reached when the release was promoted, held between what the rollout can work with and what
    autoscaling may ever reach. A configuration depends on nothing else of the record, so a rollback by the function and
    the next deployment come to the same.

    Raises pulumi.RunError for a rolling update of several variants, which SageMaker refuses; `where` is the endpoint's
    config key.
    """
    if settings.rollout.kind == "rolling":
        _refuse_several(record, where)
    return [
        Release(
            id=release.id,
            variants=_variants(release, release.packages, release.weights, settings),
            shadows=_variants(release, release.shadows, {SHADOW: release.shadow_percent}, settings),
        )
        for release in record.releases
    ]


def _refuse_several(record: Record, where: str) -> None:
    """The endpoint moves from the release that serves to the wanted one, wherever in the record they stand."""
    for role, release in (("is wanted", record.wanted), ("serves", record.serving)):
        if beside := next((name for name in (CHALLENGER, SHADOW) if getattr(release, name)), None):
            raise pulumi.RunError(
                f"{where}.rollout.kind: found rolling, and release {release.id}, which {role}, has a {beside}; "
                "allowed: all_at_once, canary, linear; choose one until the test is over and deployed, and "
                "`python -m automation follow` has written that into the record"
            )


def _variants(
    release: Recorded, packages: Mapping[str, str], weights: Mapping[str, int], settings: Fleet
) -> tuple[Variant, ...]:
    return tuple(
        Variant(
            name=name,
            package=package,
            weight=weights[name],
            instances=_instances(release.instances.get(name, settings.instance_count), settings),
        )
        for name, package in packages.items()
    )


def _instances(wanted: int, settings: Fleet) -> int:
    held = max(wanted, LEAST_INSTANCES[settings.rollout.kind])
    return held if settings.most_instances is None else min(held, settings.most_instances)


def package_id(arn: str) -> str:
    """`<group>-<version>` of a model package."""
    _, group, version = arn.rsplit("/", 2)
    return f"{group}-{version}"
