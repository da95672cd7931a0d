from __future__ import annotations

import json
from datetime import timedelta

import pytest

from contracts import release
from contracts.release import Record, Release, ReleaseError, Status


def package(version: int) -> str:
    return f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod/{version}"


def at(hour: int) -> str:
    return f"2026-11-21T{hour:02}:00:00+00:00"


@pytest.fixture
def second() -> Record:
    """Version 2 live, version 1 known good."""
    first = release.promote(None, package(1), who="ana", why="first", when=at(1))
    return release.promote(first, package(2), who="ana", why="better", when=at(2))


def statuses(record: Record) -> list[tuple[str, Status]]:
    return [(r.champion.rsplit("/", 1)[1], r.status) for r in record.releases]


def test_promote_keeps_the_former_release_as_known_good(second: Record) -> None:
    assert statuses(second) == [("2", Status.LIVE), ("1", Status.GOOD)]
    assert second.known_good is not None
    assert second.known_good.champion == package(1)


def test_history_is_bounded(second: Record) -> None:
    record = second
    for version in range(3, 9):
        record = release.promote(record, package(version), who="ana", why="better", when=at(version))
    assert statuses(record) == [("8", Status.LIVE), ("7", Status.GOOD), ("6", Status.GOOD)]


def test_promoting_what_is_live_is_refused(second: Record) -> None:
    with pytest.raises(ReleaseError, match=r"is live already since 2026-11-21T02:00:00\+00:00: nothing to do"):
        release.promote(second, package(2), who="ana", why="again", when=at(3))


def test_rollback_restores_the_same_id_and_marks_the_failed_one(second: Record) -> None:
    rolled = release.roll_back(second, who="alarm", why="5xx", when=at(3))
    assert statuses(rolled) == [("1", Status.LIVE), ("2", Status.FAILED)]
    assert second.known_good is not None
    assert rolled.live.id == second.known_good.id
    assert (rolled.live.who, rolled.live.why, rolled.live.by_rollback) == ("alarm", "5xx", True)


def test_rollback_skips_a_failed_release(second: Record) -> None:
    rolled = release.roll_back(second, who="alarm", why="5xx", when=at(3))
    third = release.promote(rolled, package(3), who="ana", why="fixed", when=at(5))
    assert statuses(third) == [("3", Status.LIVE), ("1", Status.GOOD), ("2", Status.FAILED)]
    again = release.roll_back(third, who="alarm", why="5xx", when=at(6))
    assert statuses(again) == [("1", Status.LIVE), ("3", Status.FAILED), ("2", Status.FAILED)]


def test_a_second_rollback_within_the_hold_would_flip_flop(second: Record) -> None:
    record = release.promote(second, package(3), who="ana", why="better", when=at(3))
    rolled = release.roll_back(record, who="alarm", why="5xx", when=at(4))
    with pytest.raises(ReleaseError, match="would flip-flop"):
        release.roll_back(rolled, who="alarm", why="5xx", when="2026-11-21T04:30:00+00:00")
    later = release.roll_back(rolled, who="alarm", why="5xx", when=at(5), hold=timedelta(hours=1))
    assert statuses(later)[0] == ("1", Status.LIVE)


def test_rollback_needs_something_good() -> None:
    first = release.promote(None, package(1), who="ana", why="first", when=at(1))
    with pytest.raises(ReleaseError, match=f"there is no known good release before {first.live.id}"):
        release.roll_back(first, who="alarm", why="5xx", when=at(2))


def test_traffic_split_names_both_variants_and_adds_to_a_hundred(second: Record) -> None:
    test = release.split_traffic(second, package(3), 10, who="ana", why="A/B", when=at(3))
    assert test.live.packages == {"champion": package(2), "challenger": package(3)}
    assert test.live.weights == {"champion": 90, "challenger": 10}
    assert test.live.id != release.split_traffic(second, package(3), 50, who="ana", why="A/B", when=at(3)).live.id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"champion": "churn/3"}, "champion: found 'churn/3'; allowed: the ARN of a versioned model package"),
        ({"challenger_percent": 5}, "challenger_percent: found 5; allowed: 0 without a challenger"),
        ({"challenger": package(2), "challenger_percent": 100}, "found 100; allowed: 1 to 99 with a challenger"),
        ({"challenger": package(1), "challenger_percent": 10}, "challenger: found the champion itself"),
        ({"when": "yesterday"}, "when: found 'yesterday'; allowed: ISO 8601 with a time zone"),
        ({"when": "2026-11-21T00:00:00"}, "without a time zone"),
    ],
)
def test_an_illegal_release_cannot_be_written(change: dict[str, object], message: str) -> None:
    legal: dict[str, object] = {"champion": package(1), "who": "ana", "why": "test", "when": at(1)}
    Release(**legal)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ReleaseError, match=message):
        Release(**(legal | change))  # pyright: ignore[reportArgumentType]


def test_json_round_trip(second: Record) -> None:
    record = Record(releases=second.releases, counts={"champion": 3})
    assert release.from_json(release.to_json(record)) == record


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a release record"),
        ("[]", "not a release record"),
        ('{"version": 2}', "this program is older than the record"),
        ('{"version": 1, "releases": []}', "exactly one live, and it first"),
        ('{"version": 1, "releases": [{"status": "lost"}]}', "'lost' is not a valid Status"),
    ],
)
def test_a_broken_record_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ReleaseError, match=message):
        release.from_json(text)


def test_a_record_that_does_not_fit_the_parameter_is_refused() -> None:
    record = release.promote(None, package(1), who="ana", why="x" * 5000, when=at(1))
    with pytest.raises(ReleaseError, match="allowed: 4096; shorten `why`"):
        release.to_json(record)


def test_counts_below_one_are_refused(second: Record) -> None:
    text = json.loads(release.to_json(second))
    with pytest.raises(ReleaseError, match="at least 1 instance"):
        release.from_json(json.dumps(text | {"counts": {"champion": 0}}))
