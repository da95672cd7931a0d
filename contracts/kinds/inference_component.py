"""Inference components: a model in copies on instances of a real-time endpoint, which both go to zero."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import REQUESTS, Kind, Limits, metrics
from contracts.names import COMPONENTS

_COMPONENT: Final = ("InferenceComponentName",)
#: SageMaker developer guide, "Scale an endpoint to zero instances" (to and from zero only with inference components;
#: until a copy is there each request is an error, by which NoCapacityInvocationFailures is counted), "Amazon SageMaker
#: AI metrics in Amazon CloudWatch" (of inference components by InferenceComponentName) and API reference,
#: UpdateInferenceComponent (a rolling update with alarms is the one way of a release); read 2026-11-29. A component
#: has one model: it has no shares of traffic and no copies of requests. No page says that SageMaker captures the
#: traffic of components: the service does.
INFERENCE_COMPONENT: Final = Kind(
    name="inference_component",
    hosted=True,
    has_instances=True,
    captures=False,
    in_network=True,
    scales_to_zero=True,
    most_variants=1,
    shadow=False,
    models=False,
    rollouts=("rolling",),
    metrics=(
        *metrics(REQUESTS, "None", "Invocations", "InvocationsPerCopy", counted_by=_COMPONENT),
        *metrics(REQUESTS, "None", "Invocation4XXErrors", "Invocation5XXErrors", counted_by=_COMPONENT),
        *metrics(REQUESTS, "None", "InvocationModelErrors", "NoCapacityInvocationFailures", counted_by=_COMPONENT),
        *metrics(REQUESTS, "None", "ConcurrentRequestsPerCopy", counted_by=_COMPONENT),
        *metrics(REQUESTS, "Microseconds", "ModelLatency", "OverheadLatency", counted_by=_COMPONENT),
        *metrics(
            COMPONENTS,
            "Percent",
            *("CPUUtilizationNormalized", "MemoryUtilizationNormalized", "GPUUtilizationNormalized"),
            counted_by=_COMPONENT,
        ),
    ),
    limits=Limits(
        payload_bytes=6_291_456,
        seconds=60,
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
        read_on="2026-11-29",
    ),
    host="component",
)
