"""Amazon EventBridge Scheduler: schedules and their groups."""

from __future__ import annotations

from local.adapter.conversions import one, switch
from local.adapter.table import ResourceType, To

SERVICE = "scheduler"

_ECS = "target.ecsParameters"

TYPES = (
    ResourceType(
        "aws:scheduler/schedule:Schedule",
        id="{groupName}/{name}",
        arn="schedule/{groupName}/{name}",
        fields={
            f"{_ECS}.networkConfiguration.assignPublicIp": To(
                "awsvpcConfiguration.AssignPublicIp", switch("ENABLED", "DISABLED")
            ),
            f"{_ECS}.networkConfiguration.securityGroups": "awsvpcConfiguration.SecurityGroups",
            f"{_ECS}.networkConfiguration.subnets": "awsvpcConfiguration.Subnets",
            f"{_ECS}.placementStrategies": "PlacementStrategy",
            f"{_ECS}.tags": To("Tags", one),
            "target.sagemakerPipelineParameters.pipelineParameters": "PipelineParameterList",
        },
        defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
    ),
)
