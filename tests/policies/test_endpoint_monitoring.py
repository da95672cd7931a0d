"""What counts as monitoring an endpoint: a recurring schedule that starts a job for it, or SageMaker's own schedule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.policies.mutation import Change, drop, put, remove
from tests.policies.support import UNKNOWN, Specimen, judge

POLICY = "endpoint-has-monitoring-schedule"
START = "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob"
NOT_MONITORED = (
    "sagemaker/endpoint 'endpoint': no schedule starts a processing job for it, and it has no monitoring job definition"
)


def request(*arguments: str, **environment: str) -> str:
    """A request of CreateProcessingJob."""
    return json.dumps({"AppSpecification": {"ContainerArguments": list(arguments)}, "Environment": environment})


def schedule(name: str = "drift", **inputs: Any) -> Specimen:
    """The platform's own schedule of one endpoint's drift jobs."""
    target = {"arn": START, "input": request("--endpoint", "churn-prod", "--publish")}
    return Specimen("scheduler/schedule", name, {"scheduleExpression": "cron(0 * * * ? *)", "target": target, **inputs})


PLATFORM = {
    each.name: each for each in (Specimen("sagemaker/endpoint", "endpoint", {"name": "churn-prod"}), schedule())
}


def said(platform: dict[str, Specimen]) -> list[str]:
    verdict = judge(platform.values(), only=[POLICY])
    return [each.message.partition(". Declare ")[0] for each in (*verdict.violations, *verdict.undecided)]


@pytest.mark.parametrize(
    "change",
    [
        put("drift", "state", "ENABLED"),
        put("drift", "scheduleExpression", "rate(6 hours)"),
        put("drift", "target.arn", START.replace("arn:aws:", "arn:aws-us-gov:")),
        put("drift", "target.input", request(ENDPOINT="churn-prod")),
    ],
    ids=["enabled", "by a rate", "in another partition", "named in the environment"],
)
def test_a_schedule_that_starts_a_job_for_the_endpoint_monitors_it(change: Change) -> None:
    assert said(PLATFORM) == []
    assert said(change.apply(PLATFORM)) == []


@pytest.mark.parametrize(
    "change",
    [
        remove("drift"),
        put("drift", "state", "DISABLED"),
        put("drift", "scheduleExpression", "at(2026-12-01T00:00:00)"),
        put("drift", "target.arn", "arn:aws:lambda:eu-west-1:111122223333:function:churn-prod"),
        put("drift", "target.input", request("--endpoint", "churn-prod-live")),
        put("drift", "target.input", request("--captured", "s3://bucket/data-capture/churn-prod/")),
        put("drift", "target.input", "{"),
        drop("drift", "target.input"),
    ],
    ids=["none", "disabled", "once", "a function", "another endpoint", "only in a path", "no JSON", "no input"],
)
def test_a_schedule_of_anything_else_does_not(change: Change) -> None:
    assert said(change.apply(PLATFORM)) == [NOT_MONITORED]


def test_each_endpoint_needs_a_schedule_of_its_own() -> None:
    other = Specimen("sagemaker/endpoint", "other", {"name": "churn-prod-live"})
    assert said({**PLATFORM, "other": other}) == [NOT_MONITORED.replace("'endpoint'", "'other'")]
    watched = schedule("second", target={"arn": START, "input": request("--endpoint", "churn-prod-live")})
    assert said({**PLATFORM, "other": other, "second": watched}) == []


def test_what_is_not_known_yet_is_undecided_unless_something_known_speaks_against_it() -> None:
    waiting = put("drift", "target.input", UNKNOWN).apply(PLATFORM)
    assert said(waiting) == ["scheduler/schedule 'drift': target.input is not known yet"]
    assert said(put("drift", "state", "DISABLED").apply(waiting)) == [NOT_MONITORED]
    assert said({**waiting, "second": schedule("second")}) == []
    unnamed = put("endpoint", "name", UNKNOWN).apply(PLATFORM)
    assert said(unnamed) == ["sagemaker/endpoint 'endpoint': name is not known yet"]
