"""The stack's CloudWatch dashboard as a pure function: what people look at when an alarm calls them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from components.naming import MODEL_QUALITY_NAMESPACE, Names

#: A dashboard is 24 units wide (Amazon CloudWatch API reference, "Dashboard body structure and syntax").
WIDTH: Final = 24
HEIGHT: Final = 6

Series = tuple[str, str, Mapping[str, str], str]


def dashboard(names: Names, *, variants: Sequence[str], functions: Sequence[str], dead_letters: str) -> str:
    """The dashboard's body, as JSON in a stable order; before the first release (no variants) without the endpoint."""
    widgets = [*_endpoint(names, variants), *_operations(names, functions, dead_letters)]
    per_row = 3
    width = WIDTH // per_row
    placed = [
        {"type": "metric", "x": i % per_row * width, "y": i // per_row * HEIGHT, "width": width, "height": HEIGHT}
        | {"properties": widget}
        for i, widget in enumerate(widgets)
    ]
    return json.dumps({"widgets": placed}, sort_keys=True, separators=(",", ":"))


def _endpoint(names: Names, variants: Sequence[str]) -> list[dict[str, Any]]:
    if not variants:
        return []

    def each(namespace: str, metric: str, statistic: str) -> list[Series]:
        return [
            (namespace, metric, {"EndpointName": names.endpoint, "VariantName": variant}, statistic)
            for variant in variants
        ]

    hosts = "/aws/sagemaker/Endpoints"
    quality = {"Endpoint": names.endpoint}
    return [
        _widget(names, "Invocations", each("AWS/SageMaker", "Invocations", "Sum")),
        _widget(
            names,
            "Errors",
            [
                *each("AWS/SageMaker", "Invocation4XXErrors", "Sum"),
                *each("AWS/SageMaker", "Invocation5XXErrors", "Sum"),
            ],
        ),
        _widget(
            names,
            "Model latency (microseconds)",
            [*each("AWS/SageMaker", "ModelLatency", "Average"), *each("AWS/SageMaker", "ModelLatency", "p99")],
        ),
        _widget(
            names,
            "CPU (percent, summed over cores) and memory (percent)",
            [*each(hosts, "CPUUtilization", "Average"), *each(hosts, "MemoryUtilization", "Average")],
        ),
        _widget(
            names,
            "Invocations per instance",
            each("AWS/SageMaker", "InvocationsPerInstance", "Sum"),
        ),
        _widget(
            names,
            "Model quality",
            [
                (MODEL_QUALITY_NAMESPACE, "DriftScore", quality, "Maximum"),
                (MODEL_QUALITY_NAMESPACE, "PredictionAccuracy", quality, "Average"),
            ],
            period_seconds=3600,
        ),
    ]


def _operations(names: Names, functions: Sequence[str], dead_letters: str) -> list[dict[str, Any]]:
    runs = "AWS/Sagemaker/ModelBuildingPipeline"
    pipeline = {"PipelineName": names.pipeline}
    return [
        _widget(
            names,
            "Training pipeline",
            [
                (runs, "ExecutionStarted", pipeline, "Sum"),
                (runs, "ExecutionSucceeded", pipeline, "Sum"),
                (runs, "ExecutionFailed", pipeline, "Sum"),
            ],
            period_seconds=3600,
        ),
        _widget(
            names,
            "Functions",
            [
                ("AWS/Lambda", metric, {"FunctionName": names.resource(function)}, "Sum")
                for function in functions
                for metric in ("Invocations", "Errors")
            ],
        ),
        _widget(
            names,
            "Dead letters",
            [("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": dead_letters}, "Maximum")],
        ),
    ]


def _widget(names: Names, title: str, series: Sequence[Series], period_seconds: int = 300) -> dict[str, Any]:
    return {
        "title": title,
        "region": names.region,
        "view": "timeSeries",
        "stacked": False,
        "period": period_seconds,
        "metrics": [
            [namespace, metric, *(part for pair in dimensions.items() for part in pair), {"stat": statistic}]
            for namespace, metric, dimensions, statistic in series
        ],
    }
