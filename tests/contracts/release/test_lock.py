from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from contracts.release.lock import LEASE_SECONDS, BusyError, Lock
from tests.contracts.release.conftest import BUCKET, Endpoint, together
from tests.contracts.test_objects import to_a_role_that_lists_prefixes


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


def test_a_lock_that_was_given_back_meanwhile_is_taken_by_a_role_that_s3_answers_403(lock: Lock) -> None:
    """It is there when the second one tries to make it, and gone when it reads who holds it."""
    first, events = ExitStack(), lock.s3.meta.events
    first.enter_context(lock.held(who="ana", doing="promote"))

    def give_back(**_: Any) -> None:
        first.close()

    events.register("before-call.s3.GetObject", give_back)
    with to_a_role_that_lists_prefixes(lock.s3), waiting(lock, seconds=0).held(who="ben", doing="roll back"):
        assert holder(lock) == "ben"
    events.unregister("before-call.s3.GetObject", give_back)
    assert holder(lock) is None


class Later:
    """An S3 client to which the first lock is older than its lease."""

    def __init__(self, s3: Any, key: str) -> None:
        self._s3, self.exceptions = s3, s3.exceptions
        self._first = s3.get_object(Bucket=BUCKET, Key=key)["ETag"]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(self._s3, name)

    def get_object(self, **request: Any) -> Any:
        found = self._s3.get_object(**request)
        passed = LEASE_SECONDS + 2 if found["ETag"] == self._first else 0
        return found | {"LastModified": found["LastModified"] - timedelta(seconds=passed)}


def test_a_lock_whose_holder_died_is_taken_over_by_one_of_many_at_a_time(lock: Lock) -> None:
    lock.s3.put_object(Bucket=BUCKET, Key=lock.key, Body=b'{"who": "dead"}')
    later = Lock(s3=Later(lock.s3, lock.key), bucket=BUCKET, key=lock.key, sleep=lambda _: None)
    inside: list[str] = []

    def work(who: str) -> int:
        with later.held(who=who, doing="promote"):
            inside.append(who)
            most = len(inside)
            assert holder(lock) == who
            inside.pop()
        return most

    assert together(*[lambda who=f"user {number}": work(who) for number in range(8)]) == [1] * 8
    assert holder(lock) is None


def test_a_lock_within_its_lease_is_not_taken_over(lock: Lock) -> None:
    lock.s3.put_object(Bucket=BUCKET, Key=lock.key, Body=b"whatever")
    with pytest.raises(BusyError, match=r"is held by somebody \(unknown\) since a moment ago"):
        waiting(lock, seconds=100).held(who="ben", doing="promote").__enter__()
    assert lock.s3.get_object(Bucket=BUCKET, Key=lock.key)["Body"].read() == b"whatever"


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
