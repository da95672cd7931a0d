"""The multi-model endpoint: each release served from its own place, captured by its containers, asked for by name."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from components.serving import models
from components.serving.kind import EndpointArgs
from components.serving.multi_model import KIND, MultiModel
from contracts import release
from contracts.kinds import MULTI_MODEL
from contracts.release import Record
from settings import MultiModel as Settings
from tests.components.engine import LIVE, Deployment, deploy, ground
from tests.components.serving.test_plan import FIRST, SECOND, THIRD, live

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"
BUCKET = "s3://123456789012-staging-ai-artifacts/models/churn/churn-staging-live"
IMAGES = {FIRST: "inference@sha256:1", SECOND: "inference@sha256:2"}


def record() -> Record:
    """The champion alone; then another one, with a model beside it."""
    first, second = "2025-01-06T09:00:00+00:00", "2025-01-13T09:00:00+00:00"
    found = release.serve_models(None, FIRST, {}, who="test", why="test", when=first)
    return live(release.serve_models(live(found), SECOND, {"eu": THIRD}, who="test", why="test", when=second))


def settings(**section: Any) -> Settings:
    return Settings.model_validate({"kind": "multi_model", **section})


def serving(**section: Any) -> Deployment:
    def program() -> None:
        MultiModel(
            "serving",
            EndpointArgs(
                ground=ground(),
                names=LIVE,
                settings=settings(**section),
                record=record(),
                rollback_alarms=("a-5xx",),
                see_through=lambda _, __, ___: "",
                packages={
                    package: {
                        "InferenceSpecification": {"Containers": [{"Image": image}]},
                        "AdditionalInferenceSpecifications": [
                            {"Name": "arm64", "Containers": [{"Image": f"{image}-arm64"}]}
                        ],
                    }
                    for package, image in IMAGES.items()
                },
            ),
        )

    return deploy(program)


@functools.cache
def default() -> Deployment:
    return serving()


def of(deployed: Deployment, kind: str, released: release.Release) -> dict[str, Any]:
    (found,) = [dict(each.inputs) for each in deployed.all(kind) if f"-{released.id}-" in each.name]
    return found


def test_each_release_is_served_from_its_own_place_by_the_image_of_its_champion() -> None:
    for released in record().releases:
        model = of(default(), MODEL, released)
        assert model.pop("name").startswith(f"churn-staging-live-{released.id}-")
        assert model == {
            "executionRoleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-endpoint",
            "primaryContainer": {
                "image": IMAGES[released.champion],
                "mode": "MultiModel",
                "modelDataUrl": f"{BUCKET}/{released.id}/",
                "environment": {
                    "MAX_MEMORY_PERCENT": "80",
                    "AWS_REGION": "eu-west-1",
                    "CAPTURE_URI": "s3://123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live",
                    "CAPTURE_PERCENT": "100",
                    "CAPTURE_KMS_KEY": "arn:aws:kms:eu-west-1:123456789012:key/keys-processed",
                },
            },
            "enableNetworkIsolation": False,
            "vpcConfig": {
                "subnets": ["subnet-private0", "subnet-private1", "subnet-private2"],
                "securityGroupIds": ["sg-networkworkloadsgroup"],
            },
        }


def test_on_graviton_a_release_is_served_by_the_image_for_it() -> None:
    graviton = serving(instance_type="ml.c7g.large")
    for released in record().releases:
        plain, found = (of(each, MODEL, released) for each in (default(), graviton))
        assert found["primaryContainer"].pop("image") == f"{plain['primaryContainer'].pop('image')}-arm64"
        assert found.pop("name") != plain.pop("name")
        assert found == plain


def test_a_configuration_has_one_variant_that_sagemaker_does_not_capture_and_rolls_out_as_any_fleet() -> None:
    config = of(default(), CONFIG, record().wanted)
    assert default().one("serving-endpoint").inputs["endpointConfigName"] == config.pop("name")
    assert config == {
        "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/keys-models",
        "productionVariants": [
            {
                "variantName": "champion",
                "modelName": of(default(), MODEL, record().wanted)["name"],
                "instanceType": "ml.m5.large",
                "initialInstanceCount": 3,
                "initialVariantWeight": 100,
            }
        ],
    }
    deployment = default().one("serving-endpoint").inputs["deploymentConfig"]
    assert deployment["autoRollbackConfiguration"] == {"alarms": [{"alarmName": "a-5xx"}]}
    (target,) = default().all("aws:appautoscaling/target:Target")
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (2, 10)


def test_containers_that_capture_nothing_are_isolated() -> None:
    model = of(serving(capture_percent=0), MODEL, record().wanted)
    assert model["enableNetworkIsolation"] is True
    assert model["primaryContainer"]["environment"] == {"MAX_MEMORY_PERCENT": "80"}


@pytest.mark.parametrize("changed", [{"memory_percent": 60}, {"capture_percent": 50}])
@pytest.mark.parametrize("kind", [MODEL, CONFIG])
def test_what_follows_from_other_settings_is_another_resource_and_replaces_none(
    changed: dict[str, Any], kind: str
) -> None:
    former, other = ({c.name: c.inputs["name"] for c in serving(**each).all(kind)} for each in ({}, changed))
    assert not set(former) & set(other)
    assert not set(former.values()) & set(other.values())


def test_the_role_loads_archives_of_the_endpoint_and_nothing_of_the_runs() -> None:
    found = models.statements_of_several(LIVE, models_key="models", processed_key="processed")
    read = [resource for each in found if "s3:GetObject" in each.actions for resource in each.resources]
    assert read == ["arn:aws:s3:::123456789012-staging-ai-artifacts/models/churn/churn-staging-live/*"]
    whole = models.statements(LIVE, models_key="models", processed_key="processed")
    assert [each for each in found if each.sid not in ("LoadModelsObjects", "LoadModelsList")] == [
        each for each in whole if each.sid not in ("LoadModelsObjects", "LoadModelsList")
    ]


def test_people_are_told_when_models_are_loaded_all_the_time() -> None:
    watched = KIND.watch(LIVE, settings(alarms={"loads": 7}), ["champion"], ())
    (loads,) = [alarm for alarm in watched.alarms if alarm.metric == "ModelLoadingTime"]
    assert (loads.name, loads.statistic, loads.threshold) == ("churn-staging-live-champion-loads", "SampleCount", 7)
    assert (loads.periods, loads.guards) == (3, None)
    assert {alarm.guards for alarm in watched.alarms} == {"server_errors", "latency", "halt", None}
    published = {(metric.namespace, metric.name) for metric in MULTI_MODEL.metrics}
    asked = {(alarm.namespace, alarm.metric) for alarm in watched.alarms if alarm.guards != "halt"}
    asked |= {(line.namespace, line.metric) for widget in watched.widgets for line in widget.series}
    assert asked <= published
    assert KIND.watch(LIVE, settings(), [], ()).alarms == ()


def test_a_stopped_one_keeps_its_models_and_configurations() -> None:
    gone = {each.name for each in default().resources} - {each.name for each in serving(state="stopped").resources}
    assert gone == {
        "serving-endpoint",
        "serving-champion-target",
        "serving-champion-invocations",
        "serving-champion-at-0600",
        "serving-champion-at-2200",
    }
