"""The rollback Lambda: alarm -> endpoint back on the known good release -> release record rewritten -> people told.

Environment: RELEASE_PARAMETER, ENDPOINT_NAME, LOCK_BUCKET, LOCK_KEY, TOPIC_ARN; STOPPED where the config says so,
HOST=component, ecs or lambda where the endpoint is an inference component, a service of ECS or a function, and SCALED
where a challenger of it scales, which has to be let go before SageMaker takes it away.

An endpoint takes minutes to come to rest, so the function waits, for most of the time it has. What does not succeed is
told to people and raised: Lambda tries the event twice more, then it is in the dead-letter queue, which has an alarm.
Every step may be repeated (`contracts.release.rollback`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3

from contracts.release import ReleaseError
from contracts.release.component import Component
from contracts.release.ecs import Ecs
from contracts.release.lambda_ import Function
from contracts.release.ledger import Ledger
from contracts.release.live import Host
from contracts.release.lock import Lock
from contracts.release.rollback import Request, Rollback
from contracts.release.sagemaker import SageMaker
from workloads import alarm, job

#: Kept back of the function's time, to tell people what did not happen.
MARGIN_SECONDS = 30.0


@job.function("rollback")
def handle(event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """Lambda entry. Returns {"action": "rolled-back" | "recorded" | "ignored" | "refused", "reason": ...}, and ids of
    releases: {"failed", "live"}."""
    return roll_back(
        event,
        environment=os.environ,
        patience_seconds=context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS,
        s3=boto3.client("s3"),
        ssm=boto3.client("ssm"),
        host=host(os.environ, boto3.client),
        sns=boto3.client("sns"),
    )


def host(environment: Mapping[str, str], client: Callable[[str], Any]) -> Host:
    """What serves the endpoint."""
    endpoint = environment["ENDPOINT_NAME"]
    match environment.get("HOST"):
        case "component":
            return Component(endpoint, client("sagemaker"))
        case "ecs":
            return Ecs(endpoint, client("ecs"))
        case "lambda":
            return Function(endpoint, client("lambda"), client("codedeploy"))
        case _:
            scaling = client("application-autoscaling") if "SCALED" in environment else None
            return SageMaker(endpoint, client("sagemaker"), scaling)


def roll_back(
    event: Mapping[str, Any],
    *,
    environment: Mapping[str, str],
    patience_seconds: float,
    s3: Any,
    ssm: Any,
    host: Host,
    sns: Any,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, str]:
    """One rollback with its clients given. What goes wrong is told to people and raised."""
    request = _request(event)
    if request is None:
        return {"action": "ignored", "reason": "the alarm is not in state ALARM"}
    endpoint = environment["ENDPOINT_NAME"]

    def tell(subject: str, message: str) -> None:
        sns.publish(TopicArn=environment["TOPIC_ARN"], Subject=subject[:100], Message=message)

    ledger = Ledger(
        parameter=environment["RELEASE_PARAMETER"],
        host=host,
        lock=Lock(s3=s3, bucket=environment["LOCK_BUCKET"], key=environment["LOCK_KEY"]),
        ssm=ssm,
    )
    rollback = Rollback(
        ledger=ledger,
        request=request,
        tell=tell,
        patience_seconds=patience_seconds,
        stopped="STOPPED" in environment,
        now=now,
    )
    asked = f"Asked by {request.who}: {request.why}"
    try:
        outcome = rollback.run()
    except ReleaseError as refusal:
        tell(f"Rollback of {endpoint} refused", f"{refusal}\n{asked}")
        return {"action": "refused", "reason": str(refusal)}
    except Exception as error:
        tell(f"Rollback of {endpoint} has not happened", f"{error}\nIt is tried again twice.\n{asked}")
        raise
    found = {"action": outcome.action, "reason": outcome.reason, "failed": outcome.failed, "live": outcome.live}
    return {key: value for key, value in found.items() if value}


def _request(event: Mapping[str, Any]) -> Request | None:
    """A request by hand is {"who": ..., "why": ...}; everything else must be an alarm notification."""
    if {"who", "why"} <= set(event):
        return Request(who=str(event["who"])[:100], why=str(event["why"])[:500])
    seen = alarm.from_sns(event)
    if seen.state != "ALARM":
        return None
    return Request(who=f"alarm {seen.name}", why=seen.reason[:500], about=seen.changed)
