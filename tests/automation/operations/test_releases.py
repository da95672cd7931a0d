from __future__ import annotations

from typing import Any

import pytest

from automation.operations import releases
from automation.operations.errors import RefusedError
from automation.operations.releases import By
from contracts import release
from contracts.release import Record, ReleaseError, Status
from contracts.release.lock import BusyError
from tests.automation.conftest import BAKING, Platform
from tests.contracts.release.conftest import together

BY = By(who="ana", why="better")


def promote(platform: Platform, package: str) -> Record:
    return releases.promote(platform.names, package, by=BY, clients=platform.clients)


def deployed(platform: Platform, package: str) -> Record:
    """`package` promoted, rolled out and seen to serve."""
    platform.up(promote(platform, package))
    return follow(platform).record


def follow(platform: Platform, *, patience_seconds: float = 60) -> releases.Followed:
    return releases.follow(
        platform.names,
        who="ana",
        clients=platform.clients,
        patience_seconds=patience_seconds,
        sleep=lambda _: None,
    )


def roll_back(platform: Platform, told: list[str]) -> Any:
    return releases.roll_back(
        platform.names,
        by=By(who="ben", why="wrong scores"),
        clients=platform.clients,
        tell=lambda subject, _: told.append(subject),
        patience_seconds=60,
    )


def stored(platform: Platform) -> Record | None:
    return releases.read(platform.names, platform.clients)


def test_a_promoted_package_is_live_once_it_was_followed(platform: Platform) -> None:
    package = platform.register()
    assert stored(platform) is None
    record = promote(platform, package)
    assert (record.wanted.champion, record.wanted.status) == (package, Status.CANDIDATE)
    assert (record.wanted.who, record.wanted.why) == ("ana", "better")
    platform.up(record)
    assert follow(platform).record.live == stored(platform).live  # pyright: ignore[reportOptionalMemberAccess]
    assert stored(platform).wanted.status is Status.LIVE  # pyright: ignore[reportOptionalMemberAccess]


def test_a_version_of_the_workloads_group_is_enough(platform: Platform) -> None:
    package = platform.register()
    assert promote(platform, "1").wanted.champion == package


@pytest.mark.parametrize("package", ["7", "no package", "arn:aws:sagemaker:eu-west-1:123456789012:model-package/x/1"])
def test_a_package_that_is_not_there_is_refused(platform: Platform, package: str) -> None:
    platform.register()
    with pytest.raises(RefusedError, match=f"package: found '{package}'; allowed: the version or ARN of a package of"):
        promote(platform, package)
    assert stored(platform) is None


def test_a_package_that_nobody_approved_is_refused(platform: Platform) -> None:
    package = platform.register(approved=False)
    with pytest.raises(RefusedError) as caught:
        promote(platform, package)
    assert str(caught.value) == f"{package} is PendingManualApproval; allowed: Approved; approve it first"


def test_promoting_twice_keeps_the_known_good_release(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    promote(platform, second)
    with pytest.raises(ReleaseError, match="is wanted already since"):
        promote(platform, second)
    record = stored(platform)
    assert record is not None
    assert [r.champion for r in record.releases] == [second, first]
    assert record.known_good == record.releases[1]


def test_an_ab_test_promoted_and_rolled_back_keeps_the_eight_instances(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    platform.scale(champion=8)
    test = releases.split(platform.names, second, 50, by=BY, clients=platform.clients)
    assert test.wanted.instances == {"champion": 8, "challenger": 4}
    platform.up(test)
    counts = {v["VariantName"]: v["DesiredInstanceCount"] for v in platform.settled()["ProductionVariants"]}
    assert counts == {"champion": 8, "challenger": 4}
    platform.scale(champion=4)
    record = promote(platform, second)
    assert (record.wanted.instances, record.counts) == ({"champion": 8}, {"champion": 4, "challenger": 4})
    platform.up(record)
    told: list[str] = []
    assert roll_back(platform, told).live == test.wanted.id
    assert platform.settled()["EndpointConfigName"] == platform.config(test.wanted.id)
    counts = {v["VariantName"]: v["DesiredInstanceCount"] for v in platform.settled()["ProductionVariants"]}
    assert counts == {"champion": 8, "challenger": 4}
    assert told == [f"{platform.names.prefix} rolled back"]


def test_a_shadow_of_eight_instances_is_promoted_and_rolled_back_with_the_eight(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    platform.scale(champion=8)
    test = releases.shadow(platform.names, second, 50, by=BY, clients=platform.clients)
    assert test.wanted.instances == {"champion": 8, "shadow": 4}
    platform.up(test)
    found = platform.settled()
    assert [v["DesiredInstanceCount"] for v in found["ProductionVariants"]] == [8]
    assert [v["DesiredInstanceCount"] for v in found["ShadowProductionVariants"]] == [4]
    record = promote(platform, second)
    assert (record.wanted.champion, record.wanted.shadow) == (second, None)
    assert (record.wanted.instances, record.counts) == ({"champion": 8}, {"champion": 8, "shadow": 4})
    platform.up(record)
    assert roll_back(platform, []).live == test.wanted.id
    assert "ShadowProductionVariants" in platform.settled()


def test_a_shadow_is_ended_and_the_champion_serves_alone(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    alone = deployed(platform, first)
    platform.up(releases.shadow(platform.names, second, 10, by=BY, clients=platform.clients))
    ended = releases.end_shadow(platform.names, by=BY, clients=platform.clients)
    assert (ended.wanted.id, ended.wanted.instances) == (alone.wanted.id, {"champion": 3})
    assert [r.shadow for r in ended.releases] == [None, second]
    with pytest.raises(RefusedError, match="has no shadow; `shadow` puts one behind its champion"):
        releases.end_shadow(platform.names, by=BY, clients=platform.clients)


def test_a_shadow_needs_a_champion(platform: Platform) -> None:
    with pytest.raises(ReleaseError, match="has no champion yet to stand behind: promote one first"):
        releases.shadow(platform.names, platform.register(), 10, by=BY, clients=platform.clients)


def test_the_lost_record_of_a_shadowed_endpoint_is_rebuilt(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    test = releases.shadow(platform.names, second, 10, by=BY, clients=platform.clients)
    platform.up(test)
    lose(platform)
    wanted = follow(platform).record.wanted
    assert (wanted.id, wanted.shadow, wanted.shadow_percent) == (test.wanted.id, second, 10)


def test_the_lost_record_of_what_failed_before_it_served_is_rebuilt(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    deployed(platform, second)
    roll_back(platform, [])
    again = promote(platform, second)
    assert again.wanted.attempt == 1
    platform.up(again)
    lose(platform)
    wanted = follow(platform).record.wanted
    assert (wanted.id, wanted.champion) == (again.wanted.id, second)


def test_a_test_needs_a_champion(platform: Platform) -> None:
    with pytest.raises(ReleaseError, match="has no champion yet to share its traffic: promote one first"):
        releases.split(platform.names, platform.register(), 10, by=BY, clients=platform.clients)


def test_two_promotions_at_once_both_stand_in_the_record(platform: Platform) -> None:
    first, second, third = (platform.register() for _ in range(3))
    deployed(platform, first)
    results = together(lambda: promote(platform, second), lambda: promote(platform, third))
    assert all(isinstance(result, Record) for result in results), results
    record = stored(platform)
    assert record is not None
    assert {r.champion for r in record.releases} == {first, second, third}
    assert record.live is not None
    assert record.live.champion == first


def test_a_promotion_against_a_rollback_loses_neither(platform: Platform) -> None:
    first, second, third = (platform.register() for _ in range(3))
    deployed(platform, first)
    deployed(platform, second)
    outcome, promoted = together(lambda: roll_back(platform, []), lambda: promote(platform, third))
    record = stored(platform)
    assert record is not None
    if isinstance(promoted, BusyError):  # the endpoint was on its way back
        assert {r.champion for r in record.releases} == {first, second}
    else:
        assert {r.champion for r in record.releases} == {first, second, third}
    assert outcome.live in {r.id for r in record.releases}


def test_following_what_is_not_deployed_says_what_to_do(platform: Platform) -> None:
    with pytest.raises(RefusedError, match="has no release yet: promote a package"):
        follow(platform)
    first, second = platform.register(), platform.register()
    record = promote(platform, first)
    with pytest.raises(RefusedError, match="is not there yet: run `pulumi up`, which makes it"):
        follow(platform)
    platform.up(record)
    record = promote(platform, second)
    with pytest.raises(RefusedError, match=f"release {record.wanted.id} is promoted and not deployed: run `pulumi up`"):
        follow(platform)


def test_what_is_not_deployed_has_not_failed_where_the_endpoint_scaled(platform: Platform) -> None:
    """The end of an A/B test: its configuration has been there since before the test."""
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    platform.up(releases.split(platform.names, second, 50, by=BY, clients=platform.clients))
    follow(platform)
    record = promote(platform, first)
    platform.scale(champion=5)
    with pytest.raises(RefusedError, match=f"release {record.wanted.id} is promoted and not deployed: run `pulumi up`"):
        follow(platform)
    assert stored(platform) == record


def test_of_a_rollout_that_could_not_begin_nothing_stays_and_of_one_that_did_it_stays(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    record = promote(platform, second)
    begin(platform, record)
    releases.withdraw(platform.names, who="pulumi up", clients=platform.clients)
    withdrawn = stored(platform)
    assert withdrawn is not None
    assert withdrawn.wanted == record.wanted
    begin(platform, record)
    begun = stored(platform)
    assert begun is not None
    assert begun.wanted.began
    platform.scale(champion=5)  # changed since
    releases.withdraw(platform.names, who="pulumi up", clients=platform.clients)
    found = stored(platform)
    assert found is not None
    assert found.wanted == begun.wanted


def test_a_rollout_that_begins_writes_what_its_configuration_starts_with_and_what_that_did_which_it_leaves(
    platform: Platform,
) -> None:
    """`up` may find another number live than whoever promoted, and configurations are declared as they are."""
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    platform.scale(champion=8)
    record = promote(platform, second)
    assert record.wanted.instances == {"champion": 8}
    config = platform.config(record.wanted.id)
    (variant,) = platform.client("sagemaker").describe_endpoint_config(
        EndpointConfigName=platform.config(record.releases[1].id)
    )["ProductionVariants"]
    platform.client("sagemaker").create_endpoint_config(
        EndpointConfigName=config, ProductionVariants=[variant | {"InitialInstanceCount": 6}]
    )  # as an update that found six live
    releases.begin(
        platform.names,
        record.wanted.id,
        who="pulumi up",
        clients=platform.clients,
        config=config,
    )
    found = stored(platform)
    assert found is not None
    assert [each.instances for each in found.releases] == [{"champion": 6}, {"champion": 3}]


def begin(platform: Platform, record: Record) -> None:
    releases.begin(platform.names, record.wanted.id, who="pulumi up", clients=platform.clients)


def test_a_rollout_does_not_begin_of_what_is_not_wanted_any_more(platform: Platform) -> None:
    first, second, third = (platform.register() for _ in range(3))
    deployed(platform, first)
    old = promote(platform, second)
    new = promote(platform, third)
    with pytest.raises(
        ReleaseError, match=f"release {old.wanted.id} is not wanted any more, but {new.wanted.id}, by ana"
    ):
        begin(platform, old)
    assert stored(platform) == new
    lose(platform)
    begin(platform, old)  # nothing to write it into: `follow` rebuilds it
    assert stored(platform) is None


def test_a_rollout_that_is_turned_back_is_failed_with_the_reason(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    before = deployed(platform, first)
    platform.up(promote(platform, second))
    platform.up(before)  # as the rollout's alarm does
    followed = follow(platform)
    assert followed.failed is not None
    assert (followed.failed.champion, followed.failed.status) == (second, Status.FAILED)
    assert followed.failed.reason == (
        f"the rollout was turned back, the endpoint serves {platform.config(before.wanted.id)}"
    )
    assert stored(platform) == followed.record
    assert followed.record.wanted.champion == first


def test_an_endpoint_that_takes_too_long_is_busy(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    platform.up(promote(platform, second), wait=False, **BAKING)
    with pytest.raises(BusyError, match="is still Updating after 0 s; follow again"):
        follow(platform, patience_seconds=0)
    platform.settled()


def lose(platform: Platform) -> None:
    platform.client("ssm").delete_parameter(Name=platform.names.release_parameter)


def test_a_lost_record_comes_back_by_promoting_what_is_live(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    before = releases.split(platform.names, second, 10, by=BY, clients=platform.clients)
    platform.up(before)
    lose(platform)
    record = promote(platform, first)
    assert record.wanted.id == before.wanted.id
    assert record.wanted.status is Status.LIVE
    assert stored(platform) == record


def test_a_lost_record_comes_back_by_following(platform: Platform) -> None:
    before = deployed(platform, platform.register())
    platform.scale(champion=8)
    lose(platform)
    record = follow(platform).record
    assert (record.live, record.counts) == (record.wanted, {"champion": 8})
    assert record.wanted.id == before.wanted.id
    assert stored(platform) == record


def test_promoting_another_package_over_a_lost_record_keeps_what_is_live(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    lose(platform)
    record = promote(platform, second)
    assert [(r.champion, r.status) for r in record.releases] == [(second, Status.CANDIDATE), (first, Status.LIVE)]


def test_an_endpoint_of_somebody_else_is_not_taken_for_the_lost_record(platform: Platform) -> None:
    first = platform.register()
    record = deployed(platform, first)
    sagemaker = platform.client("sagemaker")
    other = sagemaker.describe_endpoint_config(EndpointConfigName=platform.config(record.wanted.id))
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{platform.names.prefix}-other", ProductionVariants=other["ProductionVariants"]
    )
    sagemaker.update_endpoint(EndpointName=platform.names.prefix, EndpointConfigName=f"{platform.names.prefix}-other")
    platform.settled()
    lose(platform)
    with pytest.raises(ReleaseError, match=r"is lost and cannot be rebuilt from configuration .*-other: it serves"):
        promote(platform, first)


def test_rolling_back_by_hand_with_nothing_good_is_refused(platform: Platform) -> None:
    deployed(platform, platform.register())
    with pytest.raises(ReleaseError, match="there is no known good release before"):
        roll_back(platform, [])


def test_the_record_of_a_release_fits_what_the_program_reads(platform: Platform) -> None:
    record = promote(platform, platform.register())
    text = platform.client("ssm").get_parameter(Name=platform.names.release_parameter)["Parameter"]["Value"]
    assert release.from_json(text) == record
