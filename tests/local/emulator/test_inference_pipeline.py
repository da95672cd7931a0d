"""Models of several containers: a request passes all of them, and only the last one's answer is seen."""

from __future__ import annotations

from typing import Any

from local.emulator import Emulator
from tests.local.emulator.conftest import IMAGE, INSTANCE, ROLE
from tests.local.emulator.test_endpoints import ask, refusal


def pipeline(serving: Any, name: str, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """An endpoint of two containers that behave like this, as it is described."""
    containers = [
        {
            "ContainerHostname": host,
            "Image": IMAGE,
            "ModelDataUrl": serving.artifact(f"{name}-{host}", {"name": host, **behaviour}),
            "Environment": {"THRESHOLD": host},
        }
        for host, behaviour in (("features", first), ("scores", second))
    ]
    serving.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, Containers=containers)
    variant = {"VariantName": "champion", "ModelName": name, "InstanceType": INSTANCE, "InitialInstanceCount": 2}
    serving.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    serving.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return serving.settled(name)


def server(emulator: Emulator, endpoint: str) -> dict[str, Any]:
    (found,) = (each for each in emulator.model_servers() if each["endpoint"] == endpoint)
    return found


def test_what_the_first_answers_is_asked_of_the_second(
    emulator: Emulator, serving: Any, runtime: Any, name: str
) -> None:
    pipeline(serving, name, {}, {})
    answer = ask(runtime, name, Body=b"{}")
    assert (answer["model"], answer["threshold"]) == ("scores", "scores")
    assert answer["length"] > 40  # of the first one's answer, and not of the request
    assert server(emulator, name)["url"] is None


def test_an_error_of_the_first_is_the_answer(serving: Any, runtime: Any, name: str) -> None:
    pipeline(serving, name, {"status": 422}, {})
    code, message = refusal(lambda: ask(runtime, name))
    assert code == "ModelError"
    assert '"model": "features"' in message


def test_a_pipeline_whose_first_container_does_not_start_is_not_served(serving: Any, name: str) -> None:
    found = pipeline(serving, name, {"exit": True}, {})
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]


def test_whoever_kills_a_variant_kills_all_its_containers(
    emulator: Emulator, serving: Any, runtime: Any, name: str
) -> None:
    pipeline(serving, name, {}, {})
    emulator.kill(server(emulator, name)["pid"])
    assert server(emulator, name)["alive"] is False
    assert refusal(lambda: ask(runtime, name))[0] == "ModelError"
