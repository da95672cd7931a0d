"""Rollbacks that are cut off, refused, tried again or given up."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import release
from contracts.release import Record, ReleaseError, Status
from contracts.release.lock import BusyError
from contracts.release.rollback import NoConfigurationError
from contracts.release.sagemaker import SageMaker
from tests.contracts.release.conftest import Endpoint
from tests.contracts.release.records import package, statuses
from tests.contracts.release.rolled import rollback, serves

NOW = datetime.now(UTC)
CANDIDATE, LIVE, GOOD, FAILED = Status.CANDIDATE, Status.LIVE, Status.GOOD, Status.FAILED


class Dies:
    """An SSM client that is cut off before it writes."""

    def __init__(self, ssm: Any) -> None:
        self._ssm, self.exceptions = ssm, ssm.exceptions

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(self._ssm, name)

    def put_parameter(self, **_: Any) -> Any:
        raise ConnectionError("cut off")


def test_who_dies_after_the_move_and_before_the_record_is_followed_by_one_who_finishes(
    endpoint: Endpoint, second: Record
) -> None:
    dying = rollback(endpoint, [])
    object.__setattr__(dying.ledger, "ssm", Dies(dying.ledger.ssm))
    with pytest.raises(ConnectionError):
        dying.run()
    assert endpoint.read() == second
    outcome = rollback(endpoint, []).run()
    assert (outcome.action, outcome.failed) == ("rolled-back", second.wanted.id)
    assert statuses(endpoint.read()) == [("1", LIVE), ("2", FAILED)]
    assert serves(endpoint) == endpoint.config(second.releases[1].id)


def test_the_same_alarm_again_finds_it_done_and_tells_again(endpoint: Endpoint, second: Record) -> None:
    told: list[str] = []
    about = datetime.now(UTC)
    once = rollback(endpoint, told, about=about).run()
    before = endpoint.read()
    assert rollback(endpoint, told, about=about).run() == once
    assert (endpoint.read(), told) == (before, [f"{endpoint.name} rolled back"] * 2)


def test_a_person_who_asks_again_within_the_hold_is_refused(endpoint: Endpoint, second: Record) -> None:
    rollback(endpoint, [], who="ben", about=None).run()
    with pytest.raises(ReleaseError, match="would flip-flop"):
        rollback(endpoint, [], who="ben", about=None).run()


def test_a_move_that_fails_is_told_and_tried_again(endpoint: Endpoint, second: Record) -> None:
    told: list[str] = []
    first = second.releases[1].id

    class FailsOnce:
        """The first update is turned back for want of capacity."""

        exceptions = endpoint.sagemaker.exceptions
        updates = itertools.count()
        failing = False

        def __getattr__(self, name: str) -> Callable[..., Any]:
            return getattr(endpoint.sagemaker, name)

        def update_endpoint(self, **request: Any) -> None:
            self.failing = next(self.updates) == 0
            if not self.failing:
                endpoint.sagemaker.update_endpoint(**request)

        def describe_endpoint(self, **request: Any) -> dict[str, Any]:
            found = endpoint.sagemaker.describe_endpoint(**request)
            return found | ({"FailureReason": "no capacity"} if self.failing else {})

    trying = rollback(endpoint, told)
    object.__setattr__(trying.ledger, "host", SageMaker(endpoint.name, FailsOnce()))
    assert trying.run().live == first
    assert told == [f"Rollback of {endpoint.name} is tried again", f"{endpoint.name} rolled back"]


def test_an_endpoint_that_never_moves_is_not_tried_for_ever(endpoint: Endpoint, second: Record) -> None:
    class Deaf:
        """Takes every update and does nothing."""

        exceptions = endpoint.sagemaker.exceptions

        def __getattr__(self, name: str) -> Callable[..., Any]:
            return getattr(endpoint.sagemaker, name)

        def update_endpoint(self, **request: Any) -> None:
            del request

    passed = itertools.count()
    trying = rollback(endpoint, [], clock=lambda: next(passed) * 20.0)
    object.__setattr__(trying.ledger, "host", SageMaker(endpoint.name, Deaf()))
    with pytest.raises(BusyError, match="is not seen to be rolled back after 60 s; try again"):
        trying.run()


def test_without_a_configuration_nothing_moves_and_it_says_what_to_do(endpoint: Endpoint, second: Record) -> None:
    first = second.releases[1].id
    endpoint.sagemaker.delete_endpoint_config(EndpointConfigName=endpoint.config(first))
    with pytest.raises(
        NoConfigurationError, match=f"no endpoint configuration {endpoint.name}-{first}.* run `pulumi up`"
    ):
        rollback(endpoint, []).run()
    assert endpoint.read() == second


def test_an_endpoint_that_was_moved_by_hand_is_left_to_a_person(endpoint: Endpoint, second: Record) -> None:
    endpoint.up(release.promote(None, package(9), who="x", why="x", when=NOW.isoformat()))
    with pytest.raises(ReleaseError, match="which is not in the record: it was moved by hand"):
        rollback(endpoint, []).run()
    assert endpoint.read() == second
