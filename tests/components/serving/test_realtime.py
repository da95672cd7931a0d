from __future__ import annotations

import dataclasses
import functools
from typing import Any, cast

import pytest

from components.serving.kind import EndpointArgs
from components.serving.realtime import Realtime
from contracts import release
from contracts.names import EndpointNames
from contracts.release import Record
from contracts.release.live import Serving, Started
from local.emulator.sagemaker.rollout import faults, plan
from settings import FLEET_START_MINUTES, MAX_ROLLOUT_MINUTES, bakes
from settings import Realtime as RealtimeSettings
from tests.components.engine import LIVE, Declared, Deployment, deploy, ground, is_unknown, permissions
from tests.components.serving.test_plan import FIRST, SECOND, THIRD, challenged, record
from tests.components.serving.test_plan import serving as serves

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"
TARGET = "aws:appautoscaling/target:Target"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/"


def serving(
    found: Record | None = None,
    *,
    alarms: tuple[str, ...] = ("a-5xx", "a-latency"),
    preview: bool = False,
    protect: bool = False,
    now: Serving | None = None,
    **section: Any,
) -> Deployment:
    def program() -> None:
        Realtime(
            "serving",
            EndpointArgs(
                ground=ground(protect=protect),
                names=LIVE,
                settings=RealtimeSettings.model_validate(section),
                record=found or record(),
                rollback_alarms=alarms,
                see_through=lambda _, __, ___: "",
                serving=now,
            ),
        )

    return deploy(program, preview=preview)


@functools.cache
def default() -> Deployment:
    return serving()


@functools.cache
def ab_test() -> Deployment:
    return serving(record(split=True))


def live(deployment: Deployment) -> Declared:
    name = deployment.one("serving-endpoint").inputs["endpointConfigName"]
    return next(config for config in deployment.all(CONFIG) if config.inputs["name"] == name)


def test_every_release_of_the_record_has_a_configuration_and_its_models() -> None:
    found = record(split=True)
    configs = {c.name.rpartition("-")[0]: c.inputs["name"] for c in ab_test().all(CONFIG)}
    assert set(configs) == {f"serving-config-{r.id}" for r in found.releases}
    for r in found.releases:
        assert configs[f"serving-config-{r.id}"].startswith(f"churn-staging-live-{r.id}-")
    assert ab_test().names(MODEL) == [f"serving-model-churn-staging-{version}" for version in (1, 2, 3)]
    assert live(ab_test()).name.startswith(f"serving-config-{found.wanted.id}-")


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


def test_on_graviton_models_have_the_specification_of_their_package_for_it_and_are_others() -> None:
    plain, graviton = (
        {each.name: each.inputs for each in serving(instance_type=each).all(MODEL)}
        for each in ("ml.c5.large", "ml.c7g.large")
    )
    packages = sorted(each["primaryContainer"]["modelPackageName"] for each in plain.values())
    assert sorted(each["primaryContainer"]["modelPackageName"] for each in graviton.values()) == packages
    for models, wanted in ((plain, None), (graviton, "arm64")):
        assert {each["primaryContainer"].get("inferenceSpecificationName") for each in models.values()} == {wanted}
    assert not {*plain} & {*graviton}
    assert not {each["name"] for each in plain.values()} & {each["name"] for each in graviton.values()}
    assert {*plain} == {each.name for each in default().all(MODEL)}  # another type for x86_64 leaves models as they are


@pytest.mark.parametrize("changed", [{"instance_type": "ml.m5.xlarge"}, {"capture_percent": 50}])
def test_a_configuration_of_other_settings_is_another_resource_and_replaces_none(changed: dict[str, Any]) -> None:
    former, other = ({c.name: c.inputs["name"] for c in serving(**each).all(CONFIG)} for each in ({}, changed))
    assert not set(former) & set(other)
    assert not set(former.values()) & set(other.values())


def test_a_model_comes_from_the_registry_into_the_isolated_network() -> None:
    model = default().one("serving-model-churn-staging-2").inputs
    assert model["name"].startswith("churn-staging-2-")
    assert {k: v for k, v in model.items() if k != "name"} == {
        "executionRoleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-endpoint",
        "primaryContainer": {"modelPackageName": SECOND},
        "enableNetworkIsolation": True,
        "vpcConfig": {
            "subnets": ["subnet-private0", "subnet-private1", "subnet-private2"],
            "securityGroupIds": ["sg-networkworkloadsgroup"],
        },
    }


def test_the_live_configuration() -> None:
    config = {k: v for k, v in live(default()).inputs.items() if k != "name"}
    model = default().one("serving-model-churn-staging-2").inputs["name"]
    assert config.pop("productionVariants") == [
        {
            "variantName": "champion",
            "modelName": model,
            "instanceType": "ml.m5.large",
            "initialInstanceCount": 3,
            "initialVariantWeight": 100,
        }
    ]
    assert config == {
        "kmsKeyArn": f"{KEY}keys-models",
        "dataCaptureConfig": {
            "enableCapture": True,
            "initialSamplingPercentage": 100,
            "destinationS3Uri": "s3://123456789012-staging-ai-processed-data/data-capture/churn",
            "kmsKeyId": f"{KEY}keys-processed",
            "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
            "captureContentTypeHeader": {
                "csvContentTypes": ["text/csv"],
                "jsonContentTypes": ["application/json"],
            },
        },
    }


def test_champion_and_challenger_share_the_traffic() -> None:
    variants = live(ab_test()).inputs["productionVariants"]
    assert [(v["variantName"], v["initialVariantWeight"]) for v in variants] == [("champion", 90), ("challenger", 10)]
    assert [v["modelName"].rpartition("-")[0] for v in variants] == ["churn-staging-2", "churn-staging-3"]


def test_a_shadow_gets_copies_of_the_champions_requests() -> None:
    deployment = serving(record(shadow=True))
    config = live(deployment).inputs
    assert [v["variantName"] for v in config["productionVariants"]] == ["champion"]
    assert config["shadowProductionVariants"] == [
        {
            "variantName": "shadow",
            "modelName": deployment.one("serving-model-churn-staging-3").inputs["name"],
            "instanceType": "ml.m5.large",
            "initialInstanceCount": 3,
            "initialVariantWeight": 25,
        }
    ]


def test_another_share_of_the_requests_is_another_configuration() -> None:
    found = record(shadow=True)
    more = release.mirror_traffic(found, THIRD, 50, when="2025-01-27T09:00:00+00:00", who="test", why="test")
    names = {live(serving(each)).inputs["name"] for each in (found, more)}
    assert {name.rpartition("-")[0] for name in names} == {
        f"churn-staging-live-{each.wanted.id}" for each in (found, more)
    }


def test_capture_can_be_switched_off_where_policies_let_it() -> None:
    capture = live(serving(capture_percent=0)).inputs["dataCaptureConfig"]
    assert (capture["enableCapture"], capture["initialSamplingPercentage"]) == (False, 0)


def test_volumes_on_local_disks_take_no_key() -> None:
    assert "kmsKeyArn" not in live(serving(instance_type="ml.g5.xlarge")).inputs


def _config_names(deployment: Deployment) -> dict[str, str]:
    return {config.name: config.inputs["name"] for config in deployment.all(CONFIG)}


def test_names_follow_from_the_content() -> None:
    assert _config_names(serving()) == _config_names(default())
    changed: list[dict[str, Any]] = [{"capture_percent": 50}, {"instance_type": "ml.m5.xlarge"}, {"instance_count": 4}]
    for section in changed:
        assert not set(_config_names(serving(**section)).values()) & set(_config_names(default()).values()), section


def test_what_the_code_fixes_is_part_of_the_names_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _config_names(serving())
    monkeypatch.setattr(EndpointNames, "data_capture_uri", "s3://elsewhere")
    assert not set(_config_names(serving()).values()) & set(before.values())


def test_an_emergency_rollback_and_the_next_deployment_agree() -> None:
    before = record(counts={"champion": 5})
    after = release.roll_back(before, who="alarm", why="5xx", when="2025-01-14T09:00:00+00:00")
    first, second = serving(before), serving(after)
    assert _config_names(first) == _config_names(second)
    assert live(second).name.startswith(f"serving-config-{before.releases[1].id}-")
    assert live(second).inputs["productionVariants"][0]["initialInstanceCount"] == 5


def test_the_endpoint_rolls_out_with_alarms_that_turn_it_back() -> None:
    endpoint = default().one("serving-endpoint")
    assert endpoint.inputs["name"] == "churn-staging-live"
    assert "serving-logs" in endpoint.dependencies
    assert endpoint.inputs["deploymentConfig"] == {
        "autoRollbackConfiguration": {"alarms": [{"alarmName": "a-5xx"}, {"alarmName": "a-latency"}]},
        "blueGreenUpdatePolicy": {
            "trafficRoutingConfiguration": {
                "type": "CANARY",
                "waitIntervalInSeconds": 600,
                "canarySize": {"type": "CAPACITY_PERCENT", "value": 10},
            },
            "terminationWaitInSeconds": 600,
            "maximumExecutionTimeoutInSeconds": 3300,
        },
    }


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (
            {"kind": "all_at_once", "bake_minutes": 1},
            {
                "blueGreenUpdatePolicy": {
                    "trafficRoutingConfiguration": {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 60},
                    "terminationWaitInSeconds": 60,
                    "maximumExecutionTimeoutInSeconds": 1800,
                }
            },
        ),
        (
            {"kind": "linear", "step_percent": 20, "bake_minutes": 2},
            {
                "blueGreenUpdatePolicy": {
                    "trafficRoutingConfiguration": {
                        "type": "LINEAR",
                        "waitIntervalInSeconds": 120,
                        "linearStepSize": {"type": "CAPACITY_PERCENT", "value": 20},
                    },
                    "terminationWaitInSeconds": 120,
                    "maximumExecutionTimeoutInSeconds": 1800,
                }
            },
        ),
        (
            {"kind": "rolling", "batch_percent": 50, "bake_minutes": 0},
            {
                "rollingUpdatePolicy": {
                    "maximumBatchSize": {"type": "CAPACITY_PERCENT", "value": 50},
                    "waitIntervalInSeconds": 0,
                    "maximumExecutionTimeoutInSeconds": 1800,
                }
            },
        ),
    ],
)
def test_the_other_rollouts_without_alarms(rollout: dict[str, Any], expected: dict[str, Any]) -> None:
    deployment = serving(alarms=(), rollback_alarms=(), rollout=rollout, rollout_timeout_minutes=30)
    assert deployment.one("serving-endpoint").inputs["deploymentConfig"] == expected


def test_what_an_emergency_move_left_stays_until_the_next_release() -> None:
    rolled_back = release.roll_back(record(), who="alarm", why="5xx", when="2025-01-20T09:00:00+00:00")
    promoted = release.promote(rolled_back, THIRD, who="ana", why="mended", when="2025-01-21T09:00:00+00:00")
    found = [serving(state).one("serving-endpoint") for state in (record(), rolled_back, promoted)]
    assert [endpoint.ignored for endpoint in found] == [(), ("deploymentConfig",), ()]
    assert all(endpoint.inputs["deploymentConfig"] == found[0].inputs["deploymentConfig"] for endpoint in found)


@pytest.mark.parametrize("protect", [True, False])
def test_protection_holds_for_the_endpoint_and_not_for_what_every_release_replaces(protect: bool) -> None:
    protected = {r.name for r in serving(protect=protect).resources if r.protect and r.name.startswith("serving")}
    assert protected == ({"serving-endpoint"} if protect else set())


def _as_sent(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_sent(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: _as_sent(item) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _rollout(**chosen: Any) -> RealtimeSettings:
    return RealtimeSettings.model_validate({"rollout": chosen})


@pytest.mark.parametrize("kind", ["all_at_once", "canary", "linear", "rolling"])
def test_every_rollout_at_its_longest_leaves_time_for_the_fleet_to_start(kind: str) -> None:
    longest = (MAX_ROLLOUT_MINUTES - FLEET_START_MINUTES) // bakes(_rollout(kind=kind).rollout)
    chosen = {"kind": kind, "bake_minutes": longest}
    config = _as_sent(serving(rollout=chosen).one("serving-endpoint").inputs["deploymentConfig"])
    assert faults(config, 3, 1) == []
    planned = plan(config, 3)
    waits = sum(shift.wait_seconds for shift in planned.shifts) + planned.termination_wait_seconds
    assert waits == longest * 60 * bakes(_rollout(**chosen).rollout)


def test_more_alarms_than_an_endpoint_takes() -> None:
    with pytest.raises(ValueError, match="rollback alarms: found 11; allowed: up to 10"):
        serving(alarms=tuple(f"a{i}" for i in range(11)))


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


def test_a_stopped_endpoint_keeps_the_configurations_of_its_releases_and_nothing_that_serves() -> None:
    stopped = serving(record(split=True), state="stopped")
    assert {each.name for each in ab_test().resources} - {each.name for each in stopped.resources} == {
        "serving-endpoint",
        *(
            f"serving-{variant}-{role}"
            for variant in ("champion", "challenger")
            for role in ("target", "invocations", "at-2200", "at-0600")
        ),
    }
    assert [c.inputs for c in stopped.all(CONFIG)] == [c.inputs for c in ab_test().all(CONFIG)]
    assert stopped.one("serving-logs").inputs == ab_test().one("serving-logs").inputs


def test_the_role_loads_models_and_captures_traffic() -> None:
    statements = permissions(default(), "serving-role")
    assert statements["LoadModelsObjects"]["Resource"] == [
        "arn:aws:s3:::123456789012-staging-ai-artifacts/runs/churn/*"
    ]
    assert statements["CaptureTraffic"]["Resource"] == [
        "arn:aws:s3:::123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/*"
    ]
    assert FIRST not in str(statements)


def test_at_preview_names_wait_for_the_network_and_nothing_fails() -> None:
    preview = serving(preview=True)
    assert sorted(r.name for r in preview.resources) == sorted(r.name for r in default().resources)
    assert is_unknown(preview.one("serving-model-churn-staging-2").inputs["name"])
    variant = preview.all(CONFIG)[0].inputs["productionVariants"][0]
    assert variant["initialInstanceCount"] == 3


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
