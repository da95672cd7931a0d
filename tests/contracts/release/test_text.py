from __future__ import annotations

import dataclasses
import json

import pytest

from contracts import release
from contracts.release import MAX_BYTES, Record, ReleaseError
from tests.contracts.release.records import FIRST, SECOND, at, deployed, package, promoted


def test_the_text_names_the_group_once_and_leaves_out_what_says_nothing() -> None:
    record = dataclasses.replace(FIRST, counts={"champion": 8}, weights={"champion": 100.0})
    assert json.loads(release.to_json(record)) == {
        "version": 3,
        "group": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod",
        "releases": [
            {"champion": "1", "status": "live", "who": "ana", "why": "better", "when": "2026-11-21T01:00:00+00:00"}
        ],
        "counts": {"champion": 8},
        "weights": {"champion": 100.0},
    }


@pytest.mark.parametrize(
    "record",
    [
        FIRST,
        dataclasses.replace(promoted(SECOND, 3, champion=8), weights={"champion": 90.0, "challenger": 10.0}),
        release.fail(promoted(FIRST, 2), "turned back"),
        release.roll_back(SECOND, who="alarm", why="5xx", when=at(3)),
        release.begin(promoted(FIRST, 2), SECOND.wanted.id, when=at(3)),
        promoted(SECOND, 1, 3),
        release.split_traffic(SECOND, package(3), 10, who="ana", why="A/B", when=at(3)),
        release.split_traffic(
            SECOND, package(3).replace("churn-prod/", "other/"), 10, who="ana", why="A/B", when=at(3)
        ),
        release.mirror_traffic(SECOND, package(3), 50, who="ana", why="look", when=at(3)),
        release.serve_models(SECOND, package(1), {"eu": package(3)}, who="", why="", when=at(3)),
        release.serve_models(  # another champion, one model less and one more
            deployed(release.serve_models(None, package(1), {"eu": package(3)}, who="", why="", when=at(3))),
            package(2),
            {"us": package(4)},
            who="",
            why="",
            when=at(4),
        ),
        promoted(release.serve_models(None, package(1), {"eu": package(3)}, who="", why="", when=at(3)), 4),
    ],
)
def test_what_is_written_is_read_again(record: Record) -> None:
    assert release.from_json(release.to_json(record)) == record


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a release record"),
        ("[]", "not a release record"),
        ('{"version": 1, "releases": []}', "version: found 1; allowed: 2 or 3; promote a package again"),
        ('{"version": 4}', "version: found 4; allowed: 2 or 3; this program is older than the record"),
        ('{"version": 2, "group": "g", "releases": []}', "a candidate or the live one first"),
        ('{"version": 2, "group": "g", "releases": [{"status": "lost"}]}', "'lost' is not a valid Status"),
        ('{"version": 2, "group": "g", "releases": [{"status": "live", "champion": "x", "kind": 1}]}', "'kind'"),
    ],
)
def test_a_broken_record_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ReleaseError, match=message):
        release.from_json(text)


@pytest.mark.parametrize(
    ("attempt", "message"), [(-1, "attempt: found -1; allowed: 0 and more"), ("1", "not a release")]
)
def test_an_attempt_that_is_no_count_is_refused(attempt: object, message: str) -> None:
    told = json.loads(release.to_json(SECOND))
    told["releases"][0]["attempt"] = attempt
    with pytest.raises(ReleaseError, match=message):
        release.from_json(json.dumps(told))


def test_a_record_of_version_2_is_read() -> None:
    text = release.to_json(promoted(FIRST, 2))
    assert release.from_json(text.replace('"version":3', '"version":2')) == promoted(FIRST, 2)


def test_a_rollout_that_began_at_no_time_is_refused() -> None:
    text = release.to_json(release.begin(promoted(FIRST, 2), SECOND.wanted.id, when=at(3)))
    with pytest.raises(ReleaseError, match="began: found 'soon'; allowed: ISO 8601 with a time zone"):
        release.from_json(text.replace(f'"began":"{at(3)}"', '"began":"soon"'))


def test_long_explanations_are_shortened_until_it_fits() -> None:
    record = None
    for version in range(1, 5):
        record = deployed(
            release.promote(record, package(version), who="ben" * 100, why="\N{FIRE}" * 500, when=at(version))
        )
    assert record is not None
    text = release.to_json(record)
    assert len(text.encode()) <= MAX_BYTES
    read = release.from_json(text)
    assert [r.id for r in read.releases] == [r.id for r in record.releases]
    assert read.wanted.why == "\N{FIRE}" * 40 + "..."


def test_a_hundred_models_fit_and_too_many_are_refused() -> None:
    def serving(count: int) -> Record:
        models = {f"m{number}": package(number + 2) for number in range(count)}
        return release.serve_models(None, package(1), models, who="ana", why="all", when=at(1))

    assert release.from_json(release.to_json(serving(100))) == serving(100)
    record = deployed(serving(100))
    for hour in range(2, 6):  # in all the releases that are kept, of which each changes one model
        models = {**record.wanted.models, "m7": package(200 + hour)}
        record = deployed(
            release.serve_models(record, package(1), models, who="ana", why="m7 is better", when=at(hour))
        )
    assert len(record.releases) == release.MAX_RELEASES
    assert release.from_json(release.to_json(record)) == record
    with pytest.raises(ReleaseError, match="allowed: 4096; serve fewer models, or give them shorter names"):
        release.to_json(serving(500))
