"""Scaling of an asynchronous endpoint by its queue: to zero while nobody asks, and back with the first request."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.serving.scaling import first_one, scalable
from components.serving.watch import REQUESTS
from contracts.names import EndpointNames
from settings import BacklogScaling

#: SageMaker developer guide, "Autoscale an asynchronous endpoint" (read 2026-11-29): what waits for each instance is
#: tracked; of nothing, with no instance, it cannot tell, so a step brings the first one.
_TRACKED, _WAKES = "ApproximateBacklogSizePerInstance", "HasBacklogWithoutCapacity"


def backlog_scaling(
    name: str,
    names: EndpointNames,
    variant: str,
    settings: BacklogScaling,
    endpoint: aws.sagemaker.Endpoint,
    opts: pulumi.ResourceOptions,
    *,
    alone: bool,
) -> None:
    """Scaling of a variant. `alone` says that no other takes requests.

    Two variants are both scaled by the one queue that they take from: what waits for each instance of the endpoint is
    what either of them tracks, so both grow by the same factor.

    A test of two variants keeps an instance of each: no page of AWS says what becomes of the requests that fall to a
    variant without any while the other has some.
    """
    least = settings.minimum if alone else max(settings.minimum, 1)
    target = scalable(name, variant, (least, settings.maximum), endpoint, opts)
    aws.appautoscaling.Policy(
        f"{name}-{variant}-backlog",
        name=names.resource(f"{variant}-backlog"),
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "customized_metric_specification": {
                "metric_name": _TRACKED,
                "namespace": REQUESTS,
                "statistic": "Average",
                "dimensions": [{"name": "EndpointName", "value": names.prefix}],
            },
            "target_value": settings.backlog_per_instance,
            "scale_out_cooldown": settings.scale_out_cooldown_seconds,
            "scale_in_cooldown": settings.scale_in_cooldown_seconds,
        },
        opts=opts,
    )
    if least == 0:
        _wake(name, names, variant, settings, target, opts)


def _wake(
    name: str,
    names: EndpointNames,
    variant: str,
    settings: BacklogScaling,
    target: aws.appautoscaling.Target,
    opts: pulumi.ResourceOptions,
) -> None:
    """The first instance: a step of one when requests wait and none is there."""
    wakes = first_one(
        f"{name}-{variant}-wake",
        names.resource(f"{variant}-wake"),
        target,
        statistic="Average",
        cooldown=settings.scale_out_cooldown_seconds,
        opts=opts,
    )
    aws.cloudwatch.MetricAlarm(
        f"{name}-{variant}-waits",
        name=names.resource(f"{variant}-waits"),
        alarm_description=f"{variant}: requests wait and no instance is there: the first one starts",
        namespace=REQUESTS,
        metric_name=_WAKES,
        dimensions={"EndpointName": names.prefix},
        statistic="Average",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        period=60,
        evaluation_periods=2,
        datapoints_to_alarm=2,
        treat_missing_data="missing",
        actions_enabled=True,
        alarm_actions=[wakes.arn],
        opts=pulumi.ResourceOptions(parent=opts.parent),
    )
