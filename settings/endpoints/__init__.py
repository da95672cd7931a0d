"""Section `workloads.<name>.endpoints.<name>`: one endpoint, of a kind that its `kind` names. One file a kind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.endpoints.asynchronous import Asynchronous, BacklogScaling, QueueAlarms
from settings.endpoints.batch import Batch, BatchAlarms
from settings.endpoints.common import AnyKind, EndpointAlarms, Fleet, RequestAlarms, RollbackAlarm
from settings.endpoints.fargate import Fargate, TaskScaling
from settings.endpoints.inference_component import CopyScaling, InferenceComponent
from settings.endpoints.inference_pipeline import InferencePipeline
from settings.endpoints.lambda_ import ConcurrencyScaling, Lambda, ShiftAtOnce, ShiftCanary, ShiftLinear
from settings.endpoints.multi_model import ModelAlarms, MultiModel
from settings.endpoints.realtime import Realtime, RequestFleet
from settings.endpoints.serverless import Serverless

__all__ = [
    "AnyKind",
    "Asynchronous",
    "BacklogScaling",
    "Batch",
    "BatchAlarms",
    "ConcurrencyScaling",
    "CopyScaling",
    "Endpoint",
    "EndpointAlarms",
    "Fargate",
    "Fleet",
    "InferenceComponent",
    "InferencePipeline",
    "Lambda",
    "ModelAlarms",
    "MultiModel",
    "QueueAlarms",
    "Realtime",
    "RequestAlarms",
    "RequestFleet",
    "RollbackAlarm",
    "Serverless",
    "ShiftAtOnce",
    "ShiftCanary",
    "ShiftLinear",
    "TaskScaling",
]

#: One model for each kind of endpoint, told apart by `kind`.
Endpoint = Annotated[
    Realtime
    | InferencePipeline
    | MultiModel
    | InferenceComponent
    | Serverless
    | Asynchronous
    | Batch
    | Fargate
    | Lambda,
    Field(discriminator="kind"),
]
