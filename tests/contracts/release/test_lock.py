from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.release import lock as locks
from contracts.release.lock import BusyError, Lock
from tests.contracts.release.conftest import BUCKET, Endpoint, together


@pytest.fixture
def lock(endpoint: Endpoint) -> Lock:
    return endpoint.ledger().lock


def holder(lock: Lock) -> str | None:
    """Who holds it."""
    found = lock.s3.list_objects_v2(Bucket=BUCKET, Prefix=lock.key).get("Contents")
    return json.loads(lock.s3.get_object(Bucket=BUCKET, Key=lock.key)["Body"].read())["who"] if found else None


def waiting(lock: Lock, *, seconds: float) -> Lock:
    """The same lock for somebody whose clock runs ahead by `seconds` with every try, and who sleeps not at all."""
    passed = iter(range(10_000))
    return Lock(
        s3=lock.s3, bucket=lock.bucket, key=lock.key, sleep=lambda _: None, clock=lambda: next(passed) * seconds
    )


def test_a_lock_is_there_while_it_is_held(lock: Lock) -> None:
    assert holder(lock) is None
    with lock.held(who="ana", doing="promote"):
        assert holder(lock) == "ana"
    assert holder(lock) is None


def test_it_is_given_back_when_the_work_fails(lock: Lock) -> None:
    with pytest.raises(ZeroDivisionError), lock.held(who="ana", doing="promote"):
        raise ZeroDivisionError
    assert holder(lock) is None


def test_who_comes_second_waits_and_is_told_who_holds_it(lock: Lock) -> None:
    with lock.held(who="ana", doing="promote"):
        with pytest.raises(BusyError) as caught, waiting(lock, seconds=20).held(who="ben", doing="roll back"):
            pytest.fail("the lock is held")
        assert str(caught.value).startswith(f"s3://{BUCKET}/{lock.key} is held by ana (promote) since 20")
        assert str(caught.value).endswith("; try again: after 60 s a lock is taken over")
        assert holder(lock) == "ana"


def test_of_many_one_at_a_time_holds_it(lock: Lock) -> None:
    inside: list[int] = []

    def work() -> int:
        with Lock(s3=lock.s3, bucket=BUCKET, key=lock.key, sleep=lambda _: None).held(who="x", doing="y"):
            inside.append(1)
            most = len(inside)
            inside.pop()
        return most

    assert together(*[work] * 12) == [1] * 12


@pytest.fixture
def stale(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> Lock:
    """A lock whose holder died; any age is too old."""
    lock.s3.put_object(Bucket=BUCKET, Key=lock.key, Body=b'{"who": "dead"}')
    monkeypatch.setattr(locks, "LEASE_SECONDS", -1)
    return lock


def test_a_stale_lock_is_taken_over_by_one_alone(stale: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"who": "new"}'
    taken = together(*[lambda: stale._take_over(body, "none", 0)] * 8)
    assert len([etag for etag in taken if isinstance(etag, str)]) == 1
    assert holder(stale) == "new"


def test_who_lost_a_lock_to_another_leaves_it_alone(lock: Lock) -> None:
    with lock.held(who="slow", doing="promote"):
        lock.s3.put_object(Bucket=BUCKET, Key=lock.key, Body=b'{"who": "ben"}')
    assert holder(lock) == "ben"


def test_nothing_is_written_in_the_second_half_of_a_lease(lock: Lock) -> None:
    times = iter([0.0, 0.0, 29.0, 31.0])
    slow = Lock(s3=lock.s3, bucket=BUCKET, key=lock.key, clock=lambda: next(times))
    with slow.held(who="ana", doing="promote") as held:
        held.check()
        with pytest.raises(BusyError, match=r"held for more than 30 s, half of its lease: AWS answers too slowly"):
            held.check()


class LostAnswer:
    """An S3 client whose first answer to a put is lost, so that botocore sends it again."""

    def __init__(self, s3: Any) -> None:
        self._s3, self.exceptions = s3, s3.exceptions
        self._lost = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(self._s3, name)

    def put_object(self, **request: Any) -> Any:
        if not self._lost:
            self._lost = True
            self._s3.put_object(**request)
        return self._s3.put_object(**request)


def test_a_put_whose_answer_was_lost_is_known_again(lock: Lock) -> None:
    with Lock(s3=LostAnswer(lock.s3), bucket=BUCKET, key=lock.key).held(who="ana", doing="promote"):
        assert holder(lock) == "ana"
    assert holder(lock) is None


def test_other_errors_of_s3_are_not_taken_for_a_held_lock(lock: Lock) -> None:
    gone = Lock(s3=lock.s3, bucket="no-such-bucket-0", key=lock.key)
    with pytest.raises(lock.s3.exceptions.NoSuchBucket), gone.held(who="ana", doing="promote"):
        pytest.fail("there is no bucket")
