"""Application Auto Scaling: scalable targets, scaling policies and scheduled actions."""

from __future__ import annotations

from local.adapter.conversions import as_number
from local.adapter.table import (
    Autoname,
    Call,
    ResourceType,
    Tagging,
    To,
    live,
    response,
    text,
    value,
)

_TARGET = {
    "ResourceId": value("resourceId"),
    "ScalableDimension": value("scalableDimension"),
    "ServiceNamespace": value("serviceNamespace"),
}

TARGET = ResourceType(
    type="aws:appautoscaling/target:Target",
    service="application-autoscaling",
    create=(Call(operation="RegisterScalableTarget"),),
    update=(Call(operation="RegisterScalableTarget"),),
    delete=(Call(operation="DeregisterScalableTarget", given=_TARGET),),
    replace=("resourceId", "roleArn", "scalableDimension", "serviceNamespace"),
    id=value("resourceId"),
    outputs={"arn": response("ScalableTargetARN")},
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"ResourceARN": value("arn")}),
)

_STEPS = "stepScalingPolicyConfiguration.stepAdjustments"

POLICY = ResourceType(
    type="aws:appautoscaling/policy:Policy",
    service="application-autoscaling",
    autoname=Autoname(longest=255),
    create=(Call(operation="PutScalingPolicy"),),
    fields={
        "name": "PolicyName",
        f"{_STEPS}.metricIntervalLowerBound": To("MetricIntervalLowerBound", as_number),
        f"{_STEPS}.metricIntervalUpperBound": To("MetricIntervalUpperBound", as_number),
        "predictiveScalingPolicyConfiguration.metricSpecifications.targetValue": To("TargetValue", as_number),
    },
    defaults={"policyType": "StepScaling"},
    update=(Call(operation="PutScalingPolicy"),),
    delete=(Call(operation="DeleteScalingPolicy", given={**_TARGET, "PolicyName": value("name")}),),
    replace=("name", "resourceId", "scalableDimension", "serviceNamespace"),
    id=value("name"),
    outputs={"alarmArns": response("Alarms[].AlarmARN"), "arn": response("PolicyARN")},
)

SCHEDULED_ACTION = ResourceType(
    type="aws:appautoscaling/scheduledAction:ScheduledAction",
    service="application-autoscaling",
    autoname=Autoname(longest=255),
    create=(Call(operation="PutScheduledAction"),),
    fields={"name": "ScheduledActionName"},
    defaults={"timezone": "UTC"},
    update=(Call(operation="PutScheduledAction"),),
    delete=(Call(operation="DeleteScheduledAction", given={**_TARGET, "ScheduledActionName": value("name")}),),
    replace=("name", "resourceId", "scalableDimension", "serviceNamespace"),
    id=text("{name}-{serviceNamespace}-{resourceId}"),
    read=(
        Call(
            operation="DescribeScheduledActions",
            given={**_TARGET, "ScheduledActionNames": lambda scope: [scope.inputs["name"]]},
        ),
    ),
    outputs={"arn": live("ScheduledActions[0].ScheduledActionARN")},
)

TYPES = (TARGET, POLICY, SCHEDULED_ACTION)
