"""Rollback without a person: an alarm of an endpoint moves it back to the last release known to be good.

Alarm -> topic -> function, which rewrites the release record and moves the endpoint. One function an endpoint, so that
none can move another's.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import pulumi

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.operations.responder import Responder, ResponderArgs
from contracts.kinds.kind import Host
from contracts.names import EndpointNames
from contracts.release import emergency

ROLE: Final = "rollback"
#: AWS services that the function's code calls (`components.reach`): what it moves, the record, people.
CALLS: Final = {ROLE: frozenset({"sagemaker.api", "sns", "ssm"})}
#: The most that Lambda allows: an endpoint takes minutes to come to rest, and until then nothing can be rolled back.
TIMEOUT_SECONDS: Final = 900


def statements(names: EndpointNames, host: Host, *, models_key: pulumi.Input[str]) -> list[Statement]:
    """What the function may do: rewrite the release record under its lock, and move the endpoint that `host` runs."""
    return [
        access.allow(
            "ReleaseRecord",
            ["ssm:GetParameter", "ssm:PutParameter"],
            [names.arn("ssm", f"parameter{names.release_parameter}")],
        ),
        access.allow(
            "RecordLock",
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [names.bucket_arn(names.artifacts_bucket, names.lock_key)],
        ),
        # S3 answers 403 for a lock that was released: by this it is seen to be gone (contracts/objects.py).
        access.allow(
            "SeeRecordLock",
            ["s3:ListBucket"],
            [names.bucket_arn(names.artifacts_bucket)],
            conditions={"StringLike": {"s3:prefix": [names.lock_key]}},
        ),
        access.use_key("EncryptRecordLock", [models_key], write=True),
        *_moves(names, host, models_key),
    ]


def _moves(names: EndpointNames, host: Host, models_key: pulumi.Input[str]) -> list[Statement]:
    match host:
        case "ecs":
            return _moves_service(names)
        case "lambda":
            return _moves_function(names)
        case "component":
            return _moves_component(names)
        case "sagemaker":
            return _moves_endpoint(names, models_key)


def _moves_endpoint(names: EndpointNames, models_key: pulumi.Input[str]) -> list[Statement]:
    endpoint = [
        names.arn("sagemaker", f"endpoint/{names.prefix}"),
        names.arn("sagemaker", f"endpoint-config/{names.prefix}-*"),
    ]
    return [
        access.allow("FindConfigurations", ["sagemaker:ListEndpointConfigs"], ["*"]),
        access.allow(
            "MoveEndpoint",
            ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:UpdateEndpoint"],
            endpoint,
        ),
        # A challenger that scales is let go before it is taken away.
        *access.let_go_of_variants(names),
        # SageMaker looks at the alarms of a rollout on behalf of who asks for it (developer guide, "Auto-Rollback
        # Configuration and Monitoring").
        access.allow(
            "WatchMove",
            ["cloudwatch:DescribeAlarms"],
            [names.arn("cloudwatch", f"alarm:{emergency.halt_alarm(names.prefix)}")],
        ),
        # SageMaker encrypts the new fleet's volumes on behalf of who asks for the update (API reference,
        # CreateEndpointConfig, KmsKeyId).
        access.grant_key("EncryptFleet", [models_key]),
    ]


def _moves_component(names: EndpointNames) -> list[Statement]:
    component = [names.arn("sagemaker", f"inference-component/{names.prefix}")]
    return [
        access.allow("FindModels", ["sagemaker:ListModels"], ["*"]),
        access.allow(
            "MoveComponent", ["sagemaker:DescribeInferenceComponent", "sagemaker:UpdateInferenceComponent"], component
        ),
    ]


def _moves_service(names: EndpointNames) -> list[Statement]:
    service = [names.arn("ecs", f"service/{names.prefix}/{names.prefix}")]
    return [
        access.allow("FindDefinitions", ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitionFamilies"], ["*"]),
        access.allow(
            "MoveService", ["ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:UpdateService"], service
        ),
    ]


def _moves_function(names: EndpointNames) -> list[Statement]:
    function = names.arn("lambda", f"function:{names.prefix}")
    seen = ["GetAlias", "GetFunctionConcurrency", "GetFunctionConfiguration", "ListVersionsByFunction"]
    return [
        access.allow("SeeFunction", [f"lambda:{verb}" for verb in seen], [function, f"{function}:*"]),
        access.allow("MoveAlias", ["lambda:UpdateAlias"], [function, f"{function}:*"]),
        access.allow(
            "SeeDeployments",
            ["codedeploy:BatchGetDeployments", "codedeploy:ListDeployments"],
            [names.arn("codedeploy", f"deploymentgroup:{names.prefix}/{names.prefix}")],
        ),
    ]


def rollback(
    name: str,
    *,
    ground: Ground,
    names: EndpointNames,
    host: Host,
    stopped: bool = False,
    scaled: bool = False,
    dead_letters_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Responder:
    """The rollback function of an endpoint and its topic. Of a stopped endpoint it rewrites the record alone; `scaled`
    says that the endpoint has a challenger that scales.
    """
    if host != "sagemaker":
        ground = dataclasses.replace(ground, permissions_boundary=ground.services_boundary)
    return Responder(
        name,
        ResponderArgs(
            ground=ground,
            names=names,
            role=ROLE,
            description="Moves the endpoint to the last release known to be good",
            code=["contracts/__init__.py", "contracts/objects.py", "contracts/release/*.py"],
            environment={
                "RELEASE_PARAMETER": names.release_parameter,
                "ENDPOINT_NAME": names.prefix,
                "LOCK_BUCKET": names.artifacts_bucket,
                "LOCK_KEY": names.lock_key,
                **({} if host == "sagemaker" else {"HOST": host}),
                **({"STOPPED": "true"} if stopped else {}),
                **({"SCALED": "true"} if scaled else {}),
            },
            timeout_seconds=TIMEOUT_SECONDS,
            statements=statements(names, host, models_key=ground.keys[Domain.MODELS].arn),
            dead_letters_arn=dead_letters_arn,
        ),
        opts,
    )
