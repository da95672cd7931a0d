"""Scaling of an inference component's copies: by what each is asked at once, to zero, and back by a refused request."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.serving.clock import scheduled
from components.serving.scaling import first_one
from components.serving.watch import REQUESTS
from contracts.names import EndpointNames
from settings import CopyScaling

#: SageMaker developer guide, "Scale an endpoint to zero instances" (read 2026-11-29): of no copy a target cannot tell,
#: so an alarm on the requests that found none has a step bring the first.
_TRACKED, _WAKES = (
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    "NoCapacityInvocationFailures",
)


def copy_scaling(
    name: str, names: EndpointNames, settings: CopyScaling, stack: aws.cloudformation.Stack, parent: pulumi.Resource
) -> None:
    """Scaling of the component of a stack, called as that; its instances follow by themselves (managed instance
    scaling).
    """
    opts = pulumi.ResourceOptions(parent=parent)
    target = aws.appautoscaling.Target(
        f"{name}-copies-target",
        service_namespace="sagemaker",
        scalable_dimension="sagemaker:inference-component:DesiredCopyCount",
        resource_id=stack.name.apply(lambda component: f"inference-component/{component}"),
        min_capacity=settings.minimum,
        max_capacity=settings.maximum,
        # From the stack, whole: the component must exist before it can be registered.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[stack])),
    )
    aws.appautoscaling.Policy(
        f"{name}-concurrency",
        name=names.resource("concurrency"),
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "predefined_metric_specification": {"predefined_metric_type": _TRACKED},
            "target_value": settings.concurrent_requests,
            "scale_out_cooldown": settings.scale_out_cooldown_seconds,
            "scale_in_cooldown": settings.scale_in_cooldown_seconds,
        },
        opts=opts,
    )
    if settings.least == 0:
        _wake(name, names, settings, target, opts)
    for schedule in settings.schedules:
        scheduled(name, names, "copies", schedule, settings.timezone, target, opts)


def _wake(
    name: str,
    names: EndpointNames,
    settings: CopyScaling,
    target: aws.appautoscaling.Target,
    opts: pulumi.ResourceOptions,
) -> None:
    """The first copy: a step of one as soon as a request found none."""
    wakes = first_one(
        f"{name}-wake",
        names.resource("wake"),
        target,
        statistic="Maximum",
        cooldown=settings.scale_out_cooldown_seconds,
        opts=opts,
    )
    aws.cloudwatch.MetricAlarm(
        f"{name}-refused",
        name=names.resource("refused"),
        alarm_description="requests were refused, for no copy is there: the first one starts",
        namespace=REQUESTS,
        metric_name=_WAKES,
        dimensions={"InferenceComponentName": names.prefix},
        statistic="Sum",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        period=60,
        evaluation_periods=1,
        datapoints_to_alarm=1,
        treat_missing_data="missing",
        actions_enabled=True,
        alarm_actions=[wakes.arn],
        opts=opts,
    )
