"""Updates of a service: what has changed is sent, and what scaling or a rollout has moved since is left."""

from __future__ import annotations

from typing import Any

import pytest

from local.adapter import requests
from local.adapter.services import resource_type
from local.adapter.table import Scope

#: As the state has it; by now scaling may have brought tasks, and a failed rollout gone back.
BEFORE: dict[str, Any] = {
    "cluster": "c",
    "name": "s",
    "desiredCount": 2,
    "taskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/one:1",
    "healthCheckGracePeriodSeconds": 60,
    "forceNewDeployment": True,
}


@pytest.mark.parametrize(
    ("changed", "sent"),
    [
        ({"healthCheckGracePeriodSeconds": 120}, {"healthCheckGracePeriodSeconds": 120}),
        ({"desiredCount": 3}, {"healthCheckGracePeriodSeconds": 60, "desiredCount": 3}),
        ({"taskDefinition": "two:1"}, {"healthCheckGracePeriodSeconds": 60, "taskDefinition": "two:1"}),
    ],
)
def test_an_update_sends_the_count_and_the_task_definition_only_where_they_have_changed(
    changed: dict[str, Any], sent: dict[str, Any]
) -> None:
    scope = Scope(
        account="123456789012",
        region="eu-west-1",
        name="s",
        inputs=BEFORE | changed,
        before=BEFORE,
        changed=frozenset(changed),
        id="arn:aws:ecs:eu-west-1:123456789012:service/c/s",
    )
    (call,) = requests.on_update(resource_type("aws:ecs/service:Service"), scope)
    assert (call.operation, call.faults) == ("UpdateService", ())
    assert call.parameters == {"cluster": "c", "service": "s", "forceNewDeployment": True, **sent}
