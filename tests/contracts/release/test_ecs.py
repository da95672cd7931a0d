"""A service of ECS as the release sees it, where no emulator is needed to say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.release.ecs import Ecs, family

NAME, FIRST, SECOND = "churn-prod-live", "0123456789", "abcdef0123"
DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition"
REASON = "Service deployment rolled back: tasks failed to start"


class Exceptions:
    ClusterNotFoundException = KeyError


class Moments:
    """A client that answers one moment after the other: each question sees the next; the last one stays."""

    exceptions = Exceptions

    def __init__(self, *moments: dict[str, Any]) -> None:
        self._moments: Iterator[dict[str, Any]] = iter(moments)
        self._now: dict[str, Any] = {}
        self.moved: list[str] = []

    def _next(self) -> dict[str, Any]:
        self._now = next(self._moments, self._now)
        return self._now

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        assert (cluster, services) == (NAME, [NAME])
        return {"services": self._next()["services"]}

    def list_service_deployments(self, cluster: str, service: str, **page: str) -> dict[str, Any]:
        """A page has two."""
        assert (cluster, service) == (NAME, NAME)
        found, begin = (self._now if page else self._next())["deployments"], int(page.get("nextToken", 0))
        more = {"nextToken": str(begin + 2)} if begin + 2 < len(found) else {}
        return {"serviceDeployments": found[begin : begin + 2], **more}

    def update_service(self, **asked: Any) -> None:
        self.moved.append(asked["taskDefinition"])


def deployment(number: int, status: str, reason: str = "") -> dict[str, Any]:
    created = datetime(2026, 11, 29, number, tzinfo=UTC)
    return {"serviceDeploymentArn": f"d/{number}", "status": status, "createdAt": created, "statusReason": reason}


def moment(release: str, *deployments: dict[str, Any], status: str = "ACTIVE") -> dict[str, Any]:
    definition = f"{DEFINITION}/{NAME}-{release}-0123abcd:1"
    service = {"status": status, "taskDefinition": definition, "desiredCount": 2, **MADE_AT}
    return {"services": [service], "deployments": list(deployments)}


LONG_AGO = datetime(2026, 8, 1, tzinfo=UTC)
MADE_AT = {"createdAt": LONG_AGO, "deployments": [{"rolloutState": "COMPLETED", "updatedAt": LONG_AGO}]}
MADE = deployment(1, "SUCCESSFUL")
BEFORE = moment(FIRST, MADE)
UNDER_WAY = moment(SECOND, deployment(2, "IN_PROGRESS"), MADE)
TURNED_BACK = moment(FIRST, deployment(2, "ROLLBACK_SUCCESSFUL", REASON), MADE)
DONE = moment(SECOND, deployment(2, "SUCCESSFUL"), MADE)


def observed(*moments: dict[str, Any]) -> tuple[str | None, str, str]:
    """Release, status and why it failed."""
    live = Ecs(NAME, Moments(*moments)).observe()
    assert live is not None
    return live.release, live.status, live.failure


@pytest.mark.parametrize("asked_before", range(5))
def test_a_rollout_that_is_turned_back_between_two_questions_is_told_with_what_serves(asked_before: int) -> None:
    """Whichever question it falls before: never the release that is gone as in service."""
    found = observed(*[UNDER_WAY] * asked_before, TURNED_BACK)
    if asked_before < 4:  # the fourth is the last one
        assert found == (FIRST, "InService", REASON)
    else:
        assert found == (SECOND, "Updating", "")


@pytest.mark.parametrize("asked_before", range(4))
def test_a_rollout_that_begins_between_two_questions_is_not_told_as_done(asked_before: int) -> None:
    assert observed(*[BEFORE] * asked_before, UNDER_WAY) == (SECOND, "Updating", "")


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "STOP_REQUESTED"])
def test_a_deployment_that_was_asked_for_is_under_way_though_nothing_moves_yet(status: str) -> None:
    asked = moment(FIRST, deployment(2, status), MADE)
    live = Ecs(NAME, Moments(asked)).observe()
    assert live is not None
    assert (live.release, live.status, live.changed.hour) == (FIRST, "Updating", 2)
    assert not Ecs(NAME, Moments(asked)).move(f"{NAME}-{SECOND}-0123abcd", live, lambda _: None)


def test_a_service_that_scales_has_not_changed() -> None:
    scaled = moment(FIRST, MADE)
    scaled["services"][0] |= {"desiredCount": 7}
    before, after = (Ecs(NAME, Moments(each)).observe() for each in (BEFORE, scaled))
    assert before is not None
    assert after is not None
    assert (before.counts, after.counts) == ({"champion": 2}, {"champion": 7})
    assert before.changed == after.changed


@pytest.mark.parametrize("asked_before", range(4))
def test_a_rollout_that_ends_between_two_questions_is_told_as_done(asked_before: int) -> None:
    assert observed(*[UNDER_WAY] * asked_before, DONE) == (SECOND, "InService", "")


def test_the_newest_deployment_counts_in_whichever_order_they_come() -> None:
    newest_last = moment(FIRST, MADE, deployment(2, "ROLLBACK_SUCCESSFUL", REASON))
    assert observed(newest_last) == observed(TURNED_BACK) == (FIRST, "InService", REASON)


def test_the_newest_deployment_counts_on_whichever_page_it_comes() -> None:
    older = [deployment(number, "SUCCESSFUL") for number in (1, 3, 5, 7)]
    newest_last = moment(FIRST, *older, deployment(9, "ROLLBACK_SUCCESSFUL", REASON))
    assert observed(newest_last) == (FIRST, "InService", REASON)


def test_a_service_without_a_deployment_in_90_days_is_in_service_and_can_be_moved() -> None:
    """ECS lists none of them any more, and it is the one that an alarm may have to move."""
    assert observed(moment(FIRST)) == (FIRST, "InService", "")
    live = Ecs(NAME, Moments(moment(FIRST))).observe()
    assert live is not None
    assert live.changed == LONG_AGO
    client = Moments(moment(FIRST))
    assert Ecs(NAME, client).move(f"{NAME}-{SECOND}-0123abcd", live, lambda _: None)
    assert client.moved == [f"{NAME}-{SECOND}-0123abcd"]


def test_a_new_service_whose_deployment_is_not_listed_yet_is_on_its_way() -> None:
    new = moment(FIRST)
    new["services"][0] |= {"deployments": [{"rolloutState": "IN_PROGRESS", "updatedAt": LONG_AGO}]}
    assert observed(new) == (FIRST, "Updating", "")
    live = Ecs(NAME, Moments(new)).observe()
    assert live is not None
    assert not Ecs(NAME, Moments(new)).move(f"{NAME}-{SECOND}-0123abcd", live, lambda _: None)


def test_a_service_that_is_deleted_is_not_there() -> None:
    assert Ecs(NAME, Moments(moment(FIRST, MADE, status="INACTIVE"))).observe() is None
    assert Ecs(NAME, Moments({"services": [], "deployments": []})).observe() is None


def test_a_family_is_named_by_its_definitions_arn() -> None:
    assert family(f"{DEFINITION}/{NAME}-{FIRST}-0123abcd:12") == f"{NAME}-{FIRST}-0123abcd"
