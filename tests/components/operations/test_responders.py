"""The functions that answer to alarms: rollback, of an endpoint, and retraining, of a workload."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components import operations
from components.operations import retraining
from components.operations.retraining import SCHEDULES, Retraining, RetrainingArgs
from components.operations.rollback import rollback
from components.watch import Channel, Watch
from contracts import loader
from contracts.names import EndpointNames
from contracts.schema import Incremental
from settings import Retraining as RetrainingSettings
from settings import Training as TrainingSettings
from tests.components.engine import ALERTS, CHURN, LETTERS, LIVE, Deployment, deploy, ground, permissions

FUNCTION = "aws:lambda/function:Function"
SCHEDULE = "aws:scheduler/schedule:Schedule"
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:123456789012:"
#: Role -> logical name of its responder, and physical name of function and topic.
NAMED = {
    "rollback": ("churn-live-rollback", "churn-staging-live-rollback"),
    "retraining": ("churn-retraining", "churn-staging-retraining"),
}


@functools.cache
def responders(
    *,
    preview: bool = False,
    hosts: int = 1,
    instance_type: str = "ml.m5.2xlarge",
    champion: EndpointNames | None = None,
    scaled: bool = False,
    **section: Any,
) -> Deployment:
    def program() -> None:
        base = ground()
        rollback(
            "churn-live-rollback",
            ground=base,
            host="sagemaker",
            names=LIVE,
            scaled=scaled,
            dead_letters_arn=LETTERS,
            opts=pulumi.ResourceOptions(),
        )
        settings = RetrainingSettings.model_validate(section)
        Retraining(
            "churn-retraining",
            RetrainingArgs(
                ground=base,
                names=CHURN,
                settings=settings,
                recipe="0a",
                dead_letters_arn=LETTERS,
                instances=TrainingSettings(hosts=hosts, instance_type=instance_type),
                champion=champion,
            ),
        )

    return deploy(program, preview=preview)


def test_the_environment_is_what_the_handlers_read() -> None:
    deployment = responders(cool_down_hours=3, max_runs_per_day=5)
    environments = {f.inputs["name"]: f.inputs["environment"]["variables"] for f in deployment.all(FUNCTION)}
    assert environments == {
        "churn-staging-live-rollback": {
            "TOPIC_ARN": ALERTS,
            "RELEASE_PARAMETER": "/mlplatform/staging/churn/live/release",
            "ENDPOINT_NAME": "churn-staging-live",
            "LOCK_BUCKET": "123456789012-staging-ai-artifacts",
            "LOCK_KEY": "locks/churn/live",
        },
        "churn-staging-retraining": {
            "TOPIC_ARN": ALERTS,
            "PIPELINE_NAME": "churn-staging",
            "ACCEPTED_URI": "s3://123456789012-staging-ai-processed-data/accepted/churn/",
            "LEDGER_URI": "s3://123456789012-staging-ai-processed-data/ledger/churn/",
            "DATA_SETS_URI": "s3://123456789012-staging-ai-processed-data/datasets/churn/",
            "RECIPE": "0a",
            "RUNS_URI": "s3://123456789012-staging-ai-artifacts/runs/churn/",
            "START_URI": "s3://123456789012-staging-ai-artifacts/locks/churn/training.json",
            "COOL_DOWN_HOURS": "3",
            "MAX_RUNS_PER_DAY": "5",
        },
    }


def test_a_budget_is_told_with_what_an_hour_of_each_kind_of_job_costs() -> None:
    """Processing on ml.m5.xlarge (0.257 USD in Ireland), training on ml.m5.2xlarge (0.461 x 1.115) or ml.m5.xlarge."""
    for hosts, instance_type, hourly in (
        (1, "ml.m5.2xlarge", 0.514015),
        (3, "ml.m5.2xlarge", 0.514015),
        (2, "ml.m5.xlarge", 0.257),
    ):
        function = responders(hosts=hosts, instance_type=instance_type, monthly_budget_usd=30).one(
            "churn-retraining-function"
        )
        environment = function.inputs["environment"]["variables"]
        assert environment["MONTHLY_BUDGET_USD"] == "30.0"
        assert json.loads(environment["USD_AN_HOUR"]) == {
            "ProcessingJob": 0.257,
            "TrainingJob": pytest.approx(hosts * hourly),
        }


@pytest.mark.parametrize("role", NAMED)
def test_each_archive_holds_all_that_its_handler_imports(role: str, tmp_path: Path) -> None:
    """The handler is imported from the archive alone, with this repository out of reach."""
    code = responders().one(f"{NAMED[role][0]}-function").inputs["code"]
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path, asset in code.assets.items():
            file.write(asset.path, path)
    ours = ("workloads", "contracts", "components", "settings", "shapes", "local", "policies")
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in ours}
    before = list(sys.path)
    sys.path[:] = [str(archive), *(p for p in sys.path if p and not (Path(p) / "workloads").exists())]
    try:
        handler = importlib.import_module(f"workloads.{role}.handler")
        assert str(handler.__file__).startswith(str(archive))
        assert callable(handler.handle)
    finally:
        sys.path[:] = before
        for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
            del sys.modules[name]
        sys.modules.update(kept)


def test_the_rollback_function_has_the_time_that_an_endpoint_takes() -> None:
    timeouts = {f.name: f.inputs["timeout"] for f in responders().all(FUNCTION)}
    memory = {f.name: f.inputs["memorySize"] for f in responders().all(FUNCTION)}
    assert memory == {"churn-live-rollback-function": 256, "churn-retraining-function": 1024}
    assert timeouts == {"churn-live-rollback-function": 900, "churn-retraining-function": 300}


@pytest.mark.parametrize("role", NAMED)
def test_each_function_answers_to_its_own_topic_only(role: str) -> None:
    deployment, (logical, physical) = responders(), NAMED[role]
    topic = f"arn:aws:sns:eu-west-1:123456789012:topic/{physical}"
    assert deployment.one(f"{logical}-permission").inputs == {
        "action": "lambda:InvokeFunction",
        "function": physical,
        "principal": "sns.amazonaws.com",
        "sourceArn": topic,
    }
    subscription = deployment.one(f"{logical}-subscription")
    assert subscription.inputs["topic"] == topic
    assert subscription.inputs["protocol"] == "lambda"
    assert subscription.inputs["endpoint"] == f"arn:aws:lambda:eu-west-1:123456789012:function/{physical}"
    assert json.loads(subscription.inputs["redrivePolicy"]) == {"deadLetterTargetArn": LETTERS}
    assert f"{logical}-permission" in subscription.dependencies


def test_rollback_may_move_this_endpoint_and_rewrite_its_record() -> None:
    statements = permissions(responders(), "churn-live-rollback-role")
    assert statements["MoveEndpoint"] == {
        "Effect": "Allow",
        "Action": ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:UpdateEndpoint"],
        "Resource": [f"{SAGEMAKER}endpoint/churn-staging-live", f"{SAGEMAKER}endpoint-config/churn-staging-live-*"],
    }
    assert statements["ReleaseRecord"]["Resource"] == [
        "arn:aws:ssm:eu-west-1:123456789012:parameter/mlplatform/staging/churn/live/release"
    ]
    assert statements["RecordLock"]["Action"] == ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    assert statements["RecordLock"]["Resource"] == ["arn:aws:s3:::123456789012-staging-ai-artifacts/locks/churn/live"]
    assert statements["SeeRecordLock"]["Condition"] == {"StringLike": {"s3:prefix": ["locks/churn/live"]}}
    assert statements["EncryptFleet"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_rollback_ends_the_scaling_of_variants_and_is_told_where_a_challenger_scales() -> None:
    environment = responders(scaled=True).one("churn-live-rollback-function").inputs["environment"]["variables"]
    assert environment["SCALED"] == "true"
    assert permissions(responders(), "churn-live-rollback-role")["LetGoOfVariants"] == {
        "Effect": "Allow",
        "Action": ["application-autoscaling:DeregisterScalableTarget"],
        "Resource": ["arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/*"],
        "Condition": {
            "StringEquals": {"application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount"}
        },
    }


def test_retraining_may_start_this_pipeline_and_nothing_else() -> None:
    statements = permissions(responders(), "churn-retraining-role")
    assert statements["RunPipeline"]["Resource"] == [
        f"{SAGEMAKER}pipeline/churn-staging",
        f"{SAGEMAKER}pipeline/churn-staging/execution/*",
    ]
    assert "iam:PassRole" not in json.dumps(statements)
    assert not {"ReadRelease", "ReadChampion"} & set(statements)
    assert statements["SeeAcceptedData"]["Condition"] == {"StringLike": {"s3:prefix": ["accepted/churn/*"]}}
    assert (statements["WriteStart"]["Action"], statements["WriteStart"]["Resource"]) == (
        ["s3:PutObject"],
        ["arn:aws:s3:::123456789012-staging-ai-artifacts/locks/churn/training.json"],
    )


def test_where_runs_go_on_from_the_champion_the_function_may_see_which_it_is() -> None:
    deployment = responders(champion=LIVE)
    environment = deployment.one("churn-retraining-function").inputs["environment"]["variables"]
    assert environment["RELEASE_PARAMETER"] == "/mlplatform/staging/churn/live/release"
    statements = permissions(deployment, "churn-retraining-role")
    assert (statements["ReadRelease"]["Action"], statements["ReadRelease"]["Resource"]) == (
        ["ssm:GetParameter"],
        ["arn:aws:ssm:eu-west-1:123456789012:parameter/mlplatform/staging/churn/live/release"],
    )
    assert (statements["ReadChampion"]["Action"], statements["ReadChampion"]["Resource"]) == (
        ["sagemaker:DescribeModelPackage"],
        [f"{SAGEMAKER}model-package/churn-staging/*"],
    )


def test_labels_that_moved_are_an_alarm_for_people_where_a_limit_is_set() -> None:
    assert retraining.watch(CHURN, label_shift=None) == Watch()
    (alarm,) = retraining.watch(CHURN, label_shift=0.05).alarms
    assert (alarm.name, alarm.metric, alarm.dimensions) == (
        "churn-staging-label-shift",
        "LabelShift",
        {"Pipeline": "churn-staging"},
    )
    assert (alarm.threshold, alarm.statistic, alarm.channels) == (0.05, "Maximum", (Channel.ALERTS,))


def asked_of(*, incremental: bool, by_machine: bool) -> EndpointNames | None:
    """The endpoint whose model runs go on from, of a workload with such a contract and settings."""
    contract = dataclasses.replace(
        loader.load("contracts/churn.yaml"), incremental=Incremental() if incremental else None
    )
    settings = SimpleNamespace(by_machine=by_machine, champion_endpoint="live")
    workload: Any = SimpleNamespace(contract=contract, settings=settings, names=CHURN)
    return operations._gone_on_from(workload)


def test_a_run_goes_on_from_the_champion_where_the_contract_says_so_and_a_pipeline_trains() -> None:
    found = asked_of(incremental=True, by_machine=False)
    assert found is not None
    assert found.prefix == "churn-staging-live"
    assert asked_of(incremental=False, by_machine=False) is asked_of(incremental=False, by_machine=True) is None
    with pytest.raises(pulumi.RunError) as refused:
        asked_of(incremental=True, by_machine=True)
    assert str(refused.value) == (
        "workloads.churn.orchestrator: found step-functions, while the contract has `incremental`: the boundary of the "
        "function that starts machines leaves no room to ask for the champion; allowed: sagemaker-pipelines; choose "
        "it, or leave `incremental` out"
    )


@pytest.mark.parametrize(("schedule", "expression"), SCHEDULES.items())
def test_the_schedule_asks_and_the_brakes_decide(schedule: str, expression: str) -> None:
    made = responders(schedule=schedule).one("churn-retraining-schedule").inputs
    assert made["scheduleExpression"] == expression
    assert made["scheduleExpressionTimezone"] == "UTC"
    assert json.loads(made["target"]["input"]) == {"trigger": f"{schedule} schedule"}
    assert made["target"]["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function/churn-staging-retraining"
    assert made["target"]["deadLetterConfig"] == {"arn": LETTERS}
    assert made["kmsKeyArn"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-messages"


def test_no_schedule_on_request() -> None:
    deployment = responders(schedule="never")
    assert deployment.names(SCHEDULE) == []
    assert len(deployment.all(FUNCTION)) == 2


def test_a_preview_declares_the_same() -> None:
    assert sorted(r.name for r in responders(preview=True).resources) == sorted(r.name for r in responders().resources)
