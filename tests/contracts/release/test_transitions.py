from __future__ import annotations

from datetime import timedelta

import pytest

from contracts import release
from contracts.release import ReleaseError, Status
from tests.contracts.release.records import FIRST, SECOND, at, deployed, package, promoted, statuses

LIVE, GOOD, FAILED, CANDIDATE = Status.LIVE, Status.GOOD, Status.FAILED, Status.CANDIDATE


def test_a_promoted_package_is_a_candidate_until_it_is_seen_to_serve() -> None:
    record = promoted(FIRST, 2)
    assert statuses(record) == [("2", CANDIDATE), ("1", LIVE)]
    assert (record.wanted.champion, record.serving.champion) == (package(2), package(1))
    assert statuses(deployed(record)) == [("2", LIVE), ("1", GOOD)]


def test_before_the_first_deployment_nothing_is_live() -> None:
    record = promoted(None, 1)
    assert (record.live, record.known_good, record.serving) == (None, None, record.wanted)


def test_history_is_bounded_and_keeps_where_a_rollback_goes() -> None:
    record = SECOND
    for version in range(3, 9):
        record = deployed(promoted(record, version))
    assert statuses(record) == [("8", LIVE), ("7", GOOD), ("6", GOOD), ("5", GOOD)]


def test_candidates_that_are_never_deployed_do_not_push_out_what_is_live_or_good() -> None:
    record = SECOND
    for version in range(3, 9):
        record = promoted(record, version)
    assert statuses(record) == [("8", CANDIDATE), ("7", CANDIDATE), ("2", LIVE), ("1", GOOD)]


def test_promoting_what_is_wanted_is_refused() -> None:
    with pytest.raises(ReleaseError, match=r"is wanted already since 2026-11-21T02:00:00\+00:00: nothing to do"):
        promoted(SECOND, 2, 3)


def test_promoting_what_is_live_withdraws_the_candidate_and_moves_nothing() -> None:
    record = promoted(promoted(deployed(promoted(FIRST, 2, champion=8)), 3), 2, 5, champion=4)
    assert statuses(record) == [("2", LIVE), ("3", CANDIDATE), ("1", GOOD)]
    assert record.wanted.instances == {"champion": 8}


def test_a_candidate_that_came_to_serve_after_another_was_promoted_is_the_live_one() -> None:
    second = promoted(FIRST, 2)
    record = release.settle(promoted(second, 3), second.wanted.id)
    assert statuses(record) == [("3", CANDIDATE), ("2", LIVE), ("1", GOOD)]


def test_an_endpoint_that_left_the_wanted_release_makes_it_a_candidate_again() -> None:
    assert statuses(release.settle(SECOND, FIRST.wanted.id)) == [("2", CANDIDATE), ("1", LIVE)]


def test_a_release_that_the_record_does_not_know_is_refused() -> None:
    with pytest.raises(ReleaseError, match="serves release 0123456789, which is not in the record"):
        release.settle(SECOND, "0123456789")


def test_a_rollout_that_was_turned_back_failed_and_what_is_live_is_wanted_again() -> None:
    record = release.fail(promoted(FIRST, 2), "alarm churn-prod-5xx went off")
    assert statuses(record) == [("1", LIVE), ("2", FAILED)]
    assert record.releases[1].reason == "alarm churn-prod-5xx went off"
    with pytest.raises(ReleaseError, match="has nothing live beside it to go back to: promote another package"):
        release.fail(promoted(None, 1), "no capacity")


def test_what_failed_and_is_wanted_again_has_another_name_as_often_as_it_failed() -> None:
    wanted = promoted(FIRST, 2)
    failed = release.fail(wanted, "5xx")
    again = promoted(failed, 2, 3)
    assert statuses(again) == [("2", CANDIDATE), ("1", LIVE), ("2", FAILED)]
    assert (again.wanted.attempt, again.wanted.serves) == (1, wanted.wanted.serves)
    assert again.wanted.id not in {each.id for each in failed.releases}
    third = promoted(release.fail(again, "5xx again"), 2, 4)
    assert len({third.wanted.id, again.wanted.id, wanted.wanted.id}) == 3
    assert release.from_json(release.to_json(third)) == third


def test_what_served_at_its_second_attempt_keeps_that_name() -> None:
    live = deployed(promoted(release.fail(promoted(FIRST, 2), "5xx"), 2, 3))
    with pytest.raises(ReleaseError, match="is wanted already"):
        promoted(live, 2, 4)
    back = promoted(deployed(promoted(live, 3, 4)), 2, 5)
    assert (back.wanted.id, back.wanted.proven) == (live.wanted.id, True)
    assert promoted(promoted(live, 3, 4), 2, 5).wanted.id == live.wanted.id  # the candidate is withdrawn


def test_rollback_restores_the_same_id_and_marks_the_failed_one() -> None:
    rolled = release.roll_back(SECOND, who="alarm", why="5xx", when=at(3))
    assert statuses(rolled) == [("1", CANDIDATE), ("2", FAILED)]
    assert rolled.wanted.id == FIRST.wanted.id
    assert (rolled.wanted.who, rolled.wanted.why, rolled.wanted.by_rollback) == ("alarm", "5xx", True)
    assert rolled.releases[1].reason == "5xx"


def test_rollback_of_a_candidate_keeps_what_is_live() -> None:
    rolled = release.roll_back(promoted(SECOND, 3), who="alarm", why="5xx", when=at(4))
    assert statuses(rolled) == [("2", LIVE), ("3", FAILED), ("1", GOOD)]
    assert rolled.wanted.by_rollback


def test_rollback_before_the_candidate_was_deployed_is_about_what_is_live() -> None:
    rolled = release.roll_back(promoted(SECOND, 3), who="alarm", why="5xx", when=at(4), deployed=False)
    assert statuses(rolled) == [("1", CANDIDATE), ("2", FAILED), ("3", FAILED)]
    assert [r.reason for r in rolled.releases[1:]] == ["5xx", "withdrawn before it was deployed"]


def test_what_was_good_and_is_promoted_again_is_where_a_rollback_goes_before_it_was_deployed() -> None:
    again = promoted(SECOND, 1, 3)
    assert statuses(again) == [("1", CANDIDATE), ("2", LIVE)]
    rolled = release.roll_back(again, who="alarm", why="5xx", when=at(4), deployed=False)
    assert statuses(rolled) == [("1", CANDIDATE), ("2", FAILED)]
    assert (rolled.wanted.by_rollback, rolled.wanted.who, rolled.wanted.began) == (True, "alarm", "")
    assert statuses(deployed(rolled)) == [("1", LIVE), ("2", FAILED)]


def test_it_is_so_behind_another_promotion_too_and_not_what_failed_or_never_served() -> None:
    behind = promoted(promoted(SECOND, 1, 3), 3, 4)
    assert statuses(behind) == [("3", CANDIDATE), ("1", CANDIDATE), ("2", LIVE)]
    rolled = release.roll_back(behind, who="alarm", why="5xx", when=at(5), deployed=False)
    assert statuses(rolled) == [("1", CANDIDATE), ("2", FAILED), ("3", FAILED)]
    failed = promoted(deployed(release.roll_back(SECOND, who="alarm", why="5xx", when=at(3))), 2, 5)
    for nothing_good in (failed, promoted(FIRST, 2)):
        with pytest.raises(ReleaseError, match="there is no known good release before"):
            release.roll_back(nothing_good, who="alarm", why="5xx", when=at(6), deployed=False)


def test_the_end_of_a_test_that_is_not_deployed_leads_back_to_its_champion() -> None:
    test = deployed(release.split_traffic(SECOND, package(3), 50, who="ana", why="A/B", when=at(3)))
    rolled = release.roll_back(promoted(test, 2, 4), who="alarm", why="5xx", when=at(5), deployed=False)
    assert (rolled.wanted.id, rolled.releases[1].id) == (SECOND.wanted.id, test.wanted.id)
    assert [r.status for r in rolled.releases] == [CANDIDATE, FAILED, GOOD]


def test_candidates_do_not_push_out_a_good_one_that_was_promoted_again() -> None:
    record = promoted(SECOND, 1, 3)
    for version in range(3, 9):
        record = promoted(record, version, version + 1)
    assert statuses(record) == [("8", CANDIDATE), ("7", CANDIDATE), ("1", CANDIDATE), ("2", LIVE)]


def test_a_rollout_begins_for_what_is_wanted_alone_and_each_promotion_begins_anew() -> None:
    third = promoted(SECOND, 3)
    begun = release.begin(third, third.wanted.id, when=at(4))
    assert (begun.wanted.began, begun.releases[1:]) == (at(4), third.releases[1:])
    assert release.withdraw(begun) == third
    assert release.fail(begun, "turned back").releases[1].began == ""
    assert promoted(promoted(begun, 4, 5), 3, 6).wanted.began == ""
    assert release.begin(SECOND, SECOND.wanted.id, when=at(4)) == SECOND  # serves already: another instance type
    with pytest.raises(ReleaseError) as caught:
        release.begin(third, SECOND.wanted.id, when=at(4))
    assert str(caught.value) == (
        f"release {SECOND.wanted.id} is not wanted any more, but {third.wanted.id}, by ana since {at(3)}"
    )


def test_what_served_and_was_left_had_been_rolled_out_whoever_wrote_the_record() -> None:
    begun = release.begin(promoted(FIRST, 2), SECOND.wanted.id, when=at(3))
    assert release.settle(deployed(begun), FIRST.wanted.id).wanted.began == at(3)
    assert release.settle(SECOND, FIRST.wanted.id).wanted.began == at(2)  # of an older program, which wrote none
    assert [r.began for r in deployed(promoted(deployed(begun), 3)).releases] == ["", "", ""]


def test_rollback_skips_a_failed_release() -> None:
    rolled = deployed(release.roll_back(SECOND, who="alarm", why="5xx", when=at(3)))
    third = deployed(promoted(rolled, 3, 5))
    assert statuses(third) == [("3", LIVE), ("1", GOOD), ("2", FAILED)]
    again = release.roll_back(third, who="alarm", why="5xx", when=at(6))
    assert statuses(again) == [("1", CANDIDATE), ("3", FAILED), ("2", FAILED)]


def test_a_second_rollback_within_the_hold_would_flip_flop() -> None:
    rolled = deployed(release.roll_back(deployed(promoted(SECOND, 3)), who="alarm", why="5xx", when=at(4)))
    with pytest.raises(ReleaseError, match="would flip-flop"):
        release.roll_back(rolled, who="alarm", why="5xx", when="2026-11-21T04:30:00+00:00")
    later = release.roll_back(rolled, who="alarm", why="5xx", when=at(5), hold=timedelta(hours=1))
    assert statuses(later)[0] == ("1", CANDIDATE)


def test_rollback_needs_something_good() -> None:
    with pytest.raises(ReleaseError, match=f"there is no known good release before {FIRST.wanted.id}"):
        release.roll_back(FIRST, who="alarm", why="5xx", when=at(2))


def test_traffic_split_names_both_variants_and_adds_to_a_hundred() -> None:
    test = release.split_traffic(SECOND, package(3), 10, who="ana", why="A/B", when=at(3))
    assert test.wanted.packages == {"champion": package(2), "challenger": package(3)}
    assert test.wanted.weights == {"champion": 90, "challenger": 10}
    assert test.wanted.id != release.split_traffic(SECOND, package(3), 50, who="ana", why="A/B", when=at(3)).wanted.id


def test_a_shadow_answers_nobody() -> None:
    test = release.mirror_traffic(SECOND, package(3), 50, who="ana", why="look", when=at(3), counts={"champion": 8})
    assert (test.wanted.shadow, test.wanted.shadow_percent) == (package(3), 50)
    assert test.wanted.packages == {"champion": package(2)}
    assert test.wanted.shadows == {"shadow": package(3)}
    assert SECOND.wanted.shadows == {}
    assert test.wanted.instances == {"champion": 8, "shadow": 4}
    assert statuses(promoted(deployed(test), 3, 4))[:2] == [("3", CANDIDATE), ("2", LIVE)]


def test_further_models_by_name() -> None:
    models = {"eu": package(2), "us": package(3)}
    record = release.serve_models(FIRST, package(1), models, who="ana", why="regions", when=at(2))
    assert record.wanted.models == {**models, "champion": package(1)}
    assert record.wanted.id not in {FIRST.wanted.id, SECOND.wanted.id}


@pytest.mark.parametrize(
    ("counts", "split", "start"),
    [
        ({"champion": 8}, 10, {"champion": 8, "challenger": 1}),
        ({"champion": 8}, 50, {"champion": 8, "challenger": 4}),
        ({}, 50, {}),
        ({"champion": 0}, 50, {}),  # scaled to zero
    ],
)
def test_a_test_starts_with_the_instances_that_its_traffic_needs(
    counts: dict[str, int], split: int, start: dict[str, int]
) -> None:
    record = release.split_traffic(SECOND, package(3), split, who="ana", why="A/B", when=at(3), counts=counts)
    assert (record.wanted.instances, record.counts) == (start, counts)


def test_the_winner_of_a_test_starts_with_what_all_of_the_traffic_needs() -> None:
    test = deployed(release.split_traffic(SECOND, package(3), 50, who="ana", why="A/B", when=at(3)))
    assert promoted(test, 3, 4, champion=4, challenger=4).wanted.instances == {"champion": 8}
    # one that needs more of them for its share than the champion did has no fewer as the champion
    assert promoted(test, 3, 4, champion=2, challenger=9).wanted.instances == {"champion": 9}
    assert promoted(test, 2, 4, champion=2, challenger=9).wanted.instances == {"champion": 4}


@pytest.mark.parametrize(
    ("percent", "start"),
    [
        (80, {"champion": 4, "challenger": 9}),  # more traffic: no fewer than it has
        (10, {"champion": 8, "challenger": 2}),  # less: as many less
    ],
)
def test_the_next_step_of_a_test_goes_on_from_what_the_challenger_has(percent: int, start: dict[str, int]) -> None:
    test = deployed(release.split_traffic(SECOND, package(3), 50, who="ana", why="A/B", when=at(3)))
    counts = {"champion": 4, "challenger": 9}
    step = release.split_traffic(test, package(3), percent, who="ana", why="next", when=at(4), counts=counts)
    assert step.wanted.instances == start
    other = release.split_traffic(test, package(4), 50, who="ana", why="another", when=at(4), counts=counts)
    assert other.wanted.instances == {"champion": 4, "challenger": 4}


def test_a_package_promoted_at_eight_instances_starts_with_eight_and_the_older_ones_keep_theirs() -> None:
    record = promoted(SECOND, 3, champion=8)
    assert [r.instances for r in record.releases] == [{"champion": 8}, {}, {}]
