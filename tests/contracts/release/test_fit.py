"""A record says no more than endpoints of its kind can serve."""

from __future__ import annotations

import dataclasses

import pytest

from contracts import release
from contracts.kinds import KINDS, REALTIME
from contracts.release import Record, ReleaseError, fit
from tests.contracts.release.records import FIRST, SECOND, at, package

SPLIT = release.split_traffic(SECOND, package(3), 10, who="ana", why="try", when=at(3))
SHADOWED = release.mirror_traffic(SECOND, package(3), 50, who="ana", why="look", when=at(3))
MANY = release.serve_models(None, package(1), {"de": package(2), "fr": package(3)}, who="ana", why="all", when=at(1))


def told(record: Record, **facts: object) -> str:
    with pytest.raises(ReleaseError) as caught:
        fit.check(record, dataclasses.replace(REALTIME, **facts))  # pyright: ignore[reportArgumentType]
    return str(caught.value)


@pytest.mark.parametrize("record", [FIRST, SECOND, SPLIT])
@pytest.mark.parametrize("kind", KINDS)
def test_a_champion_alone_fits_and_a_challenger_where_variants_share_traffic(record: Record, kind: str) -> None:
    if KINDS[kind].models:
        with pytest.raises(ReleaseError, match="models: found none"):
            fit.check(record, KINDS[kind])
    elif record is SPLIT and KINDS[kind].most_variants == 1:
        with pytest.raises(ReleaseError) as caught:
            fit.check(record, KINDS[kind])
        where = f"allowed on an endpoint of kind {kind}: at most 1"
        assert str(caught.value) == f"release {SPLIT.wanted.id}: variants: found champion, challenger; {where}"
    else:
        fit.check(record, KINDS[kind])


def test_what_the_kind_is_able_to_do_fits() -> None:
    fit.check(SHADOWED, REALTIME)
    fit.check(MANY, dataclasses.replace(REALTIME, models=True))


def test_a_shadow_where_the_kind_has_none() -> None:
    assert told(SHADOWED, shadow=False) == (
        f"release {SHADOWED.wanted.id}: shadow: found {package(3)}; allowed on an endpoint of kind realtime: none"
    )


def test_further_models_where_the_kind_serves_one() -> None:
    assert told(MANY) == (
        f"release {MANY.wanted.id}: models: found champion, de, fr; allowed on an endpoint of kind realtime: none, the "
        "champion alone"
    )


def test_a_release_without_names_where_the_kind_serves_models_by_name() -> None:
    assert told(FIRST, name="multi_model", models=True) == (
        f"release {FIRST.wanted.id}: models: found none; allowed on an endpoint of kind multi_model: the champion and "
        "others, by name; no endpoint of another kind becomes one: give it another name"
    )


def test_a_challenger_where_the_kind_has_one_variant() -> None:
    assert told(SPLIT, name="serverless", most_variants=1) == (
        f"release {SPLIT.wanted.id}: variants: found champion, challenger; allowed on an endpoint of kind serverless: "
        "at most 1"
    )


def test_releases_that_are_kept_for_a_rollback_are_held_to_it_too() -> None:
    record = release.promote(release.settle(SHADOWED, SHADOWED.wanted.id), package(4), who="ana", why="on", when=at(4))
    assert record.wanted.shadow is None
    assert told(record, shadow=False).startswith(f"release {SHADOWED.wanted.id}: shadow: found ")
