"""Multi-model endpoints: packages of one contract share the instances of one fleet, and are asked for by name."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import HOST_METRICS, INVOCATION_METRICS, REQUESTS, Kind, Limits, Metric, metrics
from contracts.names import HOSTS

#: SageMaker developer guide, "Multi-model endpoints" (auto scaling, VPC), "CloudWatch Metrics for Multi-Model Endpoint
#: Deployments" (none of them by model), "Shadow tests", "Exclusions", "Deployment guardrails", "Exclusions" (where they
#: are not named) and "Monitor data and model quality": Model Monitor takes endpoints of a single model. Variants could
#: share the traffic: the platform gives one model another package instead. Read 2026-11-29.
MULTI_MODEL: Final = Kind(
    name="multi_model",
    hosted=True,
    has_instances=True,
    captures=False,
    in_network=True,
    scales_to_zero=False,
    most_variants=1,
    shadow=False,
    models=True,
    rollouts=("all_at_once", "canary", "linear", "rolling"),
    metrics=(
        *INVOCATION_METRICS,
        *metrics(REQUESTS, "Microseconds", "ModelLoadingWaitTime", "ModelLoadingTime", "ModelUnloadingTime"),
        *metrics(REQUESTS, "Microseconds", "ModelDownloadingTime"),
        *metrics(REQUESTS, "None", "ModelCacheHit"),
        Metric(name="LoadedModelCount", namespace=HOSTS, unit="None"),
        *HOST_METRICS,
    ),
    limits=Limits(
        payload_bytes=6_291_456,
        seconds=60,
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
        read_on="2026-11-29",
    ),
)
