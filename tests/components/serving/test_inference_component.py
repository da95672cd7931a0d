"""The endpoint of an inference component: its template, its copies between zero and the most, and its watch."""

from __future__ import annotations

import dataclasses
import functools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from components.serving import inference_component
from components.serving.inference_component import KIND, InferenceComponent, copies, model_of
from components.serving.kind import EndpointArgs
from contracts.kinds import INFERENCE_COMPONENT
from contracts.release import Record
from contracts.release.live import Live, Serving
from settings import InferenceComponent as Settings
from tests.components.engine import LIVE, Deployment, deploy, ground
from tests.components.serving.test_plan import record

MODEL = "aws:sagemaker/model:Model"
STACK = "aws:cloudformation/stack:Stack"
TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
GUARDS = ("churn-staging-live-champion-server-errors", "churn-staging-live-halt")
SUBNETS = ["subnet-private0", "subnet-private1", "subnet-private2"]
ROLE = "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-endpoint"


def settings(**section: Any) -> Settings:
    return Settings.model_validate_json(json.dumps({"kind": "inference_component", **section}))


def serving(found: Record | None = None, *, there: Serving | None = None, **section: Any) -> Deployment:
    def program() -> None:
        InferenceComponent(
            "serving",
            EndpointArgs(
                ground=ground(),
                names=LIVE,
                settings=settings(**section),
                record=found or record(),
                rollback_alarms=GUARDS,
                see_through=lambda _, __, ___: "",
                serving=there,
            ),
        )

    return deploy(program)


@functools.cache
def default() -> Deployment:
    return serving()


def resources(deployed: Deployment) -> dict[str, dict[str, Any]]:
    """The properties of what the template makes."""
    body = json.loads(deployed.one("serving-stack").inputs["templateBody"])
    assert {name: its["Type"] for name, its in body["Resources"].items()} == {
        "Config": "AWS::SageMaker::EndpointConfig",
        "Endpoint": "AWS::SageMaker::Endpoint",
        "Component": "AWS::SageMaker::InferenceComponent",
    }
    return {name: its["Properties"] for name, its in body["Resources"].items()}


def test_every_release_has_a_model_in_the_network_and_the_component_the_wanted_ones() -> None:
    models = default().all(MODEL)
    assert len(models) == len(record().releases)
    for model in models:
        assert model.inputs["vpcConfig"]["subnets"] == SUBNETS
        assert model.inputs["enableNetworkIsolation"] is False  # its service captures
    wanted = f"churn-staging-live-{record().wanted.id}-"
    assert resources(default())["Component"]["Specification"]["ModelName"].startswith(wanted)
    assert model_of(default().one("serving-stack").inputs["templateBody"]).startswith(wanted)


def test_on_graviton_models_have_the_specification_of_their_package_for_it_and_are_others() -> None:
    plain, graviton = (
        {each.inputs["name"]: each.inputs["primaryContainer"] for each in deployed.all(MODEL)}
        for deployed in (default(), serving(instance_type="ml.c7g.large"))
    )
    assert not {*plain} & {*graviton}
    assert {each.get("inferenceSpecificationName") for each in plain.values()} == {None}
    assert {each["inferenceSpecificationName"] for each in graviton.values()} == {"arm64"}


def test_the_fleet_stands_in_the_network_and_goes_to_zero() -> None:
    config = resources(default())["Config"]
    assert config.pop("EndpointConfigName").startswith("churn-staging-live-fleet-")
    assert config.pop("KmsKeyId").startswith("arn:aws:kms:")
    assert config.pop("VpcConfig") == {
        "Subnets": SUBNETS,
        "SecurityGroupIds": ["sg-networkworkloadsgroup"],
    }
    assert config == {
        "ExecutionRoleArn": ROLE,
        "EnableNetworkIsolation": False,
        "ProductionVariants": [
            {
                "VariantName": "champion",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 6},
                "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
            }
        ],
    }


def test_disks_of_the_instance_take_no_volume_key() -> None:
    assert "KmsKeyId" not in resources(serving(instance_type="ml.m5d.xlarge"))["Config"]


def test_what_captures_nothing_is_isolated() -> None:
    deployed = serving(capture_percent=0)
    assert resources(deployed)["Config"]["EnableNetworkIsolation"] is True
    assert all(model.inputs["enableNetworkIsolation"] is True for model in deployed.all(MODEL))
    assert all("environment" not in model.inputs["primaryContainer"] for model in deployed.all(MODEL))


def test_another_model_takes_over_in_batches_under_the_alarms() -> None:
    deployed = serving(rollout={"kind": "rolling", "batch_percent": 25, "bake_minutes": 3})
    component = resources(deployed)["Component"]
    assert (component["InferenceComponentName"], component["VariantName"]) == ("churn-staging-live", "champion")
    assert component["RuntimeConfig"] == {"CopyCount": 2}
    assert component["DeploymentConfig"] == {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            "WaitIntervalInSeconds": 180,
            "MaximumExecutionTimeoutInSeconds": 7200,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm} for alarm in GUARDS]},
    }


def test_after_an_emergency_no_alarm_that_still_goes_off_turns_anything_back() -> None:
    before = record()
    back = dataclasses.replace(before.wanted, by_rollback=True)
    moved = dataclasses.replace(before, releases=(back, *before.releases[1:]))
    assert "AutoRollbackConfiguration" not in resources(serving(moved))["Component"]["DeploymentConfig"]


@pytest.mark.parametrize(("was", "starts"), [({}, 2), ({"champion": 1}, 2), ({"champion": 3}, 3), ({"champion": 9}, 4)])
def test_a_release_starts_with_the_live_copies_but_never_with_none(was: dict[str, int], starts: int) -> None:
    release = dataclasses.replace(record().wanted, instances=was)
    assert copies(settings(), release, "new", None) == starts


def live(copies: int, config: str = "old") -> Live:
    wanted = record().wanted
    return Live(
        endpoint=LIVE.prefix,
        status="InService",
        config=config,
        release=wanted.id,
        counts={"champion": copies},
        weights={"champion": 100.0},
        changed=datetime(2025, 1, 20, tzinfo=UTC),
        failure="",
    )


@pytest.mark.parametrize(
    ("now", "model", "starts"),
    [(8, "old", 8), (12, "old", 10), (0, "old", 0), (8, "new", 8), (1, "new", 2), (0, "new", 2)],
)
def test_what_lives_is_what_a_change_of_settings_keeps_and_another_model_has_two_at_least(
    now: int, model: str, starts: int
) -> None:
    release = dataclasses.replace(record().wanted, instances={"champion": 3})
    assert copies(settings(autoscaling={"maximum": 10}), release, model, live(now)) == starts


def test_the_stack_is_left_alone_while_copies_come_and_go_and_changed_with_those_that_live() -> None:
    most = {"maximum": 10}
    there = json.loads(serving(autoscaling=most).one("serving-stack").inputs["templateBody"])
    model = there["Resources"]["Component"]["Properties"]["Specification"]["ModelName"]
    now = Serving(live=live(8, model), template=there)
    same = serving(there=now, autoscaling=most)
    assert json.loads(same.one("serving-stack").inputs["templateBody"]) == there
    assert resources(same)["Component"]["RuntimeConfig"] == {"CopyCount": 2}
    larger = serving(there=now, instance_type="ml.m5.xlarge", autoscaling=most)
    assert resources(larger)["Component"]["RuntimeConfig"] == {"CopyCount": 8}


def test_copies_follow_what_each_is_asked_at_once() -> None:
    target = default().one("serving-copies-target").inputs
    assert target == {
        "serviceNamespace": "sagemaker",
        "scalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "resourceId": "inference-component/churn-staging-live",
        "minCapacity": 0,
        "maxCapacity": 4,
    }
    tracked = default().one("serving-concurrency").inputs["targetTrackingScalingPolicyConfiguration"]
    assert tracked == {
        "predefinedMetricSpecification": {
            "predefinedMetricType": "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"
        },
        "targetValue": 5,
        "scaleOutCooldown": 60,
        "scaleInCooldown": 300,
    }


def test_a_request_that_found_no_copy_brings_one() -> None:
    alarm = default().one("serving-refused").inputs
    assert (alarm["namespace"], alarm["metricName"], alarm["dimensions"]) == (
        "AWS/SageMaker",
        "NoCapacityInvocationFailures",
        {"InferenceComponentName": "churn-staging-live"},
    )
    assert (alarm["statistic"], alarm["threshold"], alarm["period"], alarm["evaluationPeriods"]) == ("Sum", 1, 60, 1)
    steps = default().one("serving-wake").inputs["stepScalingPolicyConfiguration"]
    assert steps["stepAdjustments"] == [{"metricIntervalLowerBound": "0", "scalingAdjustment": 1}]


def test_one_that_keeps_a_copy_needs_no_waking_and_keeps_its_instance() -> None:
    deployed = serving(autoscaling={"minimum": 1})
    assert [each.name for each in deployed.all(POLICY)] == ["serving-concurrency"]
    scaling = resources(deployed)["Config"]["ProductionVariants"][0]["ManagedInstanceScaling"]
    assert scaling["MinInstanceCount"] == 1


def test_a_stopped_one_keeps_its_models_and_its_log_alone() -> None:
    deployed = serving(state="stopped")
    assert deployed.all(STACK) == []
    assert deployed.all(TARGET) == []
    assert len(deployed.all(MODEL)) == len(record().releases)
    assert deployed.one("serving-logs").inputs["name"] == "/aws/sagemaker/InferenceComponents/churn-staging-live"


def test_the_stack_has_the_endpoints_name_and_leaves_nothing_of_what_cannot_be_made() -> None:
    stack = default().one("serving-stack")
    assert stack.inputs["name"] == "churn-staging-live"
    assert stack.inputs["onFailure"] == "DELETE"


def test_the_role_writes_its_copies_log_and_captures() -> None:
    policy = json.loads(default().one("serving-role-policy").inputs["policy"])
    statements = {each["Sid"]: each for each in policy["Statement"]}
    assert any(
        "/aws/sagemaker/InferenceComponents/churn-staging-live" in each for each in statements["WriteLogs"]["Resource"]
    )
    (captured,) = statements["CaptureTraffic"]["Resource"]
    assert captured.endswith("/data-capture/churn/churn-staging-live/*")


def test_what_is_watched_is_published_of_components() -> None:
    watch = KIND.watch(LIVE, settings(), ["champion"], ())
    published = {(metric.namespace, metric.name) for metric in INFERENCE_COMPONENT.metrics}
    read = {
        (each.namespace, each.metric)
        for each in (*watch.alarms, *(series for widget in watch.widgets for series in widget.series))
        if each.metric != "Halt"
    }
    assert read <= published
    by = {"InferenceComponentName": "churn-staging-live"}
    assert all(alarm.dimensions == by for alarm in watch.alarms if alarm.metric != "Halt")
    assert {alarm.guards for alarm in watch.alarms} == {"server_errors", "latency", "halt"}
    assert KIND.watch(LIVE, settings(), [], ()).alarms == ()


def test_the_template_does_not_depend_on_the_order_of_its_parts() -> None:
    assert inference_component.text({"b": 1, "a": [2]}) == '{"a":[2],"b":1}'


NIGHT, DAY = {"at": "22:00", "minimum": 0, "maximum": 2}, {"at": "06:00", "minimum": 2, "maximum": 8}


def test_limits_of_the_copies_follow_the_clock() -> None:
    deployed = serving(copies=8, autoscaling={"minimum": 1, "schedules": [NIGHT, DAY]})
    actions = {each: deployed.one(f"serving-copies-at-{each}").inputs for each in ("2200", "0600")}
    assert {each: its["scalableTargetAction"] for each, its in actions.items()} == {
        "2200": {"minCapacity": 0, "maxCapacity": 2},
        "0600": {"minCapacity": 2, "maxCapacity": 8},
    }
    target = deployed.one("serving-copies-target").inputs
    for action in actions.values():
        assert {key: action[key] for key in ("serviceNamespace", "resourceId", "scalableDimension")} == {
            "serviceNamespace": "sagemaker",
            "resourceId": "inference-component/churn-staging-live",
            "scalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        }
    assert (target["minCapacity"], target["maxCapacity"]) == (1, 4)
    (variant,) = resources(deployed)["Config"]["ProductionVariants"]
    assert variant["ManagedInstanceScaling"] == {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 12}
    assert resources(deployed)["Component"]["RuntimeConfig"] == {"CopyCount": 8}


def test_a_night_without_copies_ends_with_a_refused_request() -> None:
    asleep, awake = (serving(autoscaling={"minimum": 1, "schedules": each}) for each in ([NIGHT, DAY], [DAY]))
    assert {each.name for each in asleep.all(POLICY)} == {"serving-concurrency", "serving-wake"}
    assert [each.name for each in awake.all(POLICY)] == ["serving-concurrency"]
    (variant,) = resources(awake)["Config"]["ProductionVariants"]
    assert variant["ManagedInstanceScaling"]["MinInstanceCount"] == 1


@pytest.mark.parametrize(("now", "model", "starts"), [(0, "old", 0), (8, "old", 8), (9, "old", 8), (0, "new", 2)])
def test_a_change_of_settings_leaves_the_copies_that_the_clock_gave(now: int, model: str, starts: int) -> None:
    found = settings(autoscaling={"minimum": 1, "schedules": [NIGHT, DAY]})
    assert copies(found, record().wanted, model, live(now)) == starts
