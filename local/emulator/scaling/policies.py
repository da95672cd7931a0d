"""Scaling policies at work: the alarms of target tracking, and what an alarm's action changes.

moto keeps policies and never scales. Sources: Application Auto Scaling user guide, "Target tracking scaling policies"
(two alarms: above the target for three minutes, below 90 % of it for fifteen; several policies: the one with the most
capacity wins, and only all together scale in) and "How cooldown periods work"; SageMaker developer guide, "Autoscale an
asynchronous endpoint".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from moto.applicationautoscaling import models as moto_models
from moto.applicationautoscaling import responses as moto_responses
from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
    applicationautoscaling_backends,
)
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.sagemaker.exceptions import ValidationError

from local.emulator.cloudwatch.alarms import Alarms
from local.emulator.cloudwatch.evaluation import State
from local.emulator.context import Context
from local.emulator.delivery.log import Status
from local.emulator.errors import AwsError
from local.emulator.extension import replace, store, wrap
from local.emulator.scaling import arithmetic, targets
from local.emulator.scaling.schedules import Schedules

MINUTE = 60
_HIGH_PERIODS, _LOW_PERIODS = 3, 15
_LOW_SHARE = 0.9
_BELOW = "LessThanThreshold"
_DEFAULT_COOLDOWN = 300  # of SageMaker's variants (API reference, TargetTrackingScalingPolicyConfiguration)
#: SageMaker developer guide, "Define a scaling policy", and Amazon ECS developer guide, "Use a target metric to scale
#: Amazon ECS services": metric, namespace and statistic behind a predefined name, and the dimensions that a resource's
#: id gives.
_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": (
        ("InvocationsPerInstance", "AWS/SageMaker", "Sum"),
        {"EndpointName": 1, "VariantName": 3},
    ),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": (
        ("ConcurrentRequestsPerCopy", "AWS/SageMaker", "Maximum"),
        {"InferenceComponentName": 1},
    ),
    "ECSServiceAverageCPUUtilization": (
        ("CPUUtilization", "AWS/ECS", "Average"),
        {"ClusterName": 1, "ServiceName": 2},
    ),
}


@dataclass(frozen=True, kw_only=True)
class Activity:
    """The last change of a target: when (emulated), from which capacity, how long its cooldown lasts."""

    at: float
    before: int
    after: int
    cooldown: float


class Policies:
    """Carries out the scaling policies of all accounts and regions."""

    def __init__(self, context: Context, alarms: Alarms) -> None:
        self._context, self._alarms = context, alarms

    def act(self, cloudwatch: CloudWatchBackend, alarm: Alarm, action: str) -> None:
        """Do what an alarm asks of the policy that its action names."""
        region, account = action.split(":")[3:5]
        backend = applicationautoscaling_backends[account][region]
        policy = next((p for p in backend.policies.values() if action.startswith(p.policy_arn)), None)
        target = targets.find(backend, policy.scalable_dimension, policy.resource_id) if policy else None
        if policy is None or target is None:
            self._context.log.add(alarm.alarm_arn, action, Status.FAILED, error="no such policy, or none of its target")
            return
        now, value = targets.capacity(target), self._alarms.reading(cloudwatch, alarm)
        if now is None or value is None:
            return
        cooling = self._cooling(backend, target)
        base = cooling.before if cooling and cooling.after > cooling.before else now
        wanted = self._wanted(policy, alarm, value, base)
        wanted = min(max(wanted, int(target.min_capacity or 0)), int(target.max_capacity or 0))
        if wanted == now or (wanted < now and (cooling or not self._all_agree(cloudwatch, backend, policy))):
            return
        if wanted < now and targets.suspended(target, "DynamicScalingInSuspended"):
            return
        if wanted > now and targets.suspended(target, "DynamicScalingOutSuspended"):
            return
        self._change(backend, target, policy, alarm, now, wanted)

    def repeat(self) -> None:
        """What alarms that stay in ALARM ask for once more each minute (CloudWatch user guide, "Alarm actions")."""
        for account in list(cloudwatch_backends.values()):
            for backend in list(account.values()):
                for alarm in list(backend.alarms.values()):
                    if alarm.state_value == State.ALARM and alarm.actions_enabled:
                        for action in alarm.alarm_actions:
                            if ":autoscaling:" in action:
                                self.act(backend, alarm, action)

    def _cooling(self, backend: ApplicationAutoscalingBackend, target: FakeScalableTarget) -> Activity | None:
        last: Activity | None = _activities(backend).get((target.scalable_dimension, target.resource_id))
        over = last is None or self._context.clock.emulated() >= last.at + last.cooldown
        return None if over else last

    def _wanted(self, policy: FakeApplicationAutoscalingPolicy, alarm: Alarm, value: float, capacity: int) -> int:
        tracking = policy.target_tracking_scaling_policy_configuration
        if tracking is not None:
            wanted = arithmetic.tracked(value=value, target=float(tracking["TargetValue"]), capacity=capacity)
            low = alarm.comparison_operator == _BELOW  # each of the two alarms asks for its own direction only
            return min(wanted, capacity) if low else max(wanted, capacity)
        steps: dict[str, Any] = policy.step_scaling_policy_configuration or {}
        return arithmetic.stepped(steps, above_threshold=value - float(alarm.threshold), capacity=capacity)

    def _all_agree(
        self,
        cloudwatch: CloudWatchBackend,
        backend: ApplicationAutoscalingBackend,
        policy: FakeApplicationAutoscalingPolicy,
    ) -> bool:
        """Whether every policy that tracks a target is ready to scale in; a step policy asks none of them."""
        if policy.target_tracking_scaling_policy_configuration is None:
            return True
        mine = (policy.scalable_dimension, policy.resource_id)
        low = [
            alarm.name
            for each in backend.policies.values()
            if (each.scalable_dimension, each.resource_id) == mine
            for alarm in each.alarms
            if alarm.comparison_operator == _BELOW
        ]
        return all(cloudwatch.alarms[name].state_value == State.ALARM for name in low if name in cloudwatch.alarms)

    def _change(
        self,
        backend: ApplicationAutoscalingBackend,
        target: FakeScalableTarget,
        policy: FakeApplicationAutoscalingPolicy,
        alarm: Alarm,
        before: int,
        after: int,
    ) -> None:
        detail = {"capacity": f"{before} -> {after}"}
        try:
            targets.change(target, after)
        except ValidationError as error:
            self._context.log.add(alarm.alarm_arn, policy.policy_arn, Status.FAILED, error=str(error), **detail)
            return
        self._context.log.add(alarm.alarm_arn, policy.policy_arn, Status.DELIVERED, **detail)
        _activities(backend)[target.scalable_dimension, target.resource_id] = Activity(
            at=self._context.clock.emulated(),
            before=before,
            after=after,
            cooldown=_cooldown(policy, out=after > before),
        )


def _activities(backend: ApplicationAutoscalingBackend) -> dict[Any, Any]:
    return store(backend, "scaling activities")


def _cooldown(policy: FakeApplicationAutoscalingPolicy, *, out: bool) -> float:
    tracking = policy.target_tracking_scaling_policy_configuration
    if tracking is None:
        return float((policy.step_scaling_policy_configuration or {}).get("Cooldown") or 0)
    return float(tracking.get("ScaleOutCooldown" if out else "ScaleInCooldown", _DEFAULT_COOLDOWN))


def metric(policy: FakeApplicationAutoscalingPolicy) -> dict[str, Any] | None:
    """What a tracking policy reads, as PutMetricAlarm takes it; None for a predefined metric that is not played."""
    tracking = policy.target_tracking_scaling_policy_configuration or {}
    custom = tracking.get("CustomizedMetricSpecification")
    if custom is not None:
        given = {each["Name"]: each["Value"] for each in custom.get("Dimensions", [])}
        name, namespace, statistic = custom["MetricName"], custom["Namespace"], custom["Statistic"]
    else:
        predefined = (tracking.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
        if predefined not in _PREDEFINED:
            return None
        (name, namespace, statistic), places = _PREDEFINED[predefined]
        parts = policy.resource_id.split("/")
        given = {dimension: parts[place] for dimension, place in places.items()}
    dimensions = [{"Name": key, "Value": value} for key, value in given.items()]
    return {"metric_name": name, "namespace": namespace, "statistic": statistic, "dimensions": dimensions}


def _track(policy: FakeApplicationAutoscalingPolicy) -> None:
    """Make the two alarms of a policy that tracks a target, in place of those of its former form."""
    read = metric(policy)
    if policy.service_namespace not in ("sagemaker", "ecs") or read is None:
        return
    policy.delete_alarms(policy.account_id, policy.region_name)  # moto's own of ECS, which all have one threshold
    policy.alarms.clear()
    tracking = policy.target_tracking_scaling_policy_configuration or {}
    target = float(tracking["TargetValue"])
    backend = cloudwatch_backends[policy.account_id][policy.region_name]
    sides = [("High", "GreaterThanThreshold", _HIGH_PERIODS, target)]
    if not tracking.get("DisableScaleIn"):
        sides.append(("Low", _BELOW, _LOW_PERIODS, target * _LOW_SHARE))
    for side, comparison, periods, threshold in sides:
        action = f"{policy.policy_arn}:createdBy/{uuid.uuid4()}"
        alarm = backend.put_metric_alarm(
            name=f"TargetTracking-{policy.resource_id}-Alarm{side}-{uuid.uuid4()}",
            comparison_operator=comparison,
            evaluation_periods=periods,
            period=MINUTE,
            threshold=threshold,
            description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.policy_arn}.",
            alarm_actions=[action],
            ok_actions=[],
            insufficient_data_actions=[],
            metric_data_queries=[],
            **read,
        )
        policy.alarms.append(alarm)


def _gone(original: Callable[..., None], self: ApplicationAutoscalingBackend, *args: Any, **kwargs: Any) -> None:
    """The code of what is not there; moto calls it a fault of the request."""
    try:
        original(self, *args, **kwargs)
    except AWSValidationException as error:
        raise AwsError("ObjectNotFoundException", str(error.message)) from error


def install(context: Context, alarms: Alarms) -> None:
    """Have policies and schedules act."""
    policies = Policies(context, alarms)

    def put_scaling_policy(
        original: Callable[..., FakeApplicationAutoscalingPolicy],
        self: ApplicationAutoscalingBackend,
        *args: Any,
        **kwargs: Any,
    ) -> FakeApplicationAutoscalingPolicy:
        before = dict(self.policies)
        policy = original(self, *args, **kwargs)
        key = next(key for key, each in self.policies.items() if each is policy)
        if (former := before.get(key)) is not None:
            former.delete_alarms(self.account_id, self.region_name)
            policy.policy_arn = former.policy_arn  # what an alarm of the stack names goes on holding
        _track(policy)
        return policy

    def deregister_scalable_target(
        original: Callable[..., None], self: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str
    ) -> None:
        original(self, namespace, r_id, dimension)
        for policy in [p for p in self.policies.values() if (p.scalable_dimension, p.resource_id) == (dimension, r_id)]:
            self.delete_scaling_policy(policy.policy_name, policy.service_namespace, r_id, dimension)
        self.scheduled_actions = [
            each for each in self.scheduled_actions if (each.scalable_dimension, each.resource_id) != (dimension, r_id)
        ]

    known = {each.name: each.value for each in moto_models.ScalableDimensionValueSet} | {"COPIES": targets.COPIES}
    for module in (moto_models, moto_responses):  # moto's list of dimensions is older than inference components
        replace(module, "ScalableDimensionValueSet", Enum("ScalableDimensionValueSet", known))
    for operation in ("deregister_scalable_target", "delete_scaling_policy"):
        wrap(ApplicationAutoscalingBackend, operation, _gone)
    wrap(ApplicationAutoscalingBackend, "put_scaling_policy", put_scaling_policy)
    wrap(ApplicationAutoscalingBackend, "deregister_scalable_target", deregister_scalable_target)
    context.scale = policies.act
    alarms.each_minute(Schedules(context.clock).run)
    alarms.each_minute(policies.repeat)
