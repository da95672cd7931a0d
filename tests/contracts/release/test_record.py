from __future__ import annotations

import dataclasses

import pytest

from contracts.release import Record, Release, ReleaseError, Status
from tests.contracts.release.records import FIRST, SECOND, at, package

LEGAL = Release(champion=package(1), who="ana", why="test", when=at(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"champion": "churn/3"}, "champion: found 'churn/3'; allowed: the ARN of a versioned model package"),
        ({"models": {"eu": "churn/3"}}, "models.eu: found 'churn/3'; allowed: the ARN of a versioned model package"),
        ({"challenger_percent": 5}, "challenger_percent: found 5; allowed: 0 without a challenger"),
        (
            {"challenger": package(2), "challenger_percent": 100},
            "challenger_percent: found 100; allowed: 1 to 99 with a challenger",
        ),
        ({"shadow": package(2)}, "shadow_percent: found 0; allowed: 1 to 100 with a shadow"),
        (
            {"challenger": package(1), "challenger_percent": 10},
            f"challenger: found the champion itself ({package(1)}); name another package",
        ),
        (
            {"challenger": package(2), "challenger_percent": 10, "shadow": package(3), "shadow_percent": 10},
            "found more than one of challenger, shadow and models; allowed: one beside the champion",
        ),
        (
            {"models": {"EU": package(2)}},
            "models: found names ['EU']; allowed: a-z and 0-9 with single hyphens in between",
        ),
        (
            {"models": {"eu": package(2)}},
            f"models.champion: found None; allowed: the champion itself ({package(1)})",
        ),
        (
            {"models": {"eu": package(2), "champion": package(3)}},
            f"models.champion: found {package(3)}; allowed: the champion itself ({package(1)})",
        ),
        ({"instances": {"champion": 0}}, "instances: found {'champion': 0}; allowed: at least 1 instance a variant"),
        ({"when": "yesterday"}, "when: found 'yesterday'; allowed: ISO 8601 with a time zone"),
        (
            {"when": "2026-11-21T00:00:00"},
            "when: found '2026-11-21T00:00:00' without a time zone; allowed: ISO 8601 with a time zone",
        ),
    ],
)
def test_an_illegal_release_cannot_be_written(change: dict[str, object], message: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        dataclasses.replace(LEGAL, **change)  # pyright: ignore[reportArgumentType]
    assert str(caught.value) == message


def test_an_id_tells_what_is_served_and_nothing_else() -> None:
    same = dataclasses.replace(
        LEGAL, who="ben", why="again", when=at(2), status=Status.FAILED, instances={"champion": 8}
    )
    assert same.id == LEGAL.id == "87b8ca2dec"
    other = dataclasses.replace(LEGAL, shadow=package(2), shadow_percent=100)
    assert len({LEGAL.id, other.id, dataclasses.replace(other, shadow_percent=50).id}) == 3


@pytest.mark.parametrize(
    "releases",
    [
        (),
        (dataclasses.replace(LEGAL, status=Status.GOOD),),
        (dataclasses.replace(SECOND.releases[0]), dataclasses.replace(SECOND.releases[1], status=Status.LIVE)),
    ],
)
def test_a_record_has_one_wanted_release_and_one_live_one_at_most(releases: tuple[Release, ...]) -> None:
    with pytest.raises(ReleaseError, match="allowed: a candidate or the live one first, and one live in all"):
        Record(releases=releases)


def test_a_record_has_each_state_once() -> None:
    with pytest.raises(ReleaseError, match="allowed: each state of the endpoint once"):
        Record(releases=(LEGAL, *FIRST.releases))


def test_counts_may_be_zero_and_not_less() -> None:
    assert Record(releases=(LEGAL,), counts={"champion": 0}).counts == {"champion": 0}
    with pytest.raises(ReleaseError, match=r"counts: found \{'champion': -1\}; allowed: 0 and more"):
        Record(releases=(LEGAL,), counts={"champion": -1})
