"""Limits of autoscaling by the clock, as scheduled actions of Application Auto Scaling."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pulumi
import pulumi_aws as aws

from contracts.names import EndpointNames
from settings import Schedule


def expression(schedule: Schedule) -> str:
    """When, as Application Auto Scaling reads it (user guide, "Schedule recurring scaling actions")."""
    return f"at({schedule.once}:00)" if schedule.as_cron is None else f"cron({schedule.as_cron})"


def role(schedule: Schedule, zone: str | None) -> str:
    """What the action is called after the variant; its zone where it is not `zone`, that of the others."""
    if schedule.cron:
        name = f"cron-{hashlib.sha256(schedule.cron.encode()).hexdigest()[:8]}"
    elif schedule.once:
        name = f"once-{schedule.once.replace('-', '').replace(':', '')}"
    else:
        day = [f"day-{schedule.day_of_month}"] if schedule.day_of_month else [each[:3] for each in schedule.weekdays]
        name = "-".join([f"at-{str(schedule.at).replace(':', '')}", *day])
    if schedule.timezone in (None, zone):
        return name
    return f"{name}-{str(schedule.timezone).replace('/', '-').replace('_', '-').lower()}"


def scheduled(
    name: str,
    names: EndpointNames,
    variant: str,
    schedule: Schedule,
    zone: str | None,
    target: aws.appautoscaling.Target,
    opts: pulumi.ResourceOptions,
) -> aws.appautoscaling.ScheduledAction:
    """New limits of a variant at a time; one that is over is told of, for it changes nothing any more."""
    if schedule.is_over(datetime.now(UTC)):
        pulumi.log.warn(
            f"{names.prefix}: autoscaling.schedules: found once {schedule.once}, which is over and changes nothing; "
            "allowed: a moment to come; remove it, or correct its date"
        )
    called = f"{variant}-{role(schedule, zone)}"
    return aws.appautoscaling.ScheduledAction(
        f"{name}-{called}",
        name=names.resource(called),
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        schedule=expression(schedule),
        timezone=schedule.timezone or "UTC",
        scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
            min_capacity=schedule.minimum, max_capacity=schedule.maximum
        ),
        opts=opts,
    )
