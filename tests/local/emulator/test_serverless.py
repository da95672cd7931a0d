"""Serverless variants: a container with the first request, throttling, and what SageMaker refuses of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.emulator import Emulator
from tests.local.emulator.test_endpoints import ask, refusal
from tests.local.processes import eventually

ONE = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}


def serverless(serving: Any, name: str, config: dict[str, Any], **behaviour: Any) -> str:
    variant = {"VariantName": "champion", "ModelName": serving.model(name, **behaviour), "ServerlessConfig": config}
    serving.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return serving.endpoint(name, name)


def servers(emulator: Emulator, endpoint: str) -> list[bool]:
    """Whether each server of an endpoint runs."""
    return [each["alive"] for each in emulator.model_servers() if each["endpoint"] == endpoint]


def test_the_container_starts_with_the_first_request(emulator: Emulator, serving: Any, runtime: Any, name: str) -> None:
    serverless(serving, name, ONE)
    assert servers(emulator, name) == [False]
    assert ask(runtime, name)["model"] == name
    assert servers(emulator, name) == [True]
    (variant,) = serving.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == variant["DesiredServerlessConfig"] == ONE
    assert "CurrentInstanceCount" not in variant


def test_what_is_kept_warm_has_started_before(emulator: Emulator, serving: Any, name: str) -> None:
    serverless(serving, name, {**ONE, "ProvisionedConcurrency": 1})
    assert servers(emulator, name) == [True]


def test_more_requests_at_once_than_allowed_are_throttled(
    serving: Any, runtime: Any, name: str, tmp_path: Path
) -> None:
    until = tmp_path / "until"
    serverless(serving, name, ONE, until=str(until))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, runtime, name)
        eventually(until.with_suffix(".asked").exists)
        code, message = refusal(lambda: ask(runtime, name))
        until.touch()
        assert first.result()["model"] == name
    assert (code, message) == ("ThrottlingException", "Rate exceeded: 1 requests are under way.")
    assert ask(runtime, name)["model"] == name


def test_a_container_that_does_not_start_is_an_error_of_the_model(serving: Any, runtime: Any, name: str) -> None:
    serverless(serving, name, ONE, exit=True)
    assert refusal(lambda: ask(runtime, name))[0] == "ModelError"


def test_a_request_of_more_than_four_megabytes_is_refused(serving: Any, runtime: Any, name: str) -> None:
    serverless(serving, name, ONE)
    most = 4 * 1024 * 1024
    assert refusal(lambda: ask(runtime, name, Body=b"x" * (most + 1))) == (
        "ValidationError",
        f"Request of {most + 1} bytes is larger than the allowed {most} bytes.",
    )
    assert ask(runtime, name, Body=b"x" * most)["length"] == most


def test_an_update_takes_no_deployment_configuration(serving: Any, name: str) -> None:
    serverless(serving, name, ONE)
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    deployment = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    assert refusal(
        lambda: serving.sagemaker.update_endpoint(
            EndpointName=name, EndpointConfigName=name, DeploymentConfig=deployment
        )
    ) == ("ValidationException", "Invalid DeploymentConfig: serverless endpoints take none.")


def test_a_model_of_a_network_is_refused(serving: Any, name: str) -> None:
    sagemaker = serving.sagemaker
    model = sagemaker.describe_model(ModelName=serving.model(name))
    sagemaker.create_model(
        ModelName=f"{name}-in",
        ExecutionRoleArn=model["ExecutionRoleArn"],
        PrimaryContainer=model["PrimaryContainer"],
        EnableNetworkIsolation=True,
    )
    variant = {"VariantName": "champion", "ModelName": f"{name}-in", "ServerlessConfig": ONE}
    assert refusal(lambda: sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])) == (
        "ValidationException",
        "Invalid endpoint configuration: serverless variant champion supports neither VpcConfig nor network isolation.",
    )
