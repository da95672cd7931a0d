"""Carries out endpoint deployments: start the new fleet, shift traffic, bake while the alarms watch, or go back."""

from __future__ import annotations

import logging
import time
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.sagemaker.models import SageMakerModelBackend

from local.emulator.cloudwatch.alarms import alarmed_since
from local.emulator.context import Context
from local.emulator.sagemaker import fleets
from local.emulator.sagemaker.fleets import Fleet, Traffic
from local.emulator.sagemaker.hosting import Hosted, Pending
from local.emulator.sagemaker.model_servers import StartError
from local.emulator.sagemaker.rollout import Plan, plan

_logger = logging.getLogger(__name__)


def instance_count(config: dict[str, Any]) -> int:
    """The instances of a configuration's production variants; 1 for serverless ones."""
    return sum(variant.get("InitialInstanceCount") or 1 for variant in config["ProductionVariants"])


def create(context: Context, backend: SageMakerModelBackend, endpoint: Hosted) -> None:
    """Bring a new endpoint into service, or fail it with the reason."""
    try:
        fleet = fleets.launch(context, backend, endpoint.endpoint_name, endpoint.config)
    except StartError as error:
        endpoint.enter(context, "Failed", str(error))
        return
    except Exception:
        _logger.exception("endpoint %s could not be created", endpoint.endpoint_name)
        endpoint.enter(context, "Failed", "the emulator failed to start the endpoint's servers; see its log")
        return
    if endpoint.deleted:  # deleted or reset meanwhile
        fleet.kill()
        return
    endpoint.traffic = Traffic(blue=fleet)
    endpoint.enter(context, "InService")


def update(context: Context, backend: SageMakerModelBackend, endpoint: Hosted, config: dict[str, Any]) -> None:
    """Move an endpoint in service to another configuration as its deployment configuration says."""
    pending = endpoint.pending = Pending(config=config)
    pending.enter("Creating", f"Launching {instance_count(config)} instance(s).")
    traffic = endpoint.traffic
    if traffic is None:
        raise RuntimeError(f"endpoint {endpoint.endpoint_name} is updated before it is in service")
    began = time.time()
    try:
        green = fleets.launch(context, backend, endpoint.endpoint_name, config)
    except StartError as error:
        _back(context, endpoint, None, f"The deployment of {config['EndpointConfigName']} was rolled back: {error}")
        return
    except Exception:
        _logger.exception("endpoint %s could not be updated", endpoint.endpoint_name)
        _back(context, endpoint, None, "the emulator failed to start the new fleet; see its log")
        return
    pending.fleet = green
    with traffic.lock:
        traffic.green = green
    planned = plan(endpoint.deployment_config, instance_count(config))
    tripped = _shift(context, endpoint, traffic, pending, planned, began)
    if endpoint.deleted:
        green.kill()
    elif tripped:
        reason = f"alarm(s) {', '.join(tripped)} went to ALARM during the deployment"
        _back(context, endpoint, green, f"The deployment of {config['EndpointConfigName']} was rolled back: {reason}.")
    else:
        _settle(context, endpoint, traffic, green, config)


def _shift(
    context: Context, endpoint: Hosted, traffic: Traffic, pending: Pending, planned: Plan, began: float
) -> list[str]:
    """Shift and bake step by step; the alarms that tripped, which end it at once."""
    backend = cloudwatch_backends[endpoint.account][endpoint.region]

    def tripped() -> list[str]:
        return alarmed_since(backend, list(planned.alarms), began)

    def interrupted() -> bool:
        return endpoint.deleted or bool(tripped())

    for shift in planned.shifts:
        pending.enter("ActivatingTraffic", f"Activating traffic on {shift.share:.0%} of the capacity.")
        traffic.shift(shift.share)
        waited = f"Baking for {shift.wait_seconds:g} seconds (WaitIntervalInSeconds)"
        pending.enter("Baking", f"{waited} with traffic enabled on {shift.share:.0%} of the capacity.")
        if context.clock.wait(shift.wait_seconds, interrupted) or interrupted():
            return tripped()
    waited = f"Baking for {planned.termination_wait_seconds:g} seconds (TerminationWaitInSeconds)"
    pending.enter("Baking", f"{waited} with traffic enabled on full capacity.")
    context.clock.wait(planned.termination_wait_seconds, interrupted)
    return tripped()


def _settle(context: Context, endpoint: Hosted, traffic: Traffic, green: Fleet, config: dict[str, Any]) -> None:
    blue = traffic.blue
    traffic.settle(green)
    endpoint.config, endpoint.pending = config, None
    endpoint.enter(context, "InService")
    blue.stop()


def _back(context: Context, endpoint: Hosted, green: Fleet | None, reason: str) -> None:
    """All traffic to the old fleet; the endpoint is in service with its old configuration and says why."""
    if endpoint.traffic is not None:
        endpoint.traffic.settle(endpoint.traffic.blue)
    endpoint.pending = None
    endpoint.enter(context, "InService", reason)
    if green is not None:
        green.stop()
