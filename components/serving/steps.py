"""Step scaling of a variant: an alarm on each side, and a policy that says how far each step goes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from components.serving.measured import Measured, dimensions, measured
from components.serving.watch import REQUESTS
from contracts.names import EndpointNames
from settings import Autoscaling

Side = Literal["out", "in"]
#: Instances, by bound in the metric's unit; the first bound is the alarm's.
Bounds = Sequence[tuple[int, int]]
_Adjustment = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs
_BESIDE: Final = {"out": "GreaterThanThreshold", "in": "LessThanThreshold"}


def adjustments(bounds: Bounds, side: Side) -> list[_Adjustment]:
    """Steps as distances from the alarm's threshold (Application Auto Scaling user guide, "Step adjustments")."""
    start = bounds[0][0]
    edges = [str(bound - start) for bound, _ in bounds]
    ends = itertools.zip_longest(edges, edges[1:])
    if side == "out":
        return [
            _Adjustment(metric_interval_lower_bound=near, metric_interval_upper_bound=far, scaling_adjustment=change)
            for (near, far), (_, change) in zip(ends, bounds, strict=True)
        ]
    return [
        _Adjustment(metric_interval_upper_bound=near, metric_interval_lower_bound=far, scaling_adjustment=change)
        for (near, far), (_, change) in zip(ends, bounds, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class _Side:
    """The steps on one side: their alarm goes off after `minutes` beyond the first bound."""

    side: Side
    bounds: Bounds
    minutes: int
    cooldown_seconds: int


def step_scaling(
    name: str,
    names: EndpointNames,
    variant: str,
    settings: Autoscaling,
    instance_type: str,
    target: aws.appautoscaling.Target,
    opts: pulumi.ResourceOptions,
) -> None:
    """Policies and alarms of the steps, where the settings have some."""
    if (steps := settings.steps) is None:
        return
    read = measured(steps.metric, instance_type)
    out = _Side(
        side="out",
        bounds=[(each.above * read.unit, each.add) for each in steps.scale_out],
        minutes=steps.scale_out_minutes,
        cooldown_seconds=settings.scale_out_cooldown_seconds,
    )
    back = _Side(
        side="in",
        bounds=[(each.below * read.unit, -each.remove) for each in steps.scale_in],
        minutes=steps.scale_in_minutes,
        cooldown_seconds=settings.scale_in_cooldown_seconds,
    )
    for side in (out, back):
        if side.bounds:
            called = f"{variant}-step-{side.side}"
            policy = _policy(name, names, called, side, target, opts)
            _alarm(name, names, called, dimensions(names, variant), read, side, policy, opts)


def _policy(
    name: str,
    names: EndpointNames,
    called: str,
    side: _Side,
    target: aws.appautoscaling.Target,
    opts: pulumi.ResourceOptions,
) -> aws.appautoscaling.Policy:
    return aws.appautoscaling.Policy(
        f"{name}-{called}",
        name=names.resource(called),
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration=aws.appautoscaling.PolicyStepScalingPolicyConfigurationArgs(
            adjustment_type="ChangeInCapacity",
            metric_aggregation_type="Average",
            cooldown=side.cooldown_seconds,
            step_adjustments=adjustments(side.bounds, side.side),
        ),
        opts=opts,
    )


def _alarm(
    name: str,
    names: EndpointNames,
    called: str,
    of: Mapping[str, str],
    read: Measured,
    side: _Side,
    policy: aws.appautoscaling.Policy,
    opts: pulumi.ResourceOptions,
) -> None:
    aws.cloudwatch.MetricAlarm(
        f"{name}-{called}-alarm",
        name=names.resource(called),
        alarm_description=f"{read.metric} asks for a step {side.side}: no fault, the number of instances changes",
        namespace=read.namespace,
        metric_name=read.metric,
        dimensions=dict(of),
        statistic=read.statistic,
        comparison_operator=_BESIDE[side.side],
        threshold=side.bounds[0][0],
        period=60,
        evaluation_periods=side.minutes,
        datapoints_to_alarm=side.minutes,
        # SageMaker publishes nothing of requests that do not come (developer guide, "Edit a scaling policy").
        treat_missing_data="breaching" if side.side == "in" and read.namespace == REQUESTS else "missing",
        actions_enabled=True,
        alarm_actions=[policy.arn],
        opts=pulumi.ResourceOptions(parent=opts.parent),
    )
