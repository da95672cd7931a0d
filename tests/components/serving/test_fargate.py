"""The endpoint on Fargate: a task definition for each release, a service behind an internal load balancer."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.ground import endpoints, lake
from components.serving import tasks
from components.serving.fargate import KIND, Fargate, capacity, moving
from components.serving.kind import EndpointArgs
from contracts.kinds import FARGATE
from contracts.names import EndpointNames
from settings import Fargate as Settings
from tests.components.engine import ALERTS, LIVE, NAMES, Deployment, deploy, ground
from tests.components.serving.test_plan import FIRST, SECOND, record
from tests.settings.test_legal_combinations import REQUIRED

IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-inference@sha256:{'0' * 64}"
GRAVITON = IMAGE.partition("@")[0] + "@sha256:" + "2" * 64
TASK, SERVICE = "aws:ecs/taskDefinition:TaskDefinition", "serving-service"
ROLES = "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live"


def described(package: str) -> dict[str, Any]:
    model = f"s3://123456789012-staging-ai-artifacts/runs/churn/{package[-1]}/model.tar.gz"
    container = {"Image": IMAGE, "ModelDataUrl": model, "Environment": {"MODEL_VERSION": package[-1]}}
    graviton = {"Name": "arm64", "Containers": [{**container, "Image": GRAVITON}]}
    return {
        "InferenceSpecification": {"Containers": [container]},
        "AdditionalInferenceSpecifications": [graviton],
    }


def serving(names: EndpointNames = LIVE, **section: Any) -> Deployment:
    def program() -> None:
        Fargate(
            "serving",
            EndpointArgs(
                ground=ground(),
                names=names,
                settings=Settings.model_validate_json(
                    json.dumps({"kind": "fargate", **REQUIRED["fargate"], **section})
                ),
                record=record(),
                rollback_alarms=["churn-staging-live-champion-server-errors"],
                see_through=lambda _, __, ___: "",
                packages={package: described(package) for package in (FIRST, SECOND)},
            ),
        )

    return deploy(program)


def container(deployed: Deployment, release: str) -> dict[str, Any]:
    (found,) = json.loads(deployed.one(f"serving-task-{release}").inputs["containerDefinitions"])
    return found


def test_every_release_has_a_task_definition_in_a_family_of_its_own() -> None:
    deployed = serving()
    found = {task.name: task.inputs for task in deployed.all(TASK)}
    assert set(found) == {f"serving-task-{release.id}" for release in record().releases}
    for release in record().releases:
        family = found[f"serving-task-{release.id}"]["family"]
        assert family.startswith(f"churn-staging-live-{release.id}-")
        mine = container(deployed, release.id)
        assert mine["dockerLabels"] == {"model-package": release.champion}
        values = {each["name"]: each["value"] for each in mine["environment"]}
        assert values["MODEL_URI"].endswith(f"runs/churn/{release.champion[-1]}/model.tar.gz")
        assert values["MODEL_VERSION"] == release.champion[-1]  # as its package says
    task = found[f"serving-task-{record().wanted.id}"]
    assert {
        key: task[key] for key in ("cpu", "memory", "networkMode", "requiresCompatibilities", "runtimePlatform")
    } == {
        "cpu": "1024",
        "memory": "2048",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
    }
    assert (task["executionRoleArn"], task["taskRoleArn"]) == (f"{ROLES}-execution", f"{ROLES}-endpoint")


def test_a_task_is_no_root_writes_one_volume_alone_and_captures_by_itself() -> None:
    found = container(serving(cpu=2048, memory_mb=4096), record().wanted.id)
    assert (found["user"], found["readonlyRootFilesystem"], found["privileged"]) == ("10001", True, False)
    assert found["mountPoints"] == [{"sourceVolume": "model", "containerPath": "/var/model", "readOnly": False}]
    values = {each["name"]: each["value"] for each in found["environment"]}
    assert {key: values[key] for key in ("MODEL_DIR", "TLS_DIR", "MODEL_SERVER_WORKERS", "CAPTURE_URI")} == {
        "MODEL_DIR": "/var/model/package",
        "TLS_DIR": "/var/model/tls",
        "MODEL_SERVER_WORKERS": "2",
        "CAPTURE_URI": "s3://123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/champion",
    }
    assert found["logConfiguration"]["options"]["awslogs-group"] == LIVE.log_group


def test_tasks_on_graviton_have_the_image_for_it() -> None:
    wanted = record().wanted.id
    plain, graviton = serving(), serving(architecture="arm64")
    task = graviton.one(f"serving-task-{wanted}").inputs
    assert task["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert container(graviton, wanted) == {**container(plain, wanted), "image": GRAVITON}
    assert container(plain, wanted)["image"] == IMAGE
    assert task["family"] != plain.one(f"serving-task-{wanted}").inputs["family"]


def test_another_size_of_task_is_another_family() -> None:
    name = f"serving-task-{record().wanted.id}"
    small, large = (serving(memory_mb=size).one(name).inputs["family"] for size in (2048, 4096))
    assert small != large
    assert small.rpartition("-")[0] == large.rpartition("-")[0]


def test_the_service_runs_the_wanted_release_in_private_on_two_tasks_and_is_turned_back_by_alarms() -> None:
    deployed = serving()
    service = deployed.one(SERVICE).inputs
    wanted = deployed.one(f"serving-task-{record().wanted.id}")
    assert service["taskDefinition"].endswith(f"taskdefinition/{wanted.name}")
    assert service["networkConfiguration"]["assignPublicIp"] is False
    assert service["desiredCount"] == 2
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["alarms"] == {
        "alarmNames": ["churn-staging-live-champion-server-errors", "churn-staging-live-unanswered"],
        "enable": True,
        "rollback": True,
    }
    behind = service["loadBalancers"][0]
    assert behind["targetGroupArn"] != behind["advancedConfiguration"]["alternateTargetGroupArn"]
    assert behind["advancedConfiguration"]["roleArn"] == f"{ROLES}-balancing"
    assert deployed.one(SERVICE).ignore_changes == ("desiredCount",)


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        ({"kind": "all_at_once", "bake_minutes": 17}, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "17"}),
        (
            {"kind": "canary", "canary_percent": 20, "bake_minutes": 15},
            {
                "strategy": "CANARY",
                "bakeTimeInMinutes": "15",
                "canaryConfiguration": {"canaryPercent": 20, "canaryBakeTimeInMinutes": "15"},
            },
        ),
        (
            {"kind": "linear", "step_percent": 25, "bake_minutes": 4},
            {
                "strategy": "LINEAR",
                "bakeTimeInMinutes": "4",
                "linearConfiguration": {"stepPercent": 25, "stepBakeTimeInMinutes": "4"},
            },
        ),
    ],
)
def test_a_release_takes_over_as_the_settings_say(rollout: dict[str, Any], expected: dict[str, Any]) -> None:
    assert serving(rollout=rollout).one(SERVICE).inputs["deploymentConfiguration"] == expected


def test_spot_takes_a_share_of_what_comes_after_the_first_two() -> None:
    assert capacity(0) == [{"capacity_provider": "FARGATE", "base": 2, "weight": 100}]
    assert capacity(70) == [
        {"capacity_provider": "FARGATE", "base": 2, "weight": 30},
        {"capacity_provider": "FARGATE_SPOT", "weight": 70},
    ]


def test_another_share_of_spot_is_a_deployment_and_no_new_service() -> None:
    """The provider replaces a service whose capacity changes unless it may force a deployment (its issue 11351)."""
    before, after = (serving(spot_percent=percent).one(SERVICE).inputs for percent in (0, 70))
    assert [key for key in before if before[key] != after[key]] == ["capacityProviderStrategies"]
    assert after["forceNewDeployment"] is True


def test_clients_reach_the_load_balancer_by_https_and_it_alone_reaches_the_tasks() -> None:
    deployed = serving()
    balancer = deployed.one("serving-balancer").inputs
    assert (balancer["internal"], balancer["dropInvalidHeaderFields"]) == (True, True)
    assert balancer["accessLogs"]["prefix"] == "load-balancers/churn-staging-live"
    client = deployed.one("serving-from-client-1").inputs
    assert (client["referencedSecurityGroupId"], client["fromPort"], client["toPort"]) == (
        "sg-0123456789abcdef0",
        443,
        443,
    )
    tasks_from = deployed.one("serving-from-balancer").inputs
    assert tasks_from["referencedSecurityGroupId"] == balancer["securityGroups"][0]
    for colour in ("blue", "green"):
        group = deployed.one(f"serving-{colour}").inputs
        assert (group["protocol"], group["port"], group["healthCheck"]["path"]) == ("HTTPS", 8080, "/ready")
        assert group["deregistrationDelay"] > FARGATE.limits.seconds
    assert deployed.one("serving-rule").ignore_changes == ("actions",)


def test_a_name_that_no_load_balancer_can_have_is_refused() -> None:
    names = NAMES.of_workload("churn-of-all-customers").of_endpoint("live")
    with pytest.raises(
        pulumi.RunError,
        match=r"endpoints\.live: found the name churn-of-all-customers-staging-live with 35 characters; allowed with "
        "kind fargate: up to 26",
    ):
        serving(names)


@pytest.mark.parametrize("of", ["us-east-1:123456789012", "eu-west-1:210987654321"])
def test_a_certificate_that_the_load_balancer_cannot_have_is_refused(of: str) -> None:
    other = f"arn:aws:acm:{of}:certificate/01234567-89ab"
    with pytest.raises(
        pulumi.RunError,
        match=rf"endpoints\.live\.certificate_arn: found {other}; allowed: one of account 123456789012 in eu-west-1",
    ):
        serving(certificate_arn=other)


def test_roles_are_apart_and_each_does_its_own() -> None:
    starts = {action for statement in tasks.starting(LIVE) for action in statement.actions}
    serves = {
        action
        for statement in tasks.serving(LIVE, models_key="models", processed_key="processed")
        for action in statement.actions
    }
    assert not starts & serves
    assert not {action for action in serves if action.startswith(("ecr:", "logs:", "ec2:"))}
    assert {each for statement in moving(LIVE) for each in statement.resources} == {
        "*",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/churn-staging-live-*/*",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/churn-staging-live/*",
    }


def test_alarms_watch_what_the_service_tells_and_its_tasks() -> None:
    settings = Settings.model_validate_json(json.dumps({"kind": "fargate", **REQUIRED["fargate"]}))
    watched = KIND.watch(LIVE, settings, ["champion"], ())
    published = {(metric.namespace, metric.name) for metric in FARGATE.metrics}
    asked = {(alarm.namespace, alarm.metric) for alarm in watched.alarms if alarm.guards != "halt"}
    asked |= {(line.namespace, line.metric) for widget in watched.widgets for line in widget.series}
    assert asked <= published
    assert [alarm.guards for alarm in watched.alarms] == [
        "server_errors",
        "latency",
        "server_errors",
        None,
        None,
        "halt",
    ]
    assert KIND.watch(LIVE, settings, [], ()).alarms == ()


def test_what_no_task_answers_is_told_to_people_and_turns_a_rollout_back() -> None:
    alarm = serving(alarms={"server_errors": 4}).one("serving-unanswered").inputs
    assert (alarm["metricName"], alarm["threshold"], alarm["alarmActions"]) == ("HTTPCode_ELB_5XX_Count", 4, [ALERTS])


def test_a_stopped_one_keeps_its_task_definitions_roles_and_log() -> None:
    left = {each.name for each in serving(state="stopped").resources}
    assert {f"serving-task-{release.id}" for release in record().releases} <= left
    assert {"serving-logs", "serving-execution-role", "serving-endpoint-role"} <= left
    assert not {SERVICE, "serving-balancer", "serving-cluster", "serving-target"} & left


def test_layers_of_images_pass_the_gateway_where_tasks_pull_them_alone() -> None:
    assert [each.sid for each in endpoints.s3_endpoint_policy(NAMES)] == ["BucketsOfThisAccount"]
    _, layers = endpoints.s3_endpoint_policy(NAMES, ["ecr.dkr", "logs"])
    assert layers.actions == ("s3:GetObject",)
    assert layers.resources == ("arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*",)


def test_load_balancers_of_the_stack_log_below_their_own_names() -> None:
    found = lake.balancer_log_statement(NAMES, "logs")
    assert found.resources == ("arn:aws:s3:::logs/load-balancers/*-staging-*/AWSLogs/123456789012/*",)
    assert found.conditions == {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}


def test_limits_of_the_tasks_follow_the_clock() -> None:
    zone = {"timezone": "Europe/Berlin"}  # as the stack gives it to both
    morning = {"at": "07:00", "minimum": 4, "maximum": 20, **zone}
    deployed = serving(autoscaling={"schedules": [morning], **zone})
    action, target = deployed.one("serving-tasks-at-0700").inputs, deployed.one("serving-target").inputs
    assert action == {
        "name": "churn-staging-live-tasks-at-0700",
        "schedule": "cron(0 7 * * ? *)",
        "timezone": "Europe/Berlin",
        "scalableTargetAction": {"minCapacity": 4, "maxCapacity": 20},
        "serviceNamespace": "ecs",
        "resourceId": "service/churn-staging-live/churn-staging-live",
        "scalableDimension": "ecs:service:DesiredCount",
    }
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 10)
    by_hand = serving(autoscaling={"enabled": False, "schedules": [morning], **zone})
    assert not {"serving-target", "serving-tasks-at-0700"} & {each.name for each in by_hand.resources}
