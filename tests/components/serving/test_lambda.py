"""The endpoint in Lambda: a function whose versions are releases, an alias, and CodeDeploy, which moves it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from components.models.images import functions
from components.serving.kept import turned_back
from components.serving.kind import EndpointArgs
from components.serving.lambda_ import KIND, Lambda, shift, shifting, statements
from contracts import release
from contracts.kinds import LAMBDA
from contracts.release import Record
from settings import Lambda as Settings
from settings import ShiftAtOnce, ShiftCanary, ShiftLinear
from tests.components.engine import LIVE, NAMES, Deployment, deploy, ground
from tests.components.serving.test_fargate import GRAVITON, IMAGE, described
from tests.components.serving.test_plan import FIRST, SECOND, THIRD, record

FUNCTION, ALIAS, GROUP = "serving-function", "serving-alias", "serving-group"
ROLES = "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live"
LETTERS = "arn:aws:sqs:eu-west-1:123456789012:churn-staging-dead-letters"


def serving(known: Record | None = None, **section: Any) -> Deployment:
    def program() -> None:
        Lambda(
            "serving",
            EndpointArgs(
                ground=ground(),
                names=LIVE,
                settings=Settings.model_validate_json(json.dumps({"kind": "lambda", **section})),
                record=known or record(),
                rollback_alarms=["churn-staging-live-champion-server-errors"],
                see_through=lambda _, __, ___: "",
                packages={package: described(package) for package in (FIRST, SECOND, THIRD)},
                dead_letters_arn=LETTERS,
            ),
        )

    return deploy(program)


def test_the_function_has_what_the_wanted_release_needs_and_publishes_versions() -> None:
    function = serving(memory_mb=3072, timeout_seconds=30).one(FUNCTION).inputs
    wanted = record().wanted
    config, _, package = function["description"].partition(" of ")
    assert config.startswith(f"churn-staging-live-{wanted.id}-")
    assert package == wanted.champion == SECOND
    assert {
        key: function[key] for key in ("imageUri", "memorySize", "name", "packageType", "publish", "role", "timeout")
    } == {
        "imageUri": IMAGE,
        "memorySize": 3072,
        "name": "churn-staging-live",
        "packageType": "Image",
        "publish": True,
        "role": f"{ROLES}-endpoint",
        "timeout": 30,
    }
    assert function["imageConfig"] == {
        "entryPoints": ["python", "-m", "awslambdaric"],
        "commands": ["workloads.inference.function.handler"],
    }
    assert function["reservedConcurrentExecutions"] == 20
    assert function["deadLetterConfig"] == {"targetArn": LETTERS}
    assert {
        key: function["environment"]["variables"][key] for key in ("CAPTURE_URI", "MODEL_DIR", "REQUEST_SECONDS")
    } == {
        "CAPTURE_URI": "s3://123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/champion",
        "MODEL_DIR": "/tmp/model",
        "REQUEST_SECONDS": "30",
    }


def test_a_function_on_graviton_has_the_image_for_it_and_is_another_version() -> None:
    plain, graviton = (serving(architecture=each).one(FUNCTION).inputs for each in ("x86_64", "arm64"))
    assert (plain["architectures"], plain["imageUri"]) == (["x86_64"], IMAGE)
    assert (graviton["architectures"], graviton["imageUri"]) == (["arm64"], GRAVITON)
    assert plain["description"] != graviton["description"]
    assert plain["environment"] == graviton["environment"]


@pytest.mark.parametrize("changed", [{"memory_mb": 4096}, {"timeout_seconds": 5}, {"capture_percent": 10}])
def test_another_setting_of_the_function_is_another_version(changed: dict[str, Any]) -> None:
    one, other = (serving(**each).one(FUNCTION).inputs["description"] for each in ({}, changed))
    assert one != other
    assert one.partition(" of ")[0].rpartition("-")[0] == other.partition(" of ")[0].rpartition("-")[0]


def test_the_alias_leads_to_the_newest_version_and_codedeploy_moves_it_under_the_endpoints_alarms() -> None:
    deployed = serving()
    alias, group = deployed.one(ALIAS), deployed.one(GROUP).inputs
    assert (alias.inputs["name"], alias.inputs["functionName"]) == ("live", "churn-staging-live")
    assert alias.ignore_changes == ()
    assert (group["appName"], group["deploymentGroupName"]) == ("churn-staging-live", "churn-staging-live")
    assert group["alarmConfiguration"] == {"alarms": ["churn-staging-live-champion-server-errors"], "enabled": True}
    assert group["autoRollbackConfiguration"]["events"] == [
        "DEPLOYMENT_FAILURE",
        "DEPLOYMENT_STOP_ON_ALARM",
        "DEPLOYMENT_STOP_ON_REQUEST",
    ]
    assert group["serviceRoleArn"] == f"{ROLES}-shifting"


@pytest.mark.parametrize(
    ("rollout", "config"),
    [
        (ShiftAtOnce(), "CodeDeployDefault.LambdaAllAtOnce"),
        (ShiftCanary(bake_minutes=30), "CodeDeployDefault.LambdaCanary10Percent30Minutes"),
        (ShiftLinear(bake_minutes=1), "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"),
        (ShiftLinear(bake_minutes=10), "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes"),
    ],
)
def test_a_rollout_is_a_configuration_of_codedeploys_own(
    rollout: ShiftAtOnce | ShiftCanary | ShiftLinear, config: str
) -> None:
    assert shift(rollout) == config


def candidate() -> Record:
    return release.promote(record(), THIRD, when="2025-01-20T09:00:00+00:00", who="test", why="test")


def test_after_a_rollback_function_and_alias_stay_as_they_are() -> None:
    failed = release.fail(candidate(), "alarm")
    assert failed.wanted.champion == SECOND
    rolled = release.roll_back(record(), when="2025-01-20T10:00:00+00:00", who="alarm", why="errors")
    assert rolled.wanted.champion == FIRST
    for known in (failed, rolled):
        assert turned_back(known.releases)
        deployed = serving(known)
        assert set(deployed.one(FUNCTION).ignore_changes) == {
            "architectures", "description", "environment", "imageUri", "memorySize", "timeout"
        }  # fmt: skip
        assert deployed.one(ALIAS).ignore_changes == ("functionVersion", "routingConfig")


def test_what_was_promoted_after_a_failure_is_a_release_as_any_other() -> None:
    mended = dataclasses.replace(candidate().wanted, champion=FIRST)
    after = release.promote(
        release.fail(candidate(), "alarm"), mended.champion, when="2025-01-21T09:00:00+00:00", who="t", why="t"
    )
    for known in (record(), candidate(), after):
        assert not turned_back(known.releases)


def test_environments_are_kept_warm_by_how_many_are_in_use() -> None:
    assert not {"serving-warm", "serving-target"} & {each.name for each in serving().resources}
    fixed = serving(provisioned_concurrency=3)
    assert fixed.one("serving-warm").inputs == {
        "functionName": "churn-staging-live",
        "qualifier": "live",
        "provisionedConcurrentExecutions": 3,
    }
    assert fixed.one("serving-warm").ignore_changes == ()
    scaled = serving(provisioned_concurrency=3, autoscaling={"maximum": 9, "percent": 60})
    assert scaled.one("serving-warm").ignore_changes == ("provisionedConcurrentExecutions",)
    target = scaled.one("serving-target").inputs
    assert (target["minCapacity"], target["maxCapacity"], target["resourceId"]) == (
        3, 9, "function:churn-staging-live:live",
    )  # fmt: skip
    policy = scaled.one("serving-utilisation").inputs["targetTrackingScalingPolicyConfiguration"]
    assert policy["targetValue"] == 0.6


def test_what_is_kept_warm_has_other_limits_by_the_clock() -> None:
    office = {"at": "08:00", "weekdays": ["monday", "friday"], "minimum": 5, "maximum": 20}
    scaling = {"maximum": 9, "timezone": "Europe/Berlin", "schedules": [{**office, "timezone": "Europe/Berlin"}]}
    deployed = serving(provisioned_concurrency=3, autoscaling=scaling)
    action = deployed.one("serving-warm-at-0800-mon-fri").inputs
    assert action == {
        "name": "churn-staging-live-warm-at-0800-mon-fri",
        "serviceNamespace": "lambda",
        "scalableDimension": "lambda:function:ProvisionedConcurrency",
        "resourceId": "function:churn-staging-live:live",
        "schedule": "cron(0 8 ? * MON,FRI *)",
        "timezone": "Europe/Berlin",
        "scalableTargetAction": {"minCapacity": 5, "maxCapacity": 20},
    }


def test_a_stopped_one_may_not_run_keeps_its_alias_and_is_kept_warm_no_more() -> None:
    deployed = serving(state="stopped", provisioned_concurrency=3)
    assert deployed.one(FUNCTION).inputs["reservedConcurrentExecutions"] == 0
    assert deployed.one(ALIAS).inputs["name"] == "live"
    assert "serving-warm" not in {each.name for each in deployed.resources}


def test_alarms_watch_what_lambda_publishes_of_the_alias() -> None:
    watched = KIND.watch(LIVE, Settings(kind="lambda"), ["champion"], ())
    published = {(metric.namespace, metric.name) for metric in LAMBDA.metrics}
    asked = {(alarm.namespace, alarm.metric) for alarm in watched.alarms if alarm.guards != "halt"}
    asked |= {(line.namespace, line.metric) for widget in watched.widgets for line in widget.series}
    assert asked <= published
    assert {tuple(alarm.dimensions.items()) for alarm in watched.alarms if alarm.guards != "halt"} == {
        (("FunctionName", "churn-staging-live"), ("Resource", "churn-staging-live:live"))
    }
    assert {
        alarm.name.removeprefix("churn-staging-live-"): (alarm.guards, alarm.threshold) for alarm in watched.alarms
    } == {
        "champion-server-errors": ("server_errors", 10),
        "champion-server-error-rate": ("server_errors", 5),
        "champion-latency": ("latency", 500),
        "champion-throttles": (None, 0),
        "halt": ("halt", 0),
    }
    assert KIND.watch(LIVE, Settings(kind="lambda"), [], ()).alarms == ()


def test_the_function_moves_nothing_and_codedeploy_moves_its_alias_alone() -> None:
    mine = {
        action
        for statement in statements(LIVE, models_key="m", processed_key="p", messages_key="q")
        for action in statement.actions
    }
    assert not {action for action in mine if action.startswith(("lambda:", "codedeploy:", "ecr:"))}
    moved = {action for statement in shifting(LIVE) for action in statement.actions}
    assert moved == {
        "cloudwatch:DescribeAlarms",
        "lambda:GetAlias",
        "lambda:GetProvisionedConcurrencyConfig",
        "lambda:UpdateAlias",
    }
    assert {each for statement in shifting(LIVE) for each in statement.resources} == {
        "arn:aws:lambda:eu-west-1:123456789012:function:churn-staging-live",
        "arn:aws:lambda:eu-west-1:123456789012:function:churn-staging-live:*",
        "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn-staging-live-*",
    }


def test_lambda_pulls_the_image_for_functions_of_the_stack_alone() -> None:
    found = functions(NAMES)
    assert found.principal == {"Service": "lambda.amazonaws.com"}
    assert found.conditions == {
        "StringLike": {"aws:SourceArn": "arn:aws:lambda:eu-west-1:123456789012:function:*-staging-*"}
    }
