from __future__ import annotations

import functools
import importlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from components.ground.notifications import Notifications, NotificationsArgs
from components.operations.response import SCHEDULES, Response, ResponseArgs
from settings import Retraining as RetrainingSettings
from tests.components.engine import Deployment, deploy, ground, policy

FUNCTION = "aws:lambda/function:Function"
ENDPOINT = "arn:aws:sagemaker:eu-west-1:123456789012:"


@functools.cache
def response(*, retraining: bool = True, preview: bool = False, **section: Any) -> Deployment:
    def program() -> None:
        base = ground()
        notifications = Notifications("notifications", NotificationsArgs(ground=base, notify=[]))
        settings = RetrainingSettings.model_validate(section)
        Response(
            "response",
            ResponseArgs(ground=base, settings=settings, notifications=notifications, retraining=retraining),
        )

    return deploy(program, preview=preview)


def test_the_environment_is_what_the_handlers_read() -> None:
    deployment = response(cool_down_hours=3, max_runs_per_day=5)
    environments = {f.name: f.inputs["environment"]["variables"] for f in deployment.all(FUNCTION)}
    alerts = "arn:aws:sns:eu-west-1:123456789012:topic/churn-staging-alerts"
    assert environments == {
        "response-rollback-function": {
            "TOPIC_ARN": alerts,
            "RELEASE_PARAMETER": "/mlplatform/staging/churn-staging/release",
            "ENDPOINT_NAME": "churn-staging",
            "LOCK_BUCKET": "123456789012-staging-ai-artifacts",
            "LOCK_KEY": "locks/churn/live",
        },
        "response-retraining-function": {
            "TOPIC_ARN": alerts,
            "PIPELINE_NAME": "churn-staging",
            "ACCEPTED_URI": "s3://123456789012-staging-ai-processed-data/accepted/",
            "COOL_DOWN_HOURS": "3",
            "MAX_RUNS_PER_DAY": "5",
        },
    }


@pytest.mark.parametrize("role", ["rollback", "retraining"])
def test_each_archive_holds_all_that_its_handler_imports(role: str, tmp_path: Path) -> None:
    """The handler is imported from the archive alone, with this repository out of reach."""
    code = response().one(f"response-{role}-function").inputs["code"]
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path, asset in code.assets.items():
            file.write(asset.path, path)
    ours = ("workloads", "contracts", "components", "settings", "local", "policies")
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
    timeouts = {f.name: f.inputs["timeout"] for f in response().all(FUNCTION)}
    assert timeouts == {"response-rollback-function": 900, "response-retraining-function": 60}


@pytest.mark.parametrize("role", ["rollback", "retraining"])
def test_each_function_answers_to_its_own_topic_only(role: str) -> None:
    deployment = response()
    topic = f"arn:aws:sns:eu-west-1:123456789012:topic/churn-staging-{role}"
    assert deployment.one(f"response-{role}-permission").inputs == {
        "action": "lambda:InvokeFunction",
        "function": f"churn-staging-{role}",
        "principal": "sns.amazonaws.com",
        "sourceArn": topic,
    }
    subscription = deployment.one(f"response-{role}-subscription")
    assert subscription.inputs["topic"] == topic
    assert subscription.inputs["protocol"] == "lambda"
    assert subscription.inputs["endpoint"] == (f"arn:aws:lambda:eu-west-1:123456789012:function/churn-staging-{role}")
    assert json.loads(subscription.inputs["redrivePolicy"]) == {
        "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:queue/churn-staging-dead-letters"
    }
    assert f"response-{role}-permission" in subscription.dependencies


def test_rollback_may_move_this_endpoint_and_rewrite_its_record() -> None:
    statements = policy(response().one("response-rollback-role-policy"))
    assert statements["MoveEndpoint"] == {
        "Effect": "Allow",
        "Action": ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint"],
        "Resource": [f"{ENDPOINT}endpoint/churn-staging", f"{ENDPOINT}endpoint-config/churn-staging-*"],
    }
    assert statements["ReleaseRecord"]["Resource"] == [
        "arn:aws:ssm:eu-west-1:123456789012:parameter/mlplatform/staging/churn-staging/release"
    ]
    assert statements["RecordLock"]["Action"] == ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    assert statements["RecordLock"]["Resource"] == ["arn:aws:s3:::123456789012-staging-ai-artifacts/locks/churn/live"]
    assert statements["SeeRecordLock"]["Condition"] == {"StringLike": {"s3:prefix": ["locks/churn/live"]}}
    assert statements["EncryptFleet"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_retraining_may_start_this_pipeline_and_nothing_else() -> None:
    statements = policy(response().one("response-retraining-role-policy"))
    assert statements["RunPipeline"]["Resource"] == [
        f"{ENDPOINT}pipeline/churn-staging",
        f"{ENDPOINT}pipeline/churn-staging/execution/*",
    ]
    assert "iam:PassRole" not in json.dumps(statements)
    assert statements["SeeAcceptedData"]["Condition"] == {"StringLike": {"s3:prefix": ["accepted/*"]}}


def test_without_a_pipeline_there_is_nothing_to_retrain() -> None:
    deployment = response(retraining=False)
    assert deployment.names(FUNCTION) == ["response-rollback-function"]
    assert deployment.names("aws:scheduler/schedule:Schedule") == []


@pytest.mark.parametrize(("schedule", "expression"), SCHEDULES.items())
def test_the_schedule_asks_and_the_brakes_decide(schedule: str, expression: str) -> None:
    made = response(schedule=schedule).one("response-schedule").inputs
    assert made["scheduleExpression"] == expression
    assert made["scheduleExpressionTimezone"] == "UTC"
    assert json.loads(made["target"]["input"]) == {"trigger": f"{schedule} schedule"}
    assert made["target"]["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function/churn-staging-retraining"
    assert made["target"]["deadLetterConfig"] == {
        "arn": "arn:aws:sqs:eu-west-1:123456789012:queue/churn-staging-dead-letters"
    }
    assert made["kmsKeyArn"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-messages"


def test_no_schedule_on_request() -> None:
    deployment = response(schedule="never")
    assert deployment.names("aws:scheduler/schedule:Schedule") == []
    assert len(deployment.all(FUNCTION)) == 2


def test_dead_letters_are_encrypted_and_kept_for_two_weeks() -> None:
    queue = response().one("response-dead-letters").inputs
    assert queue["messageRetentionSeconds"] == 1_209_600
    assert queue["kmsMasterKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-messages"
    statements = policy(response().one("response-dead-letters-policy"))
    assert statements["UndeliveredEvents"]["Condition"] == {
        "ArnLike": {
            "aws:SourceArn": [
                "arn:aws:events:eu-west-1:123456789012:rule/churn-staging-*",
                "arn:aws:sns:eu-west-1:123456789012:churn-staging-*",
            ]
        }
    }


def test_a_preview_declares_the_same() -> None:
    assert sorted(r.name for r in response(preview=True).resources) == sorted(r.name for r in response().resources)
