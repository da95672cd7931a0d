"""A real-time endpoint of two containers: the same component, the same package twice, each told its stage."""

from __future__ import annotations

import functools
from typing import Any

import pulumi

from components.serving import kinds
from components.serving.kind import EndpointArgs
from settings import InferencePipeline
from settings import Realtime as Alone
from tests.components.engine import LIVE, Declared, Deployment, deploy, ground
from tests.components.serving.test_plan import SECOND, record
from workloads.inference import settings as service

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"


def serving(**section: Any) -> Deployment:
    settings = (InferencePipeline if section.get("kind") == "inference_pipeline" else Alone).model_validate(section)

    def program() -> None:
        args = EndpointArgs(
            ground=ground(),
            names=LIVE,
            settings=settings,
            record=record(),
            rollback_alarms=("a-5xx",),
            see_through=lambda _, __, ___: "",
        )
        kinds.drawn(settings).build("serving", args, pulumi.ResourceOptions())

    return deploy(program)


@functools.cache
def default() -> Deployment:
    return serving(kind="inference_pipeline")


def model(deployment: Deployment) -> Declared:
    return next(each for each in deployment.all(MODEL) if each.inputs["name"].startswith("churn-staging-2-"))


def test_both_containers_have_the_package_and_each_its_stage() -> None:
    inputs = model(default()).inputs
    assert inputs["containers"] == [
        {"containerHostname": stage, "modelPackageName": SECOND, "environment": {"SERVICE_STAGE": stage}}
        for stage in ("preprocess", "predict")
    ]
    assert "primaryContainer" not in inputs
    assert inputs["enableNetworkIsolation"] is True
    for container in inputs["containers"]:
        assert service.parse([], container["environment"]).stage == container["containerHostname"]


def test_on_graviton_both_containers_have_the_specification_for_it() -> None:
    inputs = model(serving(kind="inference_pipeline", instance_type="ml.c7g.large")).inputs
    assert [each["inferenceSpecificationName"] for each in inputs["containers"]] == ["arm64", "arm64"]


def test_it_is_captured_watched_and_scaled_as_any_real_time_endpoint() -> None:
    config = next(each for each in default().all(CONFIG) if f"-{record().wanted.id}-" in each.name)
    assert config.inputs["dataCaptureConfig"]["enableCapture"] is True
    assert default().one("serving-endpoint").inputs["deploymentConfig"]["blueGreenUpdatePolicy"]
    assert default().all("aws:appautoscaling/target:Target")
    watched = [kinds.drawn(each()).watch(LIVE, each(), ["champion"], ()) for each in (Alone, _pipeline)]
    assert watched[0] == watched[1]


def test_an_endpoint_changes_from_one_container_to_two_by_a_rollout() -> None:
    """The endpoint and its component stay; models and configurations are others, and replace none."""
    alone = serving()
    assert {each.name for each in alone.all("aws:sagemaker/endpoint:Endpoint")} == {"serving-endpoint"}
    assert kinds.KINDS[InferencePipeline].build is kinds.KINDS[Alone].build
    for kind in (MODEL, CONFIG):
        former, found = ({each.name: each.inputs["name"] for each in d.all(kind)} for d in (alone, default()))
        assert not set(former) & set(found)
        assert not set(former.values()) & set(found.values())


def _pipeline() -> InferencePipeline:
    return InferencePipeline(kind="inference_pipeline")
