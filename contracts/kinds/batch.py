"""Batch endpoints: a schedule starts transform jobs over files in S3; between two runs nothing is there."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import Kind, Limits, Metric

#: SageMaker API reference, CreateTransformJob (one model; MaxPayloadInMB; ModelClientConfig), developer guide, "Amazon
#: SageMaker AI metrics in Amazon CloudWatch" (transform jobs, by Host) and EventBridge user guide, "Monitoring Amazon
#: EventBridge" (a rule counts the runs that have completed); read 2026-11-29. SageMaker's own capture of a batch job
#: lists its files: the service captures, as where there is none.
BATCH: Final = Kind(
    name="batch",
    hosted=False,
    has_instances=True,
    captures=False,
    in_network=True,
    scales_to_zero=True,
    most_variants=1,
    shadow=False,
    models=False,
    rollouts=(),
    metrics=(
        Metric(name="Invocations", namespace="AWS/Events", unit="Count", dimensions=("RuleName",)),
        *(
            Metric(name=name, namespace="/aws/sagemaker/TransformJobs", unit="Percent", dimensions=("Host",))
            for name in ("CPUUtilization", "MemoryUtilization", "GPUUtilization", "GPUMemoryUtilization")
        ),
    ),
    limits=Limits(
        payload_bytes=100 * 1024 * 1024,
        seconds=3600,
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html",
        read_on="2026-11-29",
    ),
)
