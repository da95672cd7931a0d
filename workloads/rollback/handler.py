"""The rollback Lambda: alarm -> endpoint back on the known good release -> release record rewritten -> people told.

Archive: `contracts/{__init__,release}.py`, `workloads/{__init__,alarm}.py`, `workloads/rollback/`; handler
`workloads.rollback.handler.handle`. Environment: RELEASE_PARAMETER, ENDPOINT_NAME, TOPIC_ARN.

Reserved concurrency must be 1: SSM has no compare-and-set, so one invocation at a time is what keeps the record whole.
Every step may be repeated: an invocation that failed half way is retried by Lambda and finds what is left to do.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3

from contracts import release
from contracts.release import Record, Release, ReleaseError
from workloads import alarm

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who wants the rollback and why; `about` is when the fault was seen (None: whatever is live now)."""

    who: str
    why: str
    about: datetime | None = None


def handle(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Lambda entry. Returns {"action": "rolled-back" | "ignored" | "refused", "reason": ..., "from": id, "to": id}."""
    result = roll_back(
        event,
        now=datetime.now(UTC),
        environment=os.environ,
        ssm=boto3.client("ssm"),
        sagemaker=boto3.client("sagemaker"),
        sns=boto3.client("sns"),
    )
    logger.info(json.dumps({"event": "rollback", **result}))
    return result


def roll_back(
    event: Mapping[str, Any], *, now: datetime, environment: Mapping[str, str], ssm: Any, sagemaker: Any, sns: Any
) -> dict[str, str]:
    """One rollback with its clients given. AWS errors propagate: Lambda retries, then the dead-letter queue."""
    parameter, endpoint = environment["RELEASE_PARAMETER"], environment["ENDPOINT_NAME"]
    request = _request(event)
    if request is None:
        return {"action": "ignored", "reason": "the alarm is not in state ALARM"}
    record = release.from_json(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    if request.about and datetime.fromisoformat(record.live.when) > request.about:
        return {"action": "ignored", "reason": f"release {record.live.id} went live after {request.about.isoformat()}"}
    try:
        target = release.roll_back(record, who=request.who, why=request.why, when=now.isoformat(timespec="seconds"))
        rewritten = release.to_json(target)  # a record that does not fit must not leave the endpoint moved without it
    except ReleaseError as refusal:
        _notify(
            sns, environment, f"Rollback of {endpoint} refused", f"{refusal}\nAsked by {request.who}: {request.why}"
        )
        return {"action": "refused", "reason": str(refusal), "from": record.live.id}
    _move_endpoint(sagemaker, endpoint, target.live)
    ssm.put_parameter(Name=parameter, Value=rewritten, Type="String", Overwrite=True)
    _notify(sns, environment, f"{endpoint} rolled back", _summary(endpoint, record, target))
    return {"action": "rolled-back", "reason": request.why, "from": record.live.id, "to": target.live.id}


def _request(event: Mapping[str, Any]) -> Request | None:
    """A request by hand is {"who": ..., "why": ...}; everything else must be an alarm notification."""
    if {"who", "why"} <= set(event):
        return Request(who=str(event["who"])[:100], why=str(event["why"])[:500])
    seen = alarm.from_sns(event)
    if seen.state != "ALARM":
        return None
    return Request(who=f"alarm {seen.name}", why=seen.reason[:500], about=seen.changed)


def _move_endpoint(sagemaker: Any, endpoint: str, target: Release) -> None:
    """All traffic at once: the endpoint is failing now. Only the instance counts that autoscaling reached are kept."""
    found = sagemaker.list_endpoint_configs(
        NameContains=f"{endpoint}-{target.id}", SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )["EndpointConfigs"]
    if not found:
        raise LookupError(
            f"no endpoint configuration {endpoint}-{target.id}* is left for the known good release {target.champion}: "
            "run `pulumi up`, which declares it, and then roll back by hand"
        )
    config = found[0]["EndpointConfigName"]
    if sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"] == config:
        return  # an earlier try, or SageMaker's own rollback of the rollout, got here first
    sagemaker.update_endpoint(
        EndpointName=endpoint,
        EndpointConfigName=config,
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[
            {"VariantPropertyType": "DesiredWeight"},
            {"VariantPropertyType": "DataCaptureConfig"},
        ],
    )


def _summary(endpoint: str, before: Record, after: Record) -> str:
    return (
        f"{endpoint} now serves {after.live.champion} (release {after.live.id}).\n"
        f"Failed: {before.live.champion} (release {before.live.id}).\n"
        f"By: {after.live.who}\nWhy: {after.live.why}\n"
        "The next `pulumi up` agrees with this; promote a fixed package when there is one."
    )


def _notify(sns: Any, environment: Mapping[str, str], subject: str, message: str) -> None:
    sns.publish(TopicArn=environment["TOPIC_ARN"], Subject=subject[:100], Message=message)
