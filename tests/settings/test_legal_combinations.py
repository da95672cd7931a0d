"""The full product of kinds of endpoints and options: exactly the legal combinations are accepted.

The oracle is the table below, written by hand from AWS's pages (read 2026-11-29), and not from the facts of the code.
A new kind is a column of it, a new option a line. Scaling, and what is asked, are products of their own.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from pulumi import RunError
from pydantic import ValidationError

from components.serving.plan import plan
from contracts import kinds, release
from contracts.release import Record, ReleaseError, fit
from settings import Realtime, Settings
from tests.contracts.release.records import SECOND, at, package

REALTIME, SERVERLESS, ASYNCHRONOUS = "realtime", "serverless", "asynchronous"
BATCH, FARGATE, LAMBDA = "batch", "fargate", "lambda"
PIPELINE, MULTI_MODEL, COMPONENT = "inference_pipeline", "multi_model", "inference_component"
#: Kinds whose traffic SageMaker captures: neither several models (developer guide, "Monitor data and model quality":
#: endpoints that host a single model) nor what has no instances of SageMaker's.
_CAPTURED = {REALTIME, PIPELINE, ASYNCHRONOUS}
_FLEETS = {*_CAPTURED, MULTI_MODEL}
#: Whose releases take over in steps without instances of SageMaker's.
_ELSEWHERE = {FARGATE, LAMBDA}
_ALL = {*_FLEETS, *_ELSEWHERE, COMPONENT, SERVERLESS, BATCH}
#: Where an endpoint stands in the config.
WHERE = "ml-platform:workloads.churn.endpoints.live"
#: What an endpoint of a kind has to say.
REQUIRED: dict[str, dict[str, Any]] = {
    FARGATE: {
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab",
        "client_security_groups": ["sg-0123456789abcdef0"],
    }
}
#: What may be written of an endpoint, by axis; each option with the kinds that take it. The first is nothing.
OPTIONS: dict[str, list[tuple[dict[str, Any], set[str]]]] = {
    # API reference, ProductionVariant: InstanceType and InitialInstanceCount, or ServerlessConfig in their place.
    "instances": [
        ({}, _ALL),
        # Transform jobs take no Graviton (API reference, TransformResources: InstanceType).
        # Copies stand on any (API reference, CreateInferenceComponent: cores and memory), and count their instances.
        ({"instance_type": "ml.c7g.large"}, {*_FLEETS, COMPONENT}),
        ({"instance_type": "ml.m5.xlarge", "instance_count": 4}, {*_FLEETS, BATCH}),
    ],
    "what one kind has": [
        ({}, _ALL),
        # Amazon ECS developer guide, "Task definition parameters for Fargate": 2 to 8 GB with one processor.
        # AWS Lambda developer guide, "Configure Lambda function memory": 128 to 10,240 MB.
        ({"memory_mb": 6144}, {SERVERLESS, FARGATE, LAMBDA}),
        ({"task_count": 3, "spot_percent": 50, "architecture": "arm64"}, {FARGATE}),
        # EventBridge Scheduler user guide, "Schedule types".
        ({"schedule": "cron(30 5 * * ? *)"}, {BATCH}),
        # Developer guide, "CloudWatch Metrics for Multi-Model Endpoint Deployments": loading of models.
        ({"memory_percent": 60, "alarms": {"loads": 9}}, {MULTI_MODEL}),
        # API reference, InferenceComponentComputeResourceRequirements and InferenceComponentRuntimeConfig.
        ({"copies": 3, "copy_cores": 0.5, "copy_memory_mb": 512}, {COMPONENT}),
    ],
    # Developer guide, "Serverless endpoints": MaxConcurrency 1 to 200, ProvisionedConcurrency up to MaxConcurrency. AWS
    # Lambda developer guide, "Configuring provisioned concurrency": not above the reserved concurrency.
    "concurrency": [
        ({}, _ALL),
        ({"max_concurrency": 200}, {SERVERLESS, LAMBDA}),
        ({"max_concurrency": 5, "provisioned_concurrency": 5}, {SERVERLESS, LAMBDA}),
        ({"max_concurrency": 5, "provisioned_concurrency": 6}, set()),
        # API reference, AsyncInferenceClientConfig: MaxConcurrentInvocationsPerInstance.
        # And CreateTransformJob: MaxConcurrentTransforms.
        ({"concurrent_per_instance": 8}, {ASYNCHRONOUS, BATCH}),
    ],
    # Developer guide, "Deployment guardrails": real-time and asynchronous endpoints alone; "Exclusions" does not name
    # real-time ones of several models. Amazon ECS developer guide, "Amazon ECS deployment strategies": blue/green,
    # canary and linear, by a second set of tasks. AWS CodeDeploy user guide, "Deployment configurations on an AWS
    # Lambda compute platform": canary, linear and all at once. API reference,
    # InferenceComponentDeploymentConfig: rolling.
    "rollout": [
        ({}, _ALL),
        # CodeDeploy watches nothing once all traffic has moved, so alarms could turn no function back.
        ({"rollout": {"kind": "all_at_once"}}, {*_FLEETS, FARGATE}),
        ({"rollout": {"kind": "canary"}}, _FLEETS | _ELSEWHERE),
        ({"rollout": {"kind": "linear"}}, _FLEETS | _ELSEWHERE),
        ({"rollout": {"kind": "rolling"}}, {*_FLEETS, COMPONENT}),
    ],
    "rollback alarms": [({}, _ALL), ({"rollback_alarms": ["server_errors"]}, _FLEETS | _ELSEWHERE | {COMPONENT})],
    # Application Auto Scaling: sagemaker:variant:DesiredInstanceCount is of variants with instances; none at all of
    # asynchronous ones alone (developer guide, "Autoscale an asynchronous endpoint"), and of copies ("Scale an endpoint
    # to zero instances").
    "autoscaling": [
        ({}, _ALL),
        ({"autoscaling": {"enabled": False}}, _FLEETS | {FARGATE}),
        ({"autoscaling": {"minimum": 0}}, {ASYNCHRONOUS, COMPONENT}),
    ],
    # The service captures where SageMaker does not, so that every kind is seen.
    "capture": [({}, _ALL), ({"capture_percent": 50}, _ALL)],
    # Developer guide, "Monitor asynchronous endpoint": metrics of the queue.
    "alarms": [({}, _ALL), ({"alarms": {"server_errors": 3, "backlog": 9}}, {ASYNCHRONOUS})],
}
_BY_REQUESTS = {REALTIME, PIPELINE, MULTI_MODEL}
#: All that has a scalable target, but for what waits in a queue: that says itself when instances are needed.
_BY_THE_CLOCK = {*_BY_REQUESTS, LAMBDA, FARGATE, COMPONENT}
#: What may be written of scaling, by axis. Application Auto Scaling API reference, PredefinedMetricSpecification: the
#: metrics of SageMaker's variants, of copies, of services of ECS, of provisioned concurrency (read 2026-11-30).
SCALING: list[list[tuple[dict[str, Any], set[str]]]] = [
    [
        ({}, _ALL),
        ({"invocations_per_instance": 500}, _BY_REQUESTS),
        # SageMakerVariantConcurrentRequestsPerModelHighResolution, SageMakerInferenceComponentConcurrentRequestsPer-
        # CopyHighResolution.
        ({"concurrent_requests": 5}, {*_BY_REQUESTS, COMPONENT}),
        # A metric of one's own: the model's mean latency ("CloudWatch metrics for endpoints").
        ({"latency_ms": 40}, _BY_REQUESTS),
        # And CPU of instances; ECSServiceAverageCPUUtilization.
        ({"cpu_percent": 60}, {*_BY_REQUESTS, FARGATE}),
        # Developer guide, "Autoscale an asynchronous endpoint": ApproximateBacklogSizePerInstance.
        ({"backlog_per_instance": 7}, {ASYNCHRONOUS}),
        # LambdaProvisionedConcurrencyUtilization.
        ({"percent": 60}, {LAMBDA}),
    ],
    # Developer guide, "Testing models with production variants": several of one endpoint, each on its instances.
    [({}, _ALL), ({"challenger": False}, _CAPTURED)],
    # Application Auto Scaling user guide, "Step scaling policies": not of provisioned concurrency; of what has a queue
    # or copies the platform makes the one that wakes it.
    [
        ({}, _ALL),
        ({"steps": {"metric": "cpu_percent", "scale_out": [{"above": 80, "add": 2}]}}, _BY_REQUESTS),
    ],
    # The same, "Scheduled scaling": of what the platform has by the clock.
    [
        ({}, _ALL),
        ({"schedules": [{"at": "08:00", "minimum": 3, "maximum": 9}]}, _BY_THE_CLOCK),
        ({"schedules": [{"at": "08:00", "timezone": "Asia/Tokyo", "minimum": 3, "maximum": 9}]}, _BY_THE_CLOCK),
        # None at all of copies alone, as `minimum` above; of tasks two at least, in two zones.
        ({"schedules": [{"at": "20:00", "minimum": 0, "maximum": 4}]}, {COMPONENT}),
        ({"schedules": [{"at": "20:00", "minimum": 1, "maximum": 4}]}, _BY_THE_CLOCK - {FARGATE}),
        ({"schedules": [{"at": "08:00", "minimum": 9, "maximum": 3}]}, set()),
    ],
    [({}, _ALL), ({"timezone": "Europe/Berlin"}, _BY_THE_CLOCK), ({"timezone": "Mars/Base"}, set())],
]
#: Scaling of a function has to say its most, and what is kept warm at least (AWS Lambda developer guide, "Configuring
#: provisioned concurrency": a target scales what is provisioned).
SCALED_FUNCTION: dict[str, Any] = {"autoscaling": {"maximum": 12}, "provisioned_concurrency": 2}
#: What is asked, what it runs on, and whether it does.
ASKED: list[list[tuple[dict[str, Any], set[str]]]] = [
    [({}, _ALL), ({"state": "stopped"}, _ALL), ({"state": "paused"}, set())],
    [
        ({}, _ALL),
        # `LIMITS` below, and what the settings' own defaults leave of them.
        ({"needs": {"payload_mb": 5}}, _ALL - {SERVERLESS}),
        ({"needs": {"payload_mb": 7}}, {ASYNCHRONOUS}),
        ({"needs": {"seconds": 600}}, {ASYNCHRONOUS, BATCH}),
        ({"needs": {"p99_ms": 100}}, _ALL - {ASYNCHRONOUS, BATCH}),
        # Developer guide, "Serverless endpoints", feature exclusions: VPC.
        ({"needs": {"isolated": True}}, _ALL - {SERVERLESS}),
        # "Deployment guardrails", "Exclusions": serverless; a job has no traffic to move.
        ({"needs": {"gradual": True}}, _ALL - {SERVERLESS, BATCH}),
    ],
    [
        ({}, _ALL),
        # "Supported algorithms, frameworks, and instances for multi-model endpoints": with GPUs NVIDIA's Triton alone.
        # A copy asks for cores (API reference, InferenceComponentComputeResourceRequirements).
        ({"instance_type": "ml.g4dn.xlarge"}, {*_CAPTURED, BATCH}),
        # API reference, ProductionVariant and TransformResources: both take Inferentia2, the first alone Inferentia.
        ({"instance_type": "ml.inf2.xlarge"}, {*_CAPTURED, BATCH}),
        ({"instance_type": "ml.inf1.xlarge"}, _CAPTURED),
        # Amazon ECS developer guide, "Task definitions for 64-bit ARM workloads"; AWS Lambda developer guide,
        # "Selecting and configuring an instruction set architecture".
        ({"architecture": "arm64"}, _ELSEWHERE),
        ({"architecture": "riscv"}, set()),
    ],
]
#: Monitoring by SageMaker reads what SageMaker captures; developer guide, "Serverless endpoints", feature exclusions:
#: data capture, Model Monitor, multiple production variants, shadow and VPC.
ENGINES = [({}, _ALL), ({"engine": "sagemaker"}, _CAPTURED)]
RECORDS: dict[str, tuple[Record, set[str]]] = {
    "champion alone": (SECOND, _ALL - {MULTI_MODEL}),
    # API reference, CreateEndpointConfig: up to 10 production variants; one of a serverless endpoint.
    "challenger": (release.split_traffic(SECOND, package(3), 10, who="ana", why="a", when=at(3)), _CAPTURED),
    # Developer guide, "Create a shadow test": instances; "Exclusions": no asynchronous endpoints, and none
    # of several containers.
    "shadow": (release.mirror_traffic(SECOND, package(3), 50, who="ana", why="a", when=at(3)), {REALTIME}),
    # Developer guide, "Multi-model endpoints": a request names the archive; no other kind has names for its models.
    "models": (
        release.serve_models(None, package(1), {"de": package(2)}, who="ana", why="a", when=at(1)),
        {MULTI_MODEL},
    ),
    "champion by name": (release.serve_models(None, package(1), {}, who="ana", why="a", when=at(1)), {MULTI_MODEL}),
}
#: Developer guide, "Inference options": bytes and seconds of one request.
#: Of Fargate the service's own, for a load balancer has no limit of a body; it waits 60 s (Elastic Load Balancing,
#: "Edit attributes for your Application Load Balancer", idle timeout).
LIMITS = {
    REALTIME: (6 * 1024 * 1024, 60),
    SERVERLESS: (4 * 1024 * 1024, 60),
    ASYNCHRONOUS: (1024**3, 3600),
    # API reference, CreateTransformJob and ModelClientConfig.
    BATCH: (100 * 1024 * 1024, 3600),
    FARGATE: (6 * 1024 * 1024, 60),
    # Developer guide, "Run Real-time Predictions with an Inference Pipeline": InvokeEndpoint, as of one container.
    PIPELINE: (6 * 1024 * 1024, 60),
    # AWS Lambda developer guide, "Lambda quotas": synchronous invocation, function timeout.
    LAMBDA: (6 * 1024 * 1024, 900),
    MULTI_MODEL: (6 * 1024 * 1024, 60),
    # API reference, InvokeEndpoint, with InferenceComponentName.
    COMPONENT: (6 * 1024 * 1024, 60),
}


def accepted(kind: str, endpoint: dict[str, Any], monitoring: dict[str, Any]) -> bool:
    workload = {
        "contract": "c.yaml",
        "monitoring": monitoring,
        "endpoints": {"live": {"kind": kind, **REQUIRED.get(kind, {}), **endpoint}},
    }
    try:
        Settings.model_validate_json(json.dumps({"stack": "dev", "workloads": {"churn": workload}}))
    except ValidationError:
        return False
    return True


def test_the_oracle_has_every_kind() -> None:
    assert set(LIMITS) == set(kinds.KINDS)


@pytest.mark.parametrize("kind", LIMITS)
def test_exactly_the_legal_combinations_of_options_are_accepted(kind: str) -> None:
    wrong: list[Any] = []
    for chosen in itertools.product(*OPTIONS.values(), ENGINES):
        *options, (engine, _) = chosen
        endpoint = {key: value for option, _ in options for key, value in option.items()}
        legal = all(kind in takes for _, takes in chosen)
        if accepted(kind, endpoint, engine) is not legal:
            wrong.append((endpoint, engine, legal))
    assert wrong == []


@pytest.mark.parametrize("kind", LIMITS)
def test_exactly_the_legal_combinations_of_scaling_are_accepted(kind: str) -> None:
    wrong: list[Any] = []
    for chosen in itertools.product(*SCALING):
        scaling = {key: value for option, _ in chosen for key, value in option.items()}
        endpoint: dict[str, Any] = {"autoscaling": scaling} if scaling else {}
        if scaling and kind == LAMBDA:
            endpoint = {**SCALED_FUNCTION, "autoscaling": {**SCALED_FUNCTION["autoscaling"], **scaling}}
        legal = all(kind in takes for _, takes in chosen)
        if accepted(kind, endpoint, {}) is not legal:
            wrong.append((scaling, legal))
    assert wrong == []


@pytest.mark.parametrize("kind", LIMITS)
def test_exactly_the_legal_combinations_of_state_needs_and_processors_are_accepted(kind: str) -> None:
    wrong: list[Any] = []
    for chosen in itertools.product(*ASKED):
        endpoint = {key: value for option, _ in chosen for key, value in option.items()}
        legal = all(kind in takes for _, takes in chosen)
        if accepted(kind, endpoint, {}) is not legal:
            wrong.append((endpoint, legal))
    assert wrong == []


#: Developer guide, "Rolling deployments": an endpoint of one variant.
@pytest.mark.parametrize("rollout", ["all_at_once", "canary", "linear", "rolling"])
@pytest.mark.parametrize(("what", "variants"), [("champion alone", 1), ("challenger", 2), ("shadow", 2)])
def test_a_rolling_rollout_takes_no_second_variant(rollout: str, what: str, variants: int) -> None:
    settings = Realtime.model_validate({"kind": "realtime", "rollout": {"kind": rollout}})
    try:
        plan(RECORDS[what][0], settings, WHERE)
    except RunError:
        legal = False
    else:
        legal = True
    assert legal is (rollout != "rolling" or variants == 1)


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("what", RECORDS)
def test_exactly_the_legal_releases_are_accepted(kind: str, what: str) -> None:
    record, takes = RECORDS[what]
    try:
        fit.check(record, kinds.KINDS[kind])
    except ReleaseError:
        legal = False
    else:
        legal = True
    assert legal is (kind in takes)


@pytest.mark.parametrize("kind", LIMITS)
def test_limits_of_a_request_are_those_of_the_page(kind: str) -> None:
    limits = kinds.KINDS[kind].limits
    assert (limits.payload_bytes, limits.seconds) == LIMITS[kind]
    guide = {FARGATE: "elasticloadbalancing", LAMBDA: "lambda"}.get(kind, "sagemaker")
    assert limits.source.startswith(f"https://docs.aws.amazon.com/{guide}/")
