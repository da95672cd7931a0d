"""`{kind: multi_model}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field

from contracts import instances
from settings.endpoints.common import RequestAlarms
from settings.endpoints.realtime import RequestFleet
from settings.faults import Fault
from settings.section import told

_SOURCE: Final = "SageMaker developer guide, supported instances for multi-model endpoints, read 2026-11-29"


class ModelAlarms(RequestAlarms):
    """When the alarms of a multi-model endpoint go off."""

    loads: int = Field(default=100, ge=1, le=1_000_000)
    """Models loaded in 5 minutes, three times in a row, above which the alarm goes off: the memory of the instances is
    too small for the models that are asked for."""


class MultiModel(RequestFleet):
    """A multi-model endpoint: packages of the workload share its instances, and a request names one of them.

    SageMaker captures nothing of it, so its containers write the captured traffic, and reach S3 for that. It has one
    variant, and no shadow (SageMaker developer guide, "Shadow tests", "Exclusions").
    """

    kind: Literal["multi_model"]
    """The kind of endpoint."""
    alarms: ModelAlarms = ModelAlarms()  # pyright: ignore[reportIncompatibleVariableOverride] - sections are frozen
    """When its alarms go off."""
    memory_percent: int = Field(
        default=80,
        ge=10,
        le=95,
        json_schema_extra=told(
            risk="what is left is for requests: a container without memory is killed with its models"
        ),
    )
    """Share of an instance's memory in percent that loaded models may fill; then SageMaker unloads the one that was
    not asked for longest."""

    def faults(self) -> Iterator[Fault]:
        """As of any fleet; instances with accelerators, which NVIDIA's Triton container alone shares among models; a
        word on challengers, of which it has none.
        """
        yield from super().faults()
        if "challenger" in self.autoscaling.model_fields_set:
            allowed = "nothing: an endpoint of several models has one variant"
            yield Fault("autoscaling.challenger", self.autoscaling.challenger, allowed, "take it out")
        if instances.instance(self.instance_type).accelerators:
            allowed = "a type without accelerators: those take models of NVIDIA's Triton container alone"
            yield Fault(
                "instance_type", self.instance_type, allowed, "name one such as ml.m5.large, or kind realtime", _SOURCE
            )
