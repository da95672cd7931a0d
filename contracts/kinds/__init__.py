"""Kinds of endpoints: what each is able to do, and AWS's limits of it. Nothing else decides by kind.

A kind is a value, one a file. Whoever draws, checks or watches an endpoint asks it for facts instead of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.kinds.asynchronous import ASYNCHRONOUS
from contracts.kinds.batch import BATCH
from contracts.kinds.fargate import FARGATE
from contracts.kinds.inference_component import INFERENCE_COMPONENT
from contracts.kinds.inference_pipeline import INFERENCE_PIPELINE
from contracts.kinds.kind import Kind, Limits, Metric, Rollout
from contracts.kinds.lambda_ import LAMBDA
from contracts.kinds.multi_model import MULTI_MODEL
from contracts.kinds.realtime import REALTIME
from contracts.kinds.serverless import SERVERLESS

__all__ = [
    "ASYNCHRONOUS",
    "BATCH",
    "FARGATE",
    "INFERENCE_COMPONENT",
    "INFERENCE_PIPELINE",
    "KINDS",
    "LAMBDA",
    "MULTI_MODEL",
    "PLANNED",
    "REALTIME",
    "SERVERLESS",
    "Kind",
    "Limits",
    "Metric",
    "Rollout",
]

#: The kinds that a stack may name today.
KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        *(REALTIME, INFERENCE_PIPELINE, MULTI_MODEL, INFERENCE_COMPONENT, SERVERLESS, ASYNCHRONOUS),
        *(BATCH, FARGATE, LAMBDA),
    )
}
#: Kinds that the platform will serve; until then they are refused by name.
PLANNED: Final = ("eks", "edge")
