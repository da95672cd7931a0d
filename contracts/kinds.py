"""Kinds of endpoints: what each is able to do, and AWS's limits of it. Nothing else decides by kind.

A kind is a value. Whoever draws, checks or watches an endpoint asks it for facts instead of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from contracts.names import HOSTS

Rollout = Literal["all_at_once", "canary", "linear", "rolling"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What AWS accepts of one request, and the page that says so."""

    payload_bytes: int
    seconds: int
    source: str
    read_on: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric that AWS publishes of an endpoint of the kind, and the dimensions that it is counted by."""

    name: str
    namespace: str
    unit: str
    dimensions: tuple[str, ...] = ("EndpointName", "VariantName")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of endpoint.

    `most_variants` are the production variants that share its traffic; `shadow` says whether the platform lets one more
    get copies of the requests, `models` whether it serves further models by name; `rollouts` are the ways in which a
    release takes over.
    """

    name: str
    has_instances: bool
    captures: bool
    most_variants: int
    shadow: bool
    models: bool
    rollouts: tuple[Rollout, ...]
    metrics: tuple[Metric, ...]
    limits: Limits


#: SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch" (endpoint invocation and endpoint
#: metrics, read 2026-11-28). CPUUtilization and GPUUtilization sum over cores and GPUs: up to 100 % for each.
_INVOCATIONS: Final = tuple(
    Metric(name=name, namespace="AWS/SageMaker", unit=unit)
    for name, unit in (
        ("Invocations", "None"),
        ("InvocationsPerInstance", "None"),
        ("Invocation4XXErrors", "None"),
        ("Invocation5XXErrors", "None"),
        ("InvocationModelErrors", "None"),
        ("ModelLatency", "Microseconds"),
        ("OverheadLatency", "Microseconds"),
    )
)
_HOSTS: Final = tuple(
    Metric(name=f"{part}Utilization", namespace=HOSTS, unit="Percent")
    for part in ("CPU", "Memory", "Disk", "GPU", "GPUMemory")
)

REALTIME: Final = Kind(
    name="realtime",
    has_instances=True,
    captures=True,
    most_variants=10,
    shadow=True,  # one, beside one production variant (developer guide, "Create a shadow test", read 2026-11-28)
    models=False,
    rollouts=("all_at_once", "canary", "linear", "rolling"),
    metrics=_INVOCATIONS + _HOSTS,
    limits=Limits(
        payload_bytes=6_291_456,
        seconds=60,
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
        read_on="2026-11-28",
    ),
)

#: The kinds that a stack may name today.
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in (REALTIME,)}
#: Kinds that the platform will serve; until then they are refused by name.
PLANNED: Final = (
    "serverless", "asynchronous", "batch", "multi_model", "inference_pipeline", "inference_components",
    "fargate", "lambda", "eks", "edge",
)  # fmt: skip
