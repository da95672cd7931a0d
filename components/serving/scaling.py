"""Application Auto Scaling of a variant: by load, and by time of day."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from components.service import Service
from components.serving.plan import cron
from contracts.names import EndpointNames
from settings import Autoscaling

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
    settings: Autoscaling,
    endpoint: aws.sagemaker.Endpoint,
    opts: pulumi.ResourceOptions,
) -> None:
    """Scaling of a variant that is in every release.

    SageMaker refuses to remove a variant as long as it is a scalable target (developer guide, "Update endpoints
    that use automatic scaling"), and a challenger has to go when its test ends or is rolled back.
    """
    target = scalable(name, variant, (settings.minimum, settings.maximum), endpoint, opts)
    aws.appautoscaling.Policy(
        f"{name}-{variant}-invocations",
        name=names.resource(f"{variant}-invocations"),
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
            predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                predefined_metric_type="SageMakerVariantInvocationsPerInstance"
            ),
            target_value=settings.invocations_per_instance,
            scale_out_cooldown=settings.scale_out_cooldown_seconds,
            scale_in_cooldown=settings.scale_in_cooldown_seconds,
        ),
        opts=opts,
    )
    for schedule in settings.schedules:
        role = f"{variant}-at-{schedule.at.replace(':', '')}"
        aws.appautoscaling.ScheduledAction(
            f"{name}-{role}",
            name=names.resource(role),
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            schedule=cron(schedule.at),
            timezone="UTC",
            scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                min_capacity=schedule.minimum, max_capacity=schedule.maximum
            ),
            opts=opts,
        )
