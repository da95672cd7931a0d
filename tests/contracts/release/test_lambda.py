"""A function as the release sees it, between what the alias says and what CodeDeploy does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts import release
from contracts.release import Record, Status
from contracts.release.lambda_ import Function, description
from contracts.release.live import Live
from contracts.release.lock import BusyError
from contracts.release.rollback import Request, Rollback
from tests.contracts.release.conftest import Endpoint
from tests.contracts.release.records import package, statuses

NOW = datetime.now(UTC)
PUBLISHED = NOW - timedelta(hours=1)


class Functions:
    """Versions 1, 2, ... of the releases given; the alias leads to `serves`, and `shared` has a share beside it."""

    class exceptions:  # noqa: N801 - as boto3 has it
        ResourceNotFoundException = KeyError

    def __init__(self, endpoint: str, *releases: str, serves: str, shared: str = "") -> None:
        self._endpoint, self._releases = endpoint, releases
        self.serves, self._shared = serves, shared

    def get_alias(self, **_: str) -> dict[str, Any]:
        weights = {self._shared: 0.1} if self._shared else {}
        return {
            "FunctionVersion": self.serves,
            "RevisionId": "r",
            "RoutingConfig": {"AdditionalVersionWeights": weights},
        }

    def get_function_concurrency(self, **_: str) -> dict[str, Any]:
        return {}

    def get_function_configuration(self, *, Qualifier: str, **_: str) -> dict[str, Any]:  # noqa: N803
        return self._versions()[int(Qualifier) - 1]

    def get_paginator(self, _: str) -> Functions:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Versions": [{"Version": "$LATEST"}, *self._versions()]}]

    def update_alias(self, **asked: Any) -> None:
        assert asked["RoutingConfig"] == {"AdditionalVersionWeights": {}}
        self.serves = asked["FunctionVersion"]

    def _versions(self) -> list[dict[str, Any]]:
        return [
            {
                "Version": str(number),
                "Description": description(f"{self._endpoint}-{each}-0123abcd", package(number)),
                "LastModified": PUBLISHED.isoformat(timespec="milliseconds"),
            }
            for number, each in enumerate(self._releases, start=1)
        ]


class Deployments:
    """CodeDeploy with some deployments."""

    def __init__(self, *known: dict[str, Any]) -> None:
        self._known = {f"d-{number}": each for number, each in enumerate(known)}

    def get_paginator(self, name: str) -> Deployments:
        assert name == "list_deployments"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"deployments": list(self._known)}]

    def batch_get_deployments(self, *, deploymentIds: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"deploymentsInfo": [self._known[each] for each in deploymentIds]}


def deployment(status: str, minutes_ago: float, creator: str = "user", **more: Any) -> dict[str, Any]:
    return {"status": status, "createTime": NOW - timedelta(minutes=minutes_ago), "creator": creator, **more}


DONE = deployment("Succeeded", 50, completeTime=NOW - timedelta(minutes=40))
ALARMS = {"message": "alarms went off"}
STOPPED = deployment("Stopped", 2, completeTime=NOW - timedelta(minutes=1), errorInformation=ALARMS)
FIRST, SECOND, THIRD = "0123456789", "abcdef0123", "fedcba9876"


def function(*deployments: dict[str, Any], shared: str = "") -> Function:
    """Version 3 is published, the alias leads to 2."""
    return Function(
        "live", Functions("live", FIRST, SECOND, THIRD, serves="2", shared=shared), Deployments(*deployments)
    )


def seen(*deployments: dict[str, Any], shared: str = "") -> Live:
    live = function(*deployments, shared=shared).observe()
    assert live is not None
    return live


def test_a_version_that_is_published_and_that_nobody_deploys_changes_nothing() -> None:
    live = seen(DONE)
    assert (live.status, live.release, live.changed, live.failure) == ("InService", SECOND, DONE["completeTime"], "")
    assert seen().changed == PUBLISHED.replace(microsecond=PUBLISHED.microsecond // 1000 * 1000)  # none is known yet


@pytest.mark.parametrize("status", ["Created", "Queued", "InProgress", "Baking", "Ready"])
def test_a_deployment_is_under_way_before_two_versions_share_the_alias(status: str) -> None:
    live = seen(DONE, deployment(status, 1))
    assert (live.status, live.release, live.changed) == ("Updating", SECOND, NOW - timedelta(minutes=1))
    assert not function(DONE, deployment(status, 1)).move(f"live-{FIRST}-0123abcd", live, lambda _: None)


def test_it_is_so_while_it_is_turned_back_and_while_the_alias_is_shared() -> None:
    back = deployment("InProgress", 1, "codeDeployRollback")
    assert (seen(DONE, STOPPED, back).status, seen(DONE, STOPPED, back).failure) == ("Updating", "alarms went off")
    assert seen(DONE, STOPPED, shared="3").status == "Updating"


def test_one_that_was_stopped_is_over_and_says_why() -> None:
    live = seen(DONE, STOPPED, deployment("Succeeded", 1, "codeDeployRollback"))
    assert (live.status, live.release, live.failure) == ("InService", SECOND, "alarms went off")
    assert live.changed == STOPPED["completeTime"]


@pytest.fixture
def third(endpoint: Endpoint) -> Record:
    """Version 3 is promoted, 2 serves, 1 is known to be good. SageMaker has no such endpoint: a function is."""
    record: Record | None = None
    for version in (1, 2, 3):
        when = (NOW - timedelta(hours=4 - version, minutes=10)).isoformat()
        record = release.promote(record, package(version), who="ana", why="better", when=when)
        record = record if version == 3 else release.settle(record, record.wanted.id)
    assert record is not None
    return endpoint.write(record)


def rollback(endpoint: Endpoint, record: Record, *deployments: dict[str, Any]) -> tuple[Rollback, Functions]:
    newest, live, good = record.releases[:3]
    functions = Functions(endpoint.name, good.id, live.id, newest.id, serves="2")
    ledger = endpoint.ledger()
    object.__setattr__(ledger, "host", Function(endpoint.name, functions, Deployments(*deployments)))
    request = Request(who="alarm 5xx", why="12 > 10", about=NOW)
    asked = Rollback(
        ledger=ledger,
        request=request,
        tell=lambda *_: None,
        patience_seconds=0,
        sleep=lambda _: None,
        now=lambda: NOW,
    )
    return asked, functions


def begun(endpoint: Endpoint, record: Record, minutes_ago: float) -> Record:
    when = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    return endpoint.write(release.begin(record, record.wanted.id, when=when))


def test_a_release_whose_version_is_only_published_is_no_excuse_for_the_one_that_serves(
    endpoint: Endpoint, third: Record
) -> None:
    asked, functions = rollback(endpoint, third, DONE)
    object.__setattr__(asked, "patience_seconds", 60)
    outcome = asked.run()
    assert (outcome.action, outcome.live, functions.serves) == ("rolled-back", third.releases[2].id, "1")
    assert statuses(endpoint.read()) == [("1", Status.LIVE), ("2", Status.FAILED), ("3", Status.FAILED)]


@pytest.mark.parametrize("status", ["Created", "Queued", "InProgress", ""])
def test_a_deployment_that_was_asked_for_or_is_about_to_be_is_waited_for(
    endpoint: Endpoint, third: Record, status: str
) -> None:
    record = begun(endpoint, third, 1)
    asked, functions = rollback(endpoint, record, DONE, *([deployment(status, 0.5)] if status else []))
    with pytest.raises(BusyError):
        asked.run()
    assert (endpoint.read(), functions.serves) == (record, "2")


def test_one_that_was_turned_back_is_told_and_nothing_moves(endpoint: Endpoint, third: Record) -> None:
    asked, functions = rollback(endpoint, begun(endpoint, third, 3), DONE, STOPPED)
    outcome = asked.run()
    assert (outcome.failed, outcome.live, functions.serves) == (third.wanted.id, third.releases[1].id, "2")
    assert statuses(endpoint.read()) == [("2", Status.LIVE), ("3", Status.FAILED), ("1", Status.GOOD)]
