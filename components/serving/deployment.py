"""How a new release takes over: the endpoint's deployment configuration (SageMaker deployment guardrails)."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.sagemaker import (
    EndpointDeploymentConfigArgs,
    EndpointDeploymentConfigAutoRollbackConfigurationAlarmArgs,
    EndpointDeploymentConfigAutoRollbackConfigurationArgs,
    EndpointDeploymentConfigBlueGreenUpdatePolicyArgs,
    EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationArgs,
    EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySizeArgs,
    EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSizeArgs,
    EndpointDeploymentConfigRollingUpdatePolicyArgs,
    EndpointDeploymentConfigRollingUpdatePolicyMaximumBatchSizeArgs,
)

from settings import AllAtOnce, Canary, Fleet, Linear, Rolling

#: An endpoint takes at most 10 rollback alarms (API reference, AutoRollbackConfig).
MAX_ALARMS = 10
_PERCENT = "CAPACITY_PERCENT"
_Routing = EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationArgs


def deployment_config(settings: Fleet, alarms: Sequence[pulumi.Input[str]]) -> EndpointDeploymentConfigArgs:
    """The rollout of the settings, turned back when one of `alarms` (by name) goes off."""
    if len(alarms) > MAX_ALARMS:
        raise ValueError(f"rollback alarms: found {len(alarms)}; allowed: up to {MAX_ALARMS}")
    rollout = settings.rollout
    rollback = (
        EndpointDeploymentConfigAutoRollbackConfigurationArgs(
            alarms=[EndpointDeploymentConfigAutoRollbackConfigurationAlarmArgs(alarm_name=name) for name in alarms]
        )
        if alarms
        else None
    )
    timeout_seconds = settings.rollout_timeout_minutes * 60
    if isinstance(rollout, Rolling):
        return EndpointDeploymentConfigArgs(
            auto_rollback_configuration=rollback,
            rolling_update_policy=EndpointDeploymentConfigRollingUpdatePolicyArgs(
                maximum_batch_size=EndpointDeploymentConfigRollingUpdatePolicyMaximumBatchSizeArgs(
                    type=_PERCENT, value=rollout.batch_percent
                ),
                wait_interval_in_seconds=rollout.bake_minutes * 60,
                maximum_execution_timeout_in_seconds=timeout_seconds,
            ),
        )
    return EndpointDeploymentConfigArgs(
        auto_rollback_configuration=rollback,
        blue_green_update_policy=EndpointDeploymentConfigBlueGreenUpdatePolicyArgs(
            traffic_routing_configuration=_routing(rollout),
            # The old fleet stays for one more bake time: until then turning back is a matter of seconds.
            termination_wait_in_seconds=rollout.bake_minutes * 60,
            maximum_execution_timeout_in_seconds=timeout_seconds,
        ),
    )


def _routing(rollout: AllAtOnce | Canary | Linear) -> _Routing:
    wait_seconds = rollout.bake_minutes * 60
    match rollout:
        case AllAtOnce():
            return _Routing(type="ALL_AT_ONCE", wait_interval_in_seconds=wait_seconds)
        case Canary(canary_percent=percent):
            size = EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySizeArgs(
                type=_PERCENT, value=percent
            )
            return _Routing(type="CANARY", wait_interval_in_seconds=wait_seconds, canary_size=size)
        case Linear(step_percent=percent):
            step = EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSizeArgs(
                type=_PERCENT, value=percent
            )
            return _Routing(type="LINEAR", wait_interval_in_seconds=wait_seconds, linear_step_size=step)
