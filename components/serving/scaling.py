"""Application Auto Scaling of a variant: by load, and by time of day."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from components.service import Service
from components.serving.clock import scheduled
from components.serving.measured import dimensions, measured
from components.serving.steps import step_scaling
from contracts.names import EndpointNames
from settings import RequestFleet

Tracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "application-autoscaling",
        types="appautoscaling/policy appautoscaling/scheduledAction appautoscaling/target",
        reads="ListTagsForResource",
        reads_anywhere="DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions",
        changes="DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget PutScalingPolicy "
        "PutScheduledAction RegisterScalableTarget TagResource UntagResource",
        unnamed="scalable-target/*",
        links="sagemaker.application-autoscaling",  # to change endpoints
    ),
)


def scalable(
    name: str,
    variant: str,
    limits: tuple[int, int],
    endpoint: aws.sagemaker.Endpoint,
    opts: pulumi.ResourceOptions,
) -> aws.appautoscaling.Target:
    """The number of a variant's instances, between the fewest and the most; `opts` are those of `with_type`."""
    least, most = limits
    return aws.appautoscaling.Target(
        f"{name}-{variant}-target",
        service_namespace="sagemaker",
        scalable_dimension="sagemaker:variant:DesiredInstanceCount",
        # From the endpoint's output: the variant must exist before it can be registered.
        resource_id=endpoint.name.apply(lambda live: f"endpoint/{live}/variant/{variant}"),
        min_capacity=least,
        max_capacity=most,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[endpoint])),
    )


def with_type(instance_type: str, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Of everything that scales a variant: made anew with another instance type, for then none of it is there any more.

    `automation.operations.unscaling` deregisters the target before the endpoint moves, and policies and schedules end
    with it. What is new has the name of the old, which would take it along if it went last.
    """
    return pulumi.ResourceOptions(parent=parent, replacement_trigger=instance_type, delete_before_replace=True)


def scaling(
    name: str,
    names: EndpointNames,
    variant: str,
    settings: RequestFleet,
    endpoint: aws.sagemaker.Endpoint,
    parent: pulumi.Resource,
) -> None:
    """Scaling of a variant: by targets that are held, by steps, and by the clock.

    SageMaker refuses to remove a variant as long as it is a scalable target (developer guide, "Update endpoints
    that use auto scaling"): whoever moves an endpoint away from a challenger deregisters that first
    (`contracts.release.scaled`).
    """
    how, opts = settings.autoscaling, with_type(settings.instance_type, parent)
    target = scalable(name, variant, (how.minimum, how.maximum), endpoint, opts)
    for called, held in targets(names, variant, settings).items():
        aws.appautoscaling.Policy(
            f"{name}-{variant}-{called}",
            name=names.resource(f"{variant}-{called}"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                **held,
                "scale_out_cooldown": how.scale_out_cooldown_seconds,
                "scale_in_cooldown": how.scale_in_cooldown_seconds,
            },
            opts=opts,
        )
    step_scaling(name, names, variant, how, settings.instance_type, target, opts)
    for schedule in how.schedules:
        scheduled(name, names, variant, schedule, how.timezone, target, opts)


def targets(names: EndpointNames, variant: str, settings: RequestFleet) -> dict[str, Tracking]:
    """What is held, by the name of its policy."""
    how = settings.autoscaling
    predefined = {
        "invocations": (how.invocations_per_instance, "SageMakerVariantInvocationsPerInstance"),
        "concurrency": (how.concurrent_requests, "SageMakerVariantConcurrentRequestsPerModelHighResolution"),
    }
    found: dict[str, Tracking] = {
        called: {"predefined_metric_specification": {"predefined_metric_type": metric}, "target_value": value}
        for called, (value, metric) in predefined.items()
        if value is not None
    }
    customized = {"latency": ("latency_ms", how.latency_ms), "cpu": ("cpu_percent", how.cpu_percent)}
    for called, (what, value) in customized.items():
        if value is not None:
            read = measured(what, settings.instance_type)
            found[called] = {
                "customized_metric_specification": {
                    "namespace": read.namespace,
                    "metric_name": read.metric,
                    "statistic": read.statistic,
                    "dimensions": [{"name": key, "value": each} for key, each in dimensions(names, variant).items()],
                },
                "target_value": value * read.unit,
            }
    return found


def first_one(
    name: str,
    physical: str,
    target: aws.appautoscaling.Target,
    *,
    statistic: str,
    cooldown: int,
    opts: pulumi.ResourceOptions,
) -> aws.appautoscaling.Policy:
    """The step that adds one to what a target has none of, of which tracking cannot tell; an alarm of the `statistic`
    of waiting or refused requests sets it off.
    """
    return aws.appautoscaling.Policy(
        name,
        name=physical,
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration={
            "adjustment_type": "ChangeInCapacity",
            "metric_aggregation_type": statistic,
            "cooldown": cooldown,
            "step_adjustments": [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}],
        },
        opts=opts,
    )
