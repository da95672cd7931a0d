"""An endpoint that was moved away from a failing model: what a refresh reads of that is not what the program wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.policies.support import Specimen, judge

POLICIES = ("endpoint-deployment-guardrails", "endpoint-rollback-alarms-exist")
HALT = Specimen("cloudwatch/metricAlarm", "halt", {"name": "churn-prod-live-halt", "metricName": "Halt"})


def moved(kind: str = "ALL_AT_ONCE", wait_seconds: int = 0, **policy: Any) -> Specimen:
    routing = {"type": kind, "waitIntervalInSeconds": wait_seconds}
    config = {
        "blueGreenUpdatePolicy": {"trafficRoutingConfiguration": routing, **policy},
        "autoRollbackConfiguration": {"alarms": [{"alarmName": "churn-prod-live-halt"}]},
    }
    inputs = {"name": "churn-prod-live", "deploymentConfig": config}
    return Specimen("sagemaker/endpoint", "endpoint", inputs, ignored=("deploymentConfig",))


def said(endpoint: Specimen) -> set[str]:
    return {violation.policy for violation in judge([endpoint, HALT], only=POLICIES).violations}


def test_a_move_that_the_program_leaves_as_it_was_passes() -> None:
    assert said(moved()) == set()


@pytest.mark.parametrize(
    ("endpoint", "violated"),
    [
        (replace(moved(), ignored=()), set(POLICIES)),  # the program wants it so
        (replace(moved(), ignored=("tags",)), set(POLICIES)),
        (moved(wait_seconds=300), set(POLICIES)),  # a rollout with a time in which an alarm could act
        (moved("CANARY"), {"endpoint-rollback-alarms-exist"}),
    ],
)
def test_everything_else_is_judged_as_a_rollout(endpoint: Specimen, violated: set[str]) -> None:
    assert said(endpoint) == violated
