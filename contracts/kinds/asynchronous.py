"""Asynchronous endpoints: requests wait in a queue, come from S3 and are answered there; instances go to zero."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import HOST_METRICS, REQUESTS, Kind, Limits, Metric, metrics

_QUEUE: Final = ("EndpointName",)
#: SageMaker developer guide, "Alarms and logs for tracking metrics from asynchronous endpoints" (an exhaustive list:
#: Invocations is not among them; its queue is counted by endpoint), "Deployment guardrails" with its "Exclusions"
#: (asynchronous endpoints have them; rolling takes one variant), "Shadow tests", "Exclusions" (asynchronous inference)
#: and "Autoscale an asynchronous endpoint" (down to zero instances); read 2026-11-29.
ASYNCHRONOUS: Final = Kind(
    name="asynchronous",
    hosted=True,
    has_instances=True,
    captures=True,
    in_network=True,
    scales_to_zero=True,
    most_variants=10,
    shadow=False,
    models=False,
    rollouts=("all_at_once", "canary", "linear", "rolling"),
    metrics=(
        *metrics(REQUESTS, "None", "Invocation4XXErrors", "Invocation5XXErrors"),
        *metrics(REQUESTS, "Microseconds", "ModelLatency"),
        *metrics(REQUESTS, "Count", "InvocationsProcessed", "InvocationFailures", "ExpiredRequests"),
        *metrics(REQUESTS, "Milliseconds", "TimeInBacklog", "TotalProcessingTime"),
        *(
            Metric(name=name, namespace=REQUESTS, unit=unit, dimensions=_QUEUE)
            for name, unit in (
                ("ApproximateBacklogSize", "Count"),
                ("ApproximateBacklogSizePerInstance", "Count"),
                ("ApproximateAgeOfOldestRequest", "Seconds"),
                ("HasBacklogWithoutCapacity", "Count"),
            )
        ),
        *HOST_METRICS,
    ),
    limits=Limits(
        payload_bytes=1024**3,
        seconds=3600,
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html",
        read_on="2026-11-29",
    ),
)
