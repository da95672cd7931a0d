from __future__ import annotations

import dataclasses
import struct
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

from components.serving.plan import Release, Variant, package_id, plan
from contracts import release
from contracts.release import Record
from contracts.release.live import Live, Serving, Started
from settings import Asynchronous, Realtime

MORNING = {"at": "08:00", "minimum": 12, "maximum": 30}
WHERE = "ml-platform:workloads.churn.endpoints.live"
GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging"
FIRST, SECOND, THIRD = (f"{GROUP}/{version}" for version in (1, 2, 3))


def record(*, counts: dict[str, int] | None = None, split: bool = False, shadow: bool = False) -> Record:
    """Two releases, or three, that were live one after the other; `counts` are what their configurations start with."""
    one = release.promote(None, FIRST, when="2025-01-06T09:00:00+00:00", who="test", why="test")
    found = release.promote(live(one), SECOND, when="2025-01-13T09:00:00+00:00", who="test", why="test")
    if split:
        found = release.split_traffic(live(found), THIRD, 10, when="2025-01-20T09:00:00+00:00", who="test", why="test")
    if shadow:
        found = release.mirror_traffic(live(found), THIRD, 25, when="2025-01-20T09:00:00+00:00", who="test", why="test")
    releases = tuple(dataclasses.replace(each, instances=counts or {}) for each in live(found).releases)
    return dataclasses.replace(live(found), releases=releases)


def challenged(percent: int, counts: dict[str, int] | None = None) -> Record:
    """An A/B test whose challenger has that share, live after two other releases."""
    when = "2025-01-20T09:00:00+00:00"
    found = live(release.split_traffic(record(), THIRD, percent, when=when, who="test", why="test"))
    return dataclasses.replace(
        found, releases=tuple(dataclasses.replace(each, instances=counts or {}) for each in found.releases)
    )


def live(found: Record) -> Record:
    """As it is once the wanted release has been deployed."""
    return release.settle(found, found.wanted.id)


def test_every_release_is_planned_the_wanted_one_first() -> None:
    found = record()
    assert plan(found, Realtime(instance_count=4), WHERE) == [
        Release(
            id=found.releases[0].id,
            variants=(Variant(name="champion", package=SECOND, weight=100, instances=4),),
        ),
        Release(
            id=found.releases[1].id,
            variants=(Variant(name="champion", package=FIRST, weight=100, instances=4),),
        ),
    ]


def test_an_ab_test_has_two_variants_with_integer_weights() -> None:
    wanted = plan(record(split=True), Realtime(), WHERE)[0]
    assert wanted.variants == (
        Variant(name="champion", package=SECOND, weight=90, instances=3),
        Variant(name="challenger", package=THIRD, weight=10, instances=3),
    )


def test_a_shadow_stands_beside_the_champion_which_answers_everything() -> None:
    wanted = plan(record(shadow=True, counts={"champion": 8, "shadow": 4}), Realtime(), WHERE)[0]
    assert wanted.variants == (Variant(name="champion", package=SECOND, weight=100, instances=8),)
    assert wanted.shadows == (Variant(name="shadow", package=THIRD, weight=25, instances=4),)


@pytest.mark.parametrize("percent", range(1, 101))
def test_the_sampling_of_a_shadow_is_exact_as_a_32_bit_float(percent: int) -> None:
    found = release.mirror_traffic(record(), THIRD, percent, when="2025-01-20T09:00:00+00:00", who="t", why="t")
    (shadow,) = plan(found, Realtime(), WHERE)[0].shadows
    assert struct.unpack("f", struct.pack("f", shadow.weight)) == (percent,)


@pytest.mark.parametrize(
    ("settings", "reached", "planned"),
    [
        ({}, 7, 7),  # what autoscaling had reached stays
        ({}, 1, 3),  # a canary needs 3
        ({"rollout": {"kind": "all_at_once"}}, 1, 1),
        ({"rollout": {"kind": "rolling"}}, 1, 2),
        ({"autoscaling": {"maximum": 5, "schedules": ()}}, 7, 5),  # a maximum that was lowered since
        ({"autoscaling": {"schedules": (MORNING,)}}, 20, 20),
        ({"autoscaling": {"schedules": (MORNING,)}}, 31, 30),
        ({"autoscaling": {"enabled": False}}, 20, 20),  # people scale it
    ],
)
def test_live_counts_are_kept_within_what_is_possible(settings: dict[str, object], reached: int, planned: int) -> None:
    releases = plan(record(counts={"champion": reached}), Realtime.model_validate(settings), WHERE)
    assert [v.instances for r in releases for v in r.variants] == [planned, reached]  # that before it is there already


CONFIG = "churn-prod-live-{}-0123abcd"


def serving(release_id: str, counts: dict[str, int], began: dict[str, Started], **more: Any) -> Serving:
    """What serves: a release by a configuration that began so, with so many instances now."""
    live = Live(
        endpoint="churn-prod-live",
        status=more.get("status", "InService"),
        config=CONFIG.format(release_id),
        release=release_id,
        counts=counts,
        weights=more.get("weights", {"champion": 100.0}),
        changed=datetime(2025, 1, 20, tzinfo=UTC),
        failure="",
    )
    return Serving(live=live, started=began)


def champion(instances: int) -> dict[str, Started]:
    return {"champion": Started(instances=instances, weight=100.0)}


@pytest.mark.parametrize(
    ("settings", "live", "planned"),
    [
        ({}, 8, 8),
        ({"rollout": {"kind": "all_at_once"}}, 1, 1),
        ({"rollout": {"kind": "all_at_once"}, "autoscaling": {"minimum": 2, "schedules": ()}}, 1, 2),
        ({"autoscaling": {"minimum": 4, "schedules": ()}}, 3, 4),
        ({"autoscaling": {"minimum": 4, "schedules": (MORNING,)}}, 3, 4),
        ({"autoscaling": {"maximum": 6, "schedules": ()}}, 8, 6),
        ({"autoscaling": {"enabled": False}}, 20, 20),
    ],
)
def test_what_serves_is_changed_with_the_instances_that_live_within_the_new_limits(
    settings: dict[str, object], live: int, planned: int
) -> None:
    found, now = record(counts={"champion": 3}), {"champion": live}
    wanted, before = plan(found, Realtime.model_validate(settings), WHERE, serving(found.wanted.id, now, champion(5)))
    assert [each.instances for each in wanted.variants] == [planned]
    assert wanted.began is not None
    assert [each.instances for each in wanted.began.variants] == [5]  # whatever the limits say: it is there
    assert ([each.instances for each in before.variants], before.began) == ([3], None)


def test_a_release_that_was_promoted_long_ago_starts_with_the_instances_that_live_now() -> None:
    promoted_at_three = promoted(record(counts={"champion": 3}), THIRD)
    before = promoted_at_three.serving
    wanted, serves, _ = plan(promoted_at_three, Realtime(), WHERE, serving(before.id, {"champion": 8}, champion(3)))
    assert [each.instances for each in wanted.variants] == [8]
    assert (wanted.began, serves.began) == (None, dataclasses.replace(serves, began=None))


def test_the_shares_of_a_test_that_people_moved_by_hand_stay_with_an_update_of_settings() -> None:
    found = record(split=True, counts={"champion": 3, "challenger": 3})
    began = {name: Started(instances=3, weight=weight) for name, weight in (("champion", 90.0), ("challenger", 10.0))}
    now = serving(
        found.wanted.id, {"champion": 5, "challenger": 4}, began, weights={"champion": 75.0, "challenger": 25.0}
    )
    wanted = plan(found, Realtime(), WHERE, now)[0]
    # of the challenger no more than the share of the limits that its release names
    assert [(each.weight, each.instances) for each in wanted.variants] == [(75, 5), (25, 3)]
    assert wanted.began is not None
    assert [(each.weight, each.instances) for each in wanted.began.variants] == [(90, 3), (10, 3)]


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed"])
def test_of_a_failed_endpoint_nobody_knows_what_lives(status: str) -> None:
    found = record(counts={"champion": 4})
    now = serving(found.wanted.id, {"champion": 1}, {}, status=status)
    assert plan(found, Realtime(), WHERE, now) == plan(found, Realtime(), WHERE)


def test_instances_that_all_went_are_started_as_few_as_the_rollout_works_with() -> None:
    found = record(counts={"champion": 7})
    asleep = plan(
        found, Asynchronous(kind="asynchronous"), WHERE, serving(found.wanted.id, {"champion": 0}, champion(7))
    )[0]
    assert [each.instances for each in asleep.variants] == [3]


def test_a_rollback_changes_no_configuration() -> None:
    before = record(counts={"champion": 5})
    after = release.roll_back(before, when="2025-01-14T09:00:00+00:00", who="test", why="test")
    assert plan(after, Realtime(), WHERE)[0] == plan(before, Realtime(), WHERE)[1]
    assert set(plan(after, Realtime(), WHERE)) == set(plan(before, Realtime(), WHERE))


def test_a_promotion_changes_no_configuration_of_the_releases_before_it() -> None:
    before = record(counts={"champion": 3})
    after = release.promote(before, THIRD, when="2025-01-14T09:00:00+00:00", who="t", why="t", counts={"champion": 8})
    assert [v.instances for v in plan(after, Realtime(), WHERE)[0].variants] == [8]
    assert plan(after, Realtime(), WHERE)[1:] == plan(before, Realtime(), WHERE)


ROLLING = Realtime.model_validate({"rollout": {"kind": "rolling"}})


def promoted(found: Record, package: str) -> Record:
    return release.promote(found, package, when="2025-01-27T09:00:00+00:00", who="test", why="test")


def refused(of: str, role: str, beside: str) -> str:
    return (
        f"{WHERE}.rollout.kind: found rolling, and release {of}, which {role}, has a {beside}; "
        "allowed: all_at_once, canary, linear; choose one until the test is over and deployed, and "
        "`python -m automation follow` has written that into the record"
    )


def fault(found: Record) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        plan(found, ROLLING, WHERE)
    return str(caught.value)


def test_rolling_updates_wait_for_the_end_of_an_ab_test() -> None:
    test = record(split=True)
    assert fault(test) == refused(test.wanted.id, "is wanted", "challenger")
    ended = promoted(test, THIRD)  # the endpoint still serves two variants when the update starts
    assert fault(ended) == refused(test.wanted.id, "serves", "challenger")
    assert plan(live(ended), ROLLING, WHERE)[0].variants[0].package == THIRD


def test_rolling_updates_wait_wherever_in_the_record_the_ab_test_stands_that_serves() -> None:
    test = record(split=True)
    twice = promoted(promoted(test, FIRST), THIRD)  # neither was deployed
    assert twice.releases.index(twice.serving) == 2
    assert fault(twice) == refused(test.wanted.id, "serves", "challenger")


def test_rolling_updates_wait_for_the_end_of_a_shadow_too() -> None:
    found = record(shadow=True)
    assert fault(found) == refused(found.wanted.id, "is wanted", "shadow")


def test_a_package_by_group_and_version() -> None:
    assert package_id(THIRD) == "churn-staging-3"
