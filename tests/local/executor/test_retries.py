from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local.executor.errors import JOB_INTERNAL_ERROR, SERVICE_FAULT, THROTTLING, StepFailure
from local.executor.retry import Exhausted, attempt, service_failure

POLICIES = [
    {
        "ExceptionType": ["SageMaker.CAPACITY_ERROR", JOB_INTERNAL_ERROR],
        "IntervalSeconds": 60,
        "BackoffRate": 2.0,
        "MaxAttempts": 2,
    },
    {"ExceptionType": [SERVICE_FAULT, THROTTLING], "IntervalSeconds": 10, "BackoffRate": 3.0, "MaxAttempts": 3},
]


def run(failures: list[Exception], policies: list[dict[str, Any]] | None = None) -> tuple[Any, list[float]]:
    """`attempt` of work that fails with each of `failures` and then succeeds: its outcome and the pauses."""
    left, slept = list(failures), list[float]()

    def once(number: int) -> int:
        if left:
            raise left.pop(0)
        return number

    step = {"RetryPolicies": POLICIES if policies is None else policies}
    try:
        return attempt(step, once, slept.append), slept
    except Exhausted as failure:
        return failure, slept


def client_error(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # pyright: ignore[reportArgumentType]


def test_no_failure_no_retry() -> None:
    assert run([]) == ((1, 1), [])


def test_the_pauses_grow_by_the_rate() -> None:
    broken = StepFailure("broken", JOB_INTERNAL_ERROR)
    assert run([broken, broken]) == ((3, 3), [60.0, 120.0])


def test_each_policy_counts_for_itself() -> None:
    broken, busy = StepFailure("broken", JOB_INTERNAL_ERROR), client_error("SlowDown", 503)
    assert run([broken, busy, broken, busy]) == ((5, 5), [60.0, 10.0, 120.0, 30.0])


def test_after_the_last_attempt_the_last_failure_stands() -> None:
    failure, slept = run([StepFailure(f"broken {n}", JOB_INTERNAL_ERROR) for n in range(5)])
    assert (failure.reason, failure.attempts, failure.exception) == ("broken 2", 3, JOB_INTERNAL_ERROR)
    assert slept == [60.0, 120.0]


@pytest.mark.parametrize("policies", [[], POLICIES])
def test_an_error_of_the_algorithm_is_final(policies: list[dict[str, Any]]) -> None:
    failure, slept = run([StepFailure("AlgorithmError: no")], policies)
    assert (failure.attempts, slept) == (1, [])


def test_a_bound_in_time() -> None:
    broken = StepFailure("broken", JOB_INTERNAL_ERROR)
    policy = {"ExceptionType": [JOB_INTERNAL_ERROR], "IntervalSeconds": 1, "ExpireAfterMin": 5}
    assert run([broken], [policy]) == ((2, 2), [1.0])
    assert run([broken], [{**policy, "ExpireAfterMin": 0}])[0].attempts == 1


@pytest.mark.parametrize(
    ("error", "exception"),
    [
        (client_error("ThrottlingException", 400), THROTTLING),
        (client_error("InternalError", 500), SERVICE_FAULT),
        (client_error("NoSuchKey", 404), None),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), SERVICE_FAULT),
    ],
)
def test_which_answers_of_a_service_are_worth_another_attempt(error: Exception, exception: str | None) -> None:
    assert service_failure(error).exception == exception
