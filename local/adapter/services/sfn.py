"""AWS Step Functions: state machines."""

from __future__ import annotations

from local.adapter.conversions import json_text
from local.adapter.table import ResourceType, To

SERVICE = "stepfunctions"

TYPES = (
    ResourceType(
        "aws:sfn/stateMachine:StateMachine",
        id="{arn}",
        arn="stateMachine:{name}",
        fields={
            "definition": To("definition", json_text),
            "loggingConfiguration.logDestination": "destinations[].cloudWatchLogsLogGroup.logGroupArn",
        },
        defaults={"publish": False, "type": "STANDARD"},
    ),
)
