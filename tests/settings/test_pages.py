"""What AWS forbids is refused with AWS's page and the day it was read; what the platform alone sets, without."""

from __future__ import annotations

from typing import Any

import pytest

from tests.settings.written import LIVE, faults, live

SERVERLESS = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html, read "
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, read "
CODEDEPLOY = "AWS CodeDeploy user guide, deployment configurations on an AWS Lambda compute platform, read "
FARGATE = "Amazon ECS developer guide, task definition parameters for Fargate, read "
API = "SageMaker API reference, {}, read "
#: What Fargate has no default for.
HELD = {
    "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
    "client_security_groups": ["sg-0123456789abcdef0"],
}


@pytest.mark.parametrize(
    ("kind", "endpoint", "page"),
    [
        ("serverless", {"memory_mb": 1000}, SERVERLESS),
        ("serverless", {"max_concurrency": 201}, SERVERLESS),
        ("serverless", {"rollout": {"kind": "canary"}}, SERVERLESS),
        ("lambda", {"memory_mb": 10_241}, LAMBDA),
        ("lambda", {"timeout_seconds": 901}, LAMBDA),
        ("lambda", {"instance_type": "ml.m5.large"}, LAMBDA),
        ("lambda", {"rollout": {"kind": "canary", "bake_minutes": 7}}, CODEDEPLOY),
        ("lambda", {"rollout": {"kind": "linear", "bake_minutes": 4}}, CODEDEPLOY),
        ("lambda", {"rollout": {"kind": "rolling"}}, CODEDEPLOY),
        (
            "asynchronous",
            {"payload_mb": 1025},
            "https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html, ",
        ),
        ("asynchronous", {"concurrent_per_instance": 1001}, API.format("AsyncInferenceClientConfig")),
        ("batch", {"payload_mb": 101}, API.format("CreateTransformJob")),
        ("fargate", {**HELD, "cpu": 300}, FARGATE),
        ("fargate", {**HELD, "memory_mb": 256}, FARGATE),
        (
            "inference_component",
            {"copy_memory_mb": 64},
            API.format("InferenceComponentComputeResourceRequirements"),
        ),
        (
            "inference_component",
            {"rollout_timeout_minutes": 481},
            API.format("InferenceComponentRollingUpdatePolicy"),
        ),
        ("realtime", {"rollout": {"kind": "canary", "canary_percent": 51}}, API.format("TrafficRoutingConfig")),
        ("realtime", {"rollout": {"kind": "linear", "step_percent": 9}}, API.format("TrafficRoutingConfig")),
        ("realtime", {"rollout": {"kind": "linear", "bake_minutes": 61}}, API.format("TrafficRoutingConfig")),
        ("realtime", {"rollout": {"kind": "rolling", "batch_percent": 51}}, API.format("RollingUpdatePolicy")),
        ("realtime", {"rollout": {"kind": "all_at_once", "bake_minutes": 61}}, API.format("BlueGreenUpdatePolicy")),
        ("realtime", {"rollout_timeout_minutes": 9}, "at least 10: " + API.format("BlueGreenUpdatePolicy")),
    ],
)
def test_a_limit_of_aws_is_told_with_its_page(kind: str, endpoint: dict[str, Any], page: str) -> None:
    (line,) = faults(workloads=live(kind=kind, **endpoint))
    assert line.startswith(f"ml-platform:{LIVE}.{[*endpoint][-1]}"), line
    assert f" ({page}" in line and "2026-11-" in line.rpartition("(")[2], line


@pytest.mark.parametrize(
    ("kind", "endpoint"),
    [
        ("serverless", {"max_concurrency": "5"}),  # only its YAML type is wrong
        ("serverless", {"capture_percent": 101}),
        ("realtime", {"instance_count": 101}),
        ("realtime", {"memory": 1}),  # a key that no kind has
    ],
)
def test_what_is_not_awss_is_told_without(kind: str, endpoint: dict[str, Any]) -> None:
    (line,) = faults(workloads=live(kind=kind, **endpoint))
    assert "read 2026" not in line
