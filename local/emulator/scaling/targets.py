"""Scalable targets: what capacity a resource has, and how it gets another.

Played are the variants of endpoints; the other targets are kept and never change.
"""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeScalableTarget
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import sagemaker_backends

from local.emulator.sagemaker import endpoints

VARIANT = "sagemaker:variant:DesiredInstanceCount"


def find(backend: ApplicationAutoscalingBackend, dimension: str, resource: str) -> FakeScalableTarget | None:
    """The target of that name, None when nobody registered it."""
    return backend.targets.get(dimension, {}).get(resource)


def capacity(target: FakeScalableTarget) -> int | None:
    """The capacity of now; None for what is not played or not there."""
    if target.scalable_dimension != VARIANT:
        return None
    _, endpoint, _, variant = target.resource_id.split("/")
    backend = target.applicationautoscaling_backend
    try:
        hosted = endpoints.hosted(sagemaker_backends[backend.account_id][backend.region_name], endpoint)
    except ValidationError:
        return None
    found = hosted.traffic.blue.production.get(variant) if hosted.traffic else None
    return found.instances if found else None


def suspended(target: FakeScalableTarget, what: str) -> bool:
    """Whether a kind of scaling of the target rests (`DynamicScalingInSuspended`, ...)."""
    state: Any = target.suspended_state or {}
    return bool(state.get(what))


def change(target: FakeScalableTarget, wanted: int) -> None:
    """Give a target another capacity.

    Raises:
        ValidationError: the endpoint is on its way to something else.
    """
    _, endpoint, _, variant = target.resource_id.split("/")
    backend = target.applicationautoscaling_backend
    endpoints.update_endpoint_weights_and_capacities(
        sagemaker_backends[backend.account_id][backend.region_name],
        endpoint,
        [{"VariantName": variant, "DesiredInstanceCount": wanted}],
    )
