"""Scalable targets: what capacity a resource has, and how it gets another.

Played are the variants of endpoints, the copies of inference components and the tasks of services; the other targets
are kept and never change.
"""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeScalableTarget
from moto.ecs.models import ecs_backends
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from local.emulator.ecs import services
from local.emulator.sagemaker import copies, endpoints, inference_components

VARIANT = "sagemaker:variant:DesiredInstanceCount"
COPIES = "sagemaker:inference-component:DesiredCopyCount"
SERVICE = "ecs:service:DesiredCount"


def find(backend: ApplicationAutoscalingBackend, dimension: str, resource: str) -> FakeScalableTarget | None:
    """The target of that name, None when nobody registered it."""
    return backend.targets.get(dimension, {}).get(resource)


def capacity(target: FakeScalableTarget) -> int | None:
    """The capacity of now; None for what is not played or not there."""
    if target.scalable_dimension == SERVICE:
        running = _service(target)
        return running.service.desired_count if running else None
    if target.scalable_dimension == COPIES:
        component = copies.of(_sagemaker(target)).get(target.resource_id.partition("/")[2])
        return component.desired if component else None
    if target.scalable_dimension != VARIANT:
        return None
    _, endpoint, _, variant = target.resource_id.split("/")
    try:
        hosted = endpoints.hosted(_sagemaker(target), endpoint)
    except ValidationError:
        return None
    found = hosted.traffic.blue.production.get(variant) if hosted.traffic else None
    return found.instances if found else None


def _sagemaker(target: FakeScalableTarget) -> SageMakerModelBackend:
    backend = target.applicationautoscaling_backend
    return sagemaker_backends[backend.account_id][backend.region_name]


def _service(target: FakeScalableTarget) -> services.Running | None:
    _, cluster, name = target.resource_id.split("/")
    backend = target.applicationautoscaling_backend
    return services.find(ecs_backends[backend.account_id][backend.region_name], cluster, name)


def suspended(target: FakeScalableTarget, what: str) -> bool:
    """Whether a kind of scaling of the target rests (`DynamicScalingInSuspended`, ...)."""
    state: Any = target.suspended_state or {}
    return bool(state.get(what))


def change(target: FakeScalableTarget, wanted: int) -> None:
    """Give a target another capacity.

    Raises:
        ValidationError: the endpoint is on its way to something else; a service then only grows (Application Auto
            Scaling user guide, "Amazon ECS and Application Auto Scaling").
    """
    running = _service(target) if target.scalable_dimension == SERVICE else None
    if running is not None:
        if running.green is not None and wanted < running.service.desired_count:
            raise ValidationError(f"{target.resource_id} has a deployment in progress: its tasks get no fewer")
        services.scale(running, wanted)
        return
    if target.scalable_dimension == COPIES:
        name = target.resource_id.partition("/")[2]
        inference_components.set_copies(_sagemaker(target), name, wanted)
        return
    _, endpoint, _, variant = target.resource_id.split("/")
    _sagemaker(target).update_endpoint_weights_and_capacities(
        endpoint, [{"VariantName": variant, "DesiredInstanceCount": wanted}]
    )
