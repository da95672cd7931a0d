"""Real-time endpoints: instances that always run, captured by SageMaker, with every rollout."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import HOST_METRICS, INVOCATION_METRICS, Kind, Limits

REALTIME: Final = Kind(
    name="realtime",
    hosted=True,
    has_instances=True,
    captures=True,
    in_network=True,
    scales_to_zero=False,
    most_variants=10,
    shadow=True,  # one, beside one production variant (developer guide, "Create a shadow test", read 2026-11-28)
    models=False,
    becomes=("inference_pipeline",),
    rollouts=("all_at_once", "canary", "linear", "rolling"),
    metrics=INVOCATION_METRICS + HOST_METRICS,
    # AWS says two things of a request's size: 25 MB (developer guide, "Model Hosting FAQs", a copy of 2026; older ones
    # say 6 MB), and 6,291,456 bytes (API reference, InvokeEndpoint, Body; so does botocore's model, 1.44.5, which boto3
    # does not check). The stricter of the two holds here: what it takes, either takes.
    limits=Limits(
        payload_bytes=6_291_456,
        seconds=60,
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html",
        read_on="2026-11-28",
    ),
)
