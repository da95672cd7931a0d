"""How the variants of a real-time endpoint scale, and with how many instances a configuration begins."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from contracts.release import Record
from contracts.release.live import Serving, Started
from tests.components.engine import Declared, Deployment, is_unknown
from tests.components.serving.realtime import CONFIG, TARGET, ab_test, default, live, serving
from tests.components.serving.test_plan import challenged, record
from tests.components.serving.test_plan import serving as serves


def scaled(to: int, config: Declared, found: Record | None = None) -> Serving:
    """What serves by a configuration, with its champion scaled."""
    wanted, variants = (found or record()).wanted, config.inputs["productionVariants"]
    counts = {each["variantName"]: int(each["initialInstanceCount"]) for each in variants}
    began = {
        each["variantName"]: Started(instances=counts[each["variantName"]], weight=each["initialVariantWeight"])
        for each in variants
    }
    now = serves(wanted.id, counts | {"champion": to}, began, weights=wanted.weights)
    return dataclasses.replace(now, live=dataclasses.replace(now.live, config=config.inputs["name"]))


def counts(config: Declared) -> list[float]:
    return [each["initialInstanceCount"] for each in config.inputs["productionVariants"]]


def test_the_configuration_that_serves_stays_as_it_began_while_its_instances_come_and_go() -> None:
    found = record(split=True)
    began = live(ab_test())
    assert counts(began) == [3, 3]
    same = live(serving(found, now=scaled(8, began, found)))
    assert (same.name, same.inputs) == (began.name, began.inputs)


@pytest.mark.parametrize(
    "changed",
    [
        {"instance_type": "ml.m5.xlarge"},
        {"instance_type": "ml.g4dn.xlarge"},  # whose disk takes no key
        {"capture_percent": 0},
    ],
)
def test_a_change_of_settings_alone_begins_with_the_instances_that_live(changed: dict[str, Any]) -> None:
    began = live(default())
    other = live(serving(now=scaled(8, began), **changed))
    assert counts(other) == [8]
    assert other.inputs["name"] != began.inputs["name"]
    again = live(serving(now=scaled(5, other), **changed))
    assert (again.name, again.inputs) == (other.name, other.inputs)


def test_limits_of_scaling_and_rollouts_move_no_endpoint() -> None:
    began = live(default())
    scaling, rollout = {"minimum": 4, "maximum": 9}, {"kind": "rolling"}
    assert live(serving(now=scaled(8, began), autoscaling=scaling)).inputs == began.inputs
    assert live(serving(now=scaled(8, began), rollout=rollout)).inputs == began.inputs


def test_a_preview_that_does_not_know_the_name_yet_leaves_the_number_open_and_nothing_else() -> None:
    """Of an empty account, in which the models have no names."""
    (config,) = [
        each
        for each in serving(preview=True, now=scaled(8, live(default()))).all(CONFIG)
        if record().wanted.id in each.name
    ]
    (variant,) = config.inputs["productionVariants"]
    assert is_unknown(config.inputs["name"])
    assert is_unknown(variant["initialInstanceCount"])
    assert (variant["instanceType"], variant["initialVariantWeight"]) == ("ml.m5.large", 100)


def test_the_champion_scales_by_load_and_time_of_day() -> None:
    deployment = ab_test()
    target = deployment.one("serving-champion-target")
    assert "serving-endpoint" in target.dependencies
    scaled = {
        "serviceNamespace": "sagemaker",
        "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "resourceId": "endpoint/churn-staging-live/variant/champion",
    }
    assert target.inputs == {**scaled, "minCapacity": 2, "maxCapacity": 10}
    assert deployment.one("serving-champion-invocations").inputs == {
        **scaled,
        "name": "churn-staging-live-champion-invocations",
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "targetValue": 1000,
            "scaleOutCooldown": 60,
            "scaleInCooldown": 300,
        },
    }
    night = deployment.one("serving-champion-at-2200").inputs
    assert night == {
        **scaled,
        "name": "churn-staging-live-champion-at-2200",
        "schedule": "cron(0 22 * * ? *)",
        "timezone": "UTC",
        "scalableTargetAction": {"minCapacity": 1, "maxCapacity": 3},
    }
    day = deployment.one("serving-champion-at-0600").inputs
    assert day["scalableTargetAction"] == {"minCapacity": 2, "maxCapacity": 10}


def limits(deployment: Deployment, variant: str) -> dict[str, tuple[int, int]]:
    """Of the target and of its schedules, the fewest and the most."""
    target = deployment.one(f"serving-{variant}-target").inputs
    found = {"target": (target["minCapacity"], target["maxCapacity"])}
    for action in deployment.all("aws:appautoscaling/scheduledAction:ScheduledAction"):
        if action.inputs["resourceId"] == target["resourceId"]:
            its = action.inputs["scalableTargetAction"]
            found[action.name.removeprefix(f"serving-{variant}-")] = (its["minCapacity"], its["maxCapacity"])
    return found


def test_a_challenger_scales_by_the_same_within_its_share_of_the_limits() -> None:
    tenth, half = ab_test(), serving(challenged(50))
    whole = {"target": (2, 10), "at-2200": (1, 3), "at-0600": (2, 10)}
    assert [limits(each, "champion") for each in (tenth, half)] == [whole, whole]
    assert limits(tenth, "challenger") == {"target": (2, 3), "at-2200": (1, 3), "at-0600": (2, 3)}
    assert limits(half, "challenger") == {"target": (2, 5), "at-2200": (1, 3), "at-0600": (2, 5)}
    (champion, challenger) = (half.one(f"serving-{each}-invocations").inputs for each in ("champion", "challenger"))
    held = "targetTrackingScalingPolicyConfiguration"
    assert challenger[held] == champion[held]
    assert challenger["resourceId"] == "endpoint/churn-staging-live/variant/challenger"
    assert "serving-endpoint" in half.one("serving-challenger-target").dependencies


def test_a_challenger_or_anything_can_be_left_as_it_is() -> None:
    kept = serving(record(split=True), autoscaling={"challenger": False})
    assert kept.names(TARGET) == ["serving-champion-target"]
    assert serving(record(split=True), autoscaling={"enabled": False}).names(TARGET) == []
    assert serving(record(shadow=True)).names(TARGET) == ["serving-champion-target"]


@pytest.mark.parametrize(
    ("percent", "autoscaling", "start"),
    [
        (50, {}, [6, 4]),
        (10, {}, [6, 3]),  # its share of the most, and what a canary needs
        (10, {"challenger": False}, [6, 4]),
        (10, {"enabled": False}, [6, 4]),
    ],
)
def test_counts_are_kept_for_each_variant_within_its_limits(
    percent: int, autoscaling: dict[str, Any], start: list[int]
) -> None:
    found = challenged(percent, counts={"champion": 6, "challenger": 4})
    variants = live(serving(found, autoscaling=autoscaling)).inputs["productionVariants"]
    assert [v["initialInstanceCount"] for v in variants] == start
