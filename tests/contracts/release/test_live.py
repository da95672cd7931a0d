"""Whether a release was rolled out: by the record's word and the endpoint's time, of whichever host."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from contracts.release import Release, Status
from contracts.release.live import BEGINS_WITHIN, Live, is_beginning, was_deployed
from tests.contracts.release.records import at, package

BEGAN = datetime(2026, 11, 21, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WANTED = Release(champion=package(3), who="ana", why="better", when=at(2))
ROLLED_OUT = dataclasses.replace(WANTED, began=BEGAN.isoformat())


def live(changed: datetime) -> Live:
    return Live(
        endpoint="churn-prod-live",
        status="InService",
        config="churn-prod-live-0123456789-0123abcd",
        release="0123456789",
        counts={},
        weights={"champion": 100.0},
        changed=changed,
        failure="",
    )


@pytest.mark.parametrize(
    ("wanted", "changed", "deployed"),
    [
        (WANTED, BEGAN + SECOND, False),  # scaled since the promotion
        (ROLLED_OUT, BEGAN - SECOND, False),
        (ROLLED_OUT, BEGAN, False),
        (ROLLED_OUT, BEGAN + SECOND, True),
    ],
)
def test_a_release_was_deployed_where_its_rollout_began_and_the_endpoint_changed_since(
    wanted: Release, changed: datetime, deployed: bool
) -> None:
    assert was_deployed(live(changed), wanted) is deployed


@pytest.mark.parametrize(
    ("wanted", "changed", "now", "beginning"),
    [
        (ROLLED_OUT, BEGAN - SECOND, BEGAN + SECOND, True),
        (ROLLED_OUT, BEGAN - SECOND, BEGAN + BEGINS_WITHIN - SECOND, True),
        (ROLLED_OUT, BEGAN - SECOND, BEGAN + BEGINS_WITHIN, False),
        (ROLLED_OUT, BEGAN + SECOND, BEGAN + 2 * SECOND, False),  # it shows
        (WANTED, BEGAN - SECOND, BEGAN + SECOND, False),
        (dataclasses.replace(ROLLED_OUT, status=Status.LIVE), BEGAN - SECOND, BEGAN + SECOND, False),
    ],
)
def test_it_is_beginning_until_it_shows_or_nobody_can_be_about_to_ask_for_it(
    wanted: Release, changed: datetime, now: datetime, beginning: bool
) -> None:
    assert is_beginning(live(changed), wanted, now) is beginning
