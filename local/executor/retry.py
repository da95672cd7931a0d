"""Another attempt where a retry policy of the step names the kind of failure.

SageMaker developer guide, "Retry policy for pipeline steps": MaxAttempts counts the retries, the first attempt apart;
ExpireAfterMin bounds the time in which another may start; each interval is the last one times BackoffRate. Policies are
tried in their order, and each counts for itself.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from local.executor.errors import SERVICE_FAULT, THROTTLING, StepFailure

_THROTTLING = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded"}
)

#: A refusal of S3 or SageMaker, no answer at all, or a transfer that broke.
SERVICE_ERRORS = (ClientError, BotoCoreError, Boto3Error)


def attempt(step: Mapping[str, Any], once: Callable[[int], Any], sleep: Callable[[float], None]) -> tuple[Any, int]:
    """`once(number)` until it succeeds; its result and the number of attempts. Raises Exhausted, the last failure."""
    policies = step.get("RetryPolicies", [])
    used: Counter[int] = Counter()
    began = time.monotonic()
    number = 0
    while True:
        number += 1
        try:
            return once(number), number
        except SERVICE_ERRORS as error:
            failure = service_failure(error)
        except StepFailure as error:
            failure = error
        index = _policy(policies, failure, used, minutes=(time.monotonic() - began) / 60)
        if index is None:
            raise Exhausted(failure, number)
        policy = policies[index]
        sleep(policy.get("IntervalSeconds", 1) * policy.get("BackoffRate", 2.0) ** used[index])
        used[index] += 1


class Exhausted(StepFailure):
    """The failure of the last attempt, with the number of attempts."""

    def __init__(self, failure: StepFailure, attempts: int) -> None:
        super().__init__(failure.reason, failure.exception)
        self.attempts = attempts


def service_failure(error: Exception) -> StepFailure:
    """One of SERVICE_ERRORS as the failure of a step."""
    if not isinstance(error, ClientError):  # no connection, no answer
        return StepFailure(f"InternalServerError: {error}", SERVICE_FAULT)
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLING:
        return StepFailure(f"ThrottlingException: {error}", THROTTLING)
    return StepFailure(f"ClientError: {error}", SERVICE_FAULT if status >= 500 else None)


def _policy(
    policies: list[Mapping[str, Any]], failure: StepFailure, used: Counter[int], *, minutes: float
) -> int | None:
    """Index of the first policy that allows another attempt, or None."""
    for index, policy in enumerate(policies):
        if failure.exception in policy["ExceptionType"]:
            left = (
                used[index] < policy["MaxAttempts"] if "MaxAttempts" in policy else minutes < policy["ExpireAfterMin"]
            )
            if left:
                return index
    return None
