"""Serverless endpoints: memory and concurrency in place of instances; between requests nothing runs."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import REQUESTS, Kind, Limits, metrics
from contracts.names import HOSTS

#: SageMaker developer guide, "Deploy models with Amazon SageMaker Serverless Inference" (serverless-endpoints, feature
#: exclusions: no VPC configuration, network isolation, data capture, multiple production variants), "Deployment
#: guardrails" (real-time and asynchronous endpoints alone) and "Alarms and logs for tracking metrics from serverless
#: endpoints" (an exhaustive list); read 2026-11-29.
SERVERLESS: Final = Kind(
    name="serverless",
    hosted=True,
    has_instances=False,
    captures=False,
    in_network=False,
    scales_to_zero=False,
    most_variants=1,
    shadow=False,
    models=False,
    rollouts=(),
    metrics=(
        *metrics(REQUESTS, "None", "Invocations", "Invocation4XXErrors", "Invocation5XXErrors"),
        *metrics(REQUESTS, "Microseconds", "ModelLatency", "OverheadLatency", "ModelSetupTime"),
        *metrics(HOSTS, "Percent", "MemoryUtilization"),
        *metrics(REQUESTS, "None", "ServerlessConcurrentExecutionsUtilization"),
        *metrics(REQUESTS, "None", "ServerlessProvisionedConcurrencyUtilization"),
    ),
    limits=Limits(
        payload_bytes=4 * 1024 * 1024,
        seconds=60,
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html",
        read_on="2026-11-29",
    ),
)
