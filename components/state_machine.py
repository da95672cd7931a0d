"""State machines of Step Functions: what all of them share, whichever component makes them.

A machine has a role of its own, is traced, and logs what failed, without what was executed: keys of objects, and what
is in them, stay where they are encrypted.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain


def telemetry() -> list[Statement]:
    """What the role of a machine may do for its traces and its log."""
    return [
        access.allow(
            "Trace",
            [
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            ["*"],
        ),
        # Log delivery has no resources (developer guide, "IAM policies for logging to CloudWatch Logs").
        access.allow(
            "DeliverLogs",
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            ["*"],
        ),
    ]


def state_machine(
    name: str,
    called: str,
    *,
    ground: Ground,
    role_arn: pulumi.Input[str],
    definition: pulumi.Input[str],
    parent: pulumi.Resource,
    depends_on: list[pulumi.Resource] | None = None,
) -> aws.sfn.StateMachine:
    """The machine and its log group; `called` is its physical name."""
    # The name that lets AWS keep one policy for all such groups (developer guide, "Log group names").
    group = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=f"/aws/vendedlogs/states/{called}",
        kms_key_id=ground.keys[Domain.LOGS].arn,
        retention_in_days=ground.log_retention_days,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return aws.sfn.StateMachine(
        f"{name}-machine",
        name=called,
        type="STANDARD",
        role_arn=role_arn,
        definition=definition,
        logging_configuration=aws.sfn.StateMachineLoggingConfigurationArgs(
            level="ERROR", include_execution_data=False, log_destination=pulumi.Output.concat(group.arn, ":*")
        ),
        tracing_configuration=aws.sfn.StateMachineTracingConfigurationArgs(enabled=True),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=depends_on),
    )
