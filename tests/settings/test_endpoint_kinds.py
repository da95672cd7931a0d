"""Endpoints that are more, or less, than a real-time one: what each of these kinds is, and cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.kinds import SERVERLESS
from settings import (
    Asynchronous,
    Fleet,
    ModelAlarms,
    MultiModel,
    QueueAlarms,
)
from tests.settings.written import LIVE, churn, faults, live, load


def test_an_asynchronous_endpoint_goes_to_zero_and_has_a_queue_to_be_watched() -> None:
    found = load(workloads=live(kind="asynchronous", alarms={"backlog": 9})).workloads["churn"].endpoints["live"]
    assert found == Asynchronous(kind="asynchronous", alarms=QueueAlarms(backlog=9))
    assert isinstance(found, Asynchronous)
    assert (found.autoscaling.minimum, found.autoscaling.maximum, found.most_instances) == (0, 4, 4)
    assert found.alarms.latency_p99_ms == 60_000


@pytest.mark.parametrize(
    ("kind", "scaling", "most"),
    [
        ("realtime", {"maximum": 6, "schedules": []}, 6),
        ("realtime", {"maximum": 10, "schedules": [{"at": "08:00", "minimum": 12, "maximum": 30}]}, 30),
        ("realtime", {"maximum": 10, "schedules": [{"at": "22:00", "minimum": 1, "maximum": 3}]}, 10),
        ("realtime", {"enabled": False, "maximum": 6}, None),
        ("asynchronous", {"maximum": 6}, 6),
        ("asynchronous", {"enabled": False}, None),
    ],
)
def test_a_fleet_is_bounded_by_what_scales_it_and_by_nothing_where_people_do(
    kind: str, scaling: dict[str, object], most: int | None
) -> None:
    found = load(workloads=live(kind=kind, autoscaling=scaling)).workloads["churn"].endpoints["live"]
    assert isinstance(found, Fleet)
    assert found.most_instances == most
    larger = live(kind=kind, autoscaling=scaling, instance_count=(most or 39) + 1)
    if most is None:
        assert load(workloads=larger)
    else:
        allowed = f"at most the highest maximum of autoscaling ({most}); lower the count or raise that"
        assert faults(workloads=larger) == [f"ml-platform:{LIVE}.instance_count: found {most + 1}; allowed: {allowed}"]


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        (
            {"autoscaling": {"minimum": 3, "maximum": 2}, "instance_count": 1, "rollout": {"kind": "all_at_once"}},
            "autoscaling.minimum: found 3; allowed: at most the maximum (2); exchange them",
        ),
        (
            {"autoscaling": {"cpu_percent": 60}},
            "autoscaling.cpu_percent: found 60; allowed: enabled, challenger, minimum, maximum, backlog_per_instance, "
            "scale_out_cooldown_seconds, scale_in_cooldown_seconds; there is no such key: "
            "correct its name or remove it",
        ),
        (
            {"instance_count": 5},
            "instance_count: found 5; allowed: at most the highest maximum of autoscaling (4); "
            "lower the count or raise that",
        ),
        (
            {"instance_count": 2},
            "instance_count: found 2; allowed: 3 or more with rollout canary; a smaller fleet cannot be shifted in "
            "parts: add instances or roll out all_at_once "
            "(SageMaker developer guide, use canary traffic shifting, read 2026-11-29)",
        ),
    ],
)
def test_what_an_asynchronous_endpoint_cannot_be(endpoint: dict[str, Any], line: str) -> None:
    assert faults(workloads=live(kind="asynchronous", **endpoint)) == [f"ml-platform:{LIVE}.{line}"]


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        (
            {"memory_mb": 1536},
            "memory_mb: found 1536; allowed: 1024, 2048, 3072, 4096, 5120, 6144; "
            f"choose such a value, or remove the key for the default 2048 ({SERVERLESS.limits.page})",
        ),
        (
            {"max_concurrency": 5, "provisioned_concurrency": 6},
            "provisioned_concurrency: found 6; allowed: at most max_concurrency (5); "
            "keep fewer warm or raise max_concurrency (SageMaker developer guide, serverless endpoints, read "
            "2026-11-29)",
        ),
        (
            {"rollout": {"kind": "canary"}},
            'rollout: found {"kind": "canary"}; allowed: state, tags, needs, kind, alarms, memory_mb, max_concurrency, '
            "provisioned_concurrency, capture_percent; kinds asynchronous, fargate, inference_component, "
            "inference_pipeline, lambda, multi_model, realtime have this key: choose such a kind or remove it "
            f"({SERVERLESS.limits.page})",
        ),
    ],
)
def test_what_a_serverless_endpoint_cannot_be(endpoint: dict[str, Any], line: str) -> None:
    assert faults(workloads=live(kind="serverless", **endpoint)) == [f"ml-platform:{LIVE}.{line}"]


@pytest.mark.parametrize("shared", [True, False])
def test_a_monitor_that_reads_what_sagemaker_captures_sees_no_serverless_endpoint(shared: bool) -> None:
    endpoints = {"live": {"kind": "realtime"}, "night": {"kind": "serverless"}}
    engine = {"monitoring": {"engine": "sagemaker"}}
    workloads = churn(champion="live", endpoints=endpoints, **({} if shared else engine))
    assert faults(workloads=workloads, **(engine if shared else {})) == [
        'ml-platform:workloads.churn.monitoring.engine: found "sagemaker"; allowed: platform; '
        "SageMaker captures nothing of night, so its monitor cannot run there"
    ]
    del endpoints["night"]
    assert load(workloads=workloads, **(engine if shared else {})).workloads["churn"].monitoring.engine == "sagemaker"


def test_a_multi_model_endpoint_is_a_fleet_and_says_how_much_memory_models_fill() -> None:
    found = load(workloads=live(kind="multi_model", memory_percent=60)).workloads["churn"].endpoints["live"]
    assert isinstance(found, MultiModel)
    assert (found.memory_percent, found.alarms, found.most_instances) == (60, ModelAlarms(loads=100), 10)
    (line,) = faults(workloads=live(kind="multi_model", instance_type="ml.g5.xlarge"))
    assert line == (
        f'ml-platform:{LIVE}.instance_type: found "ml.g5.xlarge"; allowed: a type without accelerators: those take '
        "models of NVIDIA's Triton container alone; name one such as ml.m5.large, or kind realtime "
        "(SageMaker developer guide, supported instances for multi-model endpoints, read 2026-11-29)"
    )
