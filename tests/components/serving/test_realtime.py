from __future__ import annotations

from typing import Any, cast

import pytest

from contracts import release
from contracts.names import EndpointNames
from local.emulator.sagemaker.rollout import faults, plan
from settings import FLEET_START_MINUTES, MAX_ROLLOUT_MINUTES, bakes
from settings import Realtime as RealtimeSettings
from tests.components.engine import Deployment, is_unknown, permissions
from tests.components.serving.realtime import CONFIG, KEY, MODEL, ab_test, default, live, serving
from tests.components.serving.test_plan import FIRST, SECOND, THIRD, record


def test_every_release_of_the_record_has_a_configuration_and_its_models() -> None:
    found = record(split=True)
    configs = {c.name.rpartition("-")[0]: c.inputs["name"] for c in ab_test().all(CONFIG)}
    assert set(configs) == {f"serving-config-{r.id}" for r in found.releases}
    for r in found.releases:
        assert configs[f"serving-config-{r.id}"].startswith(f"churn-staging-live-{r.id}-")
    assert ab_test().names(MODEL) == [f"serving-model-churn-staging-{version}" for version in (1, 2, 3)]
    assert live(ab_test()).name.startswith(f"serving-config-{found.wanted.id}-")


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
