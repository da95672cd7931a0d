"""Application Auto Scaling: scalable targets, scaling policies and scheduled actions."""

from __future__ import annotations

from local.adapter.conversions import as_number
from local.adapter.table import ResourceType, To, live, response

SERVICE = "application-autoscaling"

_STEPS = "stepScalingPolicyConfiguration.stepAdjustments"

TYPES = (
    ResourceType(
        "aws:appautoscaling/target:Target",
        noun="ScalableTarget",
        id="{resourceId}",
        replace=("resourceId", "roleArn", "scalableDimension", "serviceNamespace"),
        lacking=("TagResource", "UntagResource"),
    ),
    ResourceType(
        "aws:appautoscaling/policy:Policy",
        noun="ScalingPolicy",
        id="{name}",
        fields={
            "name": "PolicyName",
            f"{_STEPS}.metricIntervalLowerBound": To("MetricIntervalLowerBound", as_number),
            f"{_STEPS}.metricIntervalUpperBound": To("MetricIntervalUpperBound", as_number),
            "predictiveScalingPolicyConfiguration.metricSpecifications.targetValue": To("TargetValue", as_number),
        },
        defaults={"policyType": "StepScaling"},
        outputs={"alarmArns": response("Alarms[].AlarmARN")},
    ),
    ResourceType(
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        id="{name}-{serviceNamespace}-{resourceId}",
        defaults={"timezone": "UTC"},
        outputs={"arn": live("ScheduledActions[0].ScheduledActionARN")},
    ),
)
