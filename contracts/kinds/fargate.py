"""Tasks of ECS on Fargate behind an internal load balancer: the same image and releases, reached by HTTPS."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import Kind, Limits, metrics

#: Published by the service itself in its log (`workloads.inference.metrics`), called as SageMaker's of its endpoints.
SERVICE_METRICS: Final = "MLPipeline/Inference"
TASKS: Final = "AWS/ECS"
#: Amazon ECS developer guide, "Amazon ECS blue/green deployments", "... canary deployments" and "... linear
#: deployments" (one service revision takes over from another; no shares that stay, no copies of requests), and
#: "Amazon ECS CloudWatch metrics" (CPUUtilization, MemoryUtilization by ClusterName and ServiceName); Elastic Load
#: Balancing, "Listeners for your Application Load Balancers" (no limit of a body; of the service the one below, and
#: its own of 60 s, which is the idle timeout of the load balancer too); read 2026-11-29.
FARGATE: Final = Kind(
    name="fargate",
    hosted=True,
    has_instances=True,
    captures=False,
    in_network=True,
    scales_to_zero=False,
    most_variants=1,
    shadow=False,
    models=False,
    rollouts=("all_at_once", "canary", "linear"),
    metrics=(
        *metrics(SERVICE_METRICS, "Count", "Invocations", "Invocation4XXErrors", "Invocation5XXErrors"),
        *metrics(SERVICE_METRICS, "Microseconds", "ModelLatency"),
        *metrics(TASKS, "Percent", "CPUUtilization", "MemoryUtilization", counted_by=("ClusterName", "ServiceName")),
    ),
    limits=Limits(
        payload_bytes=6 * 1024 * 1024,
        seconds=60,
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html",
        read_on="2026-11-29",
    ),
    host="ecs",
)
