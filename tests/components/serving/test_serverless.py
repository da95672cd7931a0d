"""The serverless endpoint: outside any network, captured by the service, without guardrails, by a narrower role."""

from __future__ import annotations

from typing import Any

from components.serving import models
from components.serving.kind import EndpointArgs
from components.serving.serverless import KIND, Serverless
from contracts.kinds import SERVERLESS
from settings import Serverless as Settings
from tests.components.engine import LIVE, Deployment, deploy, ground
from tests.components.serving.test_plan import SECOND, record

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


def serving(**section: Any) -> Deployment:
    def program() -> None:
        Serverless(
            "serving",
            EndpointArgs(
                ground=ground(),
                names=LIVE,
                settings=Settings.model_validate({"kind": "serverless", **section}),
                record=record(),
                rollback_alarms=(),
                see_through=lambda _, __, ___: "",
            ),
        )

    return deploy(program)


def test_a_model_stands_in_no_network_and_its_service_captures_as_sagemaker_would() -> None:
    model = serving().by_content("serving-model-churn-staging-2").inputs
    assert {k: v for k, v in model.items() if k != "name"} == {
        "executionRoleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-endpoint",
        "primaryContainer": {
            "modelPackageName": SECOND,
            "environment": {
                "AWS_REGION": "eu-west-1",
                "CAPTURE_URI": "s3://123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/champion",
                "CAPTURE_PERCENT": "100",
                "CAPTURE_SECONDS": "0",
                "CAPTURE_KMS_KEY": "arn:aws:kms:eu-west-1:123456789012:key/keys-processed",
            },
        },
    }


def test_every_release_has_a_configuration_of_memory_and_concurrency_alone() -> None:
    deployed = serving(memory_mb=4096, max_concurrency=50, provisioned_concurrency=5)
    found = {config.name.rpartition("-")[0]: config.inputs for config in deployed.all(CONFIG)}
    assert set(found) == {f"serving-config-{release.id}" for release in record().releases}
    live = found[f"serving-config-{record().wanted.id}"]
    assert {k: v for k, v in live.items() if k != "name"} == {
        "productionVariants": [
            {
                "variantName": "champion",
                "modelName": deployed.by_content("serving-model-churn-staging-2").inputs["name"],
                "serverlessConfig": {"memorySizeInMb": 4096, "maxConcurrency": 50, "provisionedConcurrency": 5},
            }
        ]
    }
    assert deployed.one("serving-endpoint").inputs["endpointConfigName"] == live["name"]


def test_nothing_is_kept_warm_that_nobody_asked_for() -> None:
    (config, *_) = serving().all(CONFIG)
    assert config.inputs["productionVariants"][0]["serverlessConfig"] == {"memorySizeInMb": 2048, "maxConcurrency": 20}


def test_the_endpoint_has_no_deployment_guardrails_and_does_not_scale_by_itself() -> None:
    deployed = serving()
    assert "deploymentConfig" not in deployed.one("serving-endpoint").inputs
    assert deployed.all("aws:appautoscaling/target:Target") == []


def test_the_role_has_no_network_and_no_volume_and_writes_its_own_capture_alone() -> None:
    found = models.statements_outside(LIVE, models_key="models", processed_key="processed")
    whole = models.statements(LIVE, models_key="models", processed_key="processed")
    ids = [statement.sid for statement in found]
    assert ids == [sid for sid in (statement.sid for statement in whole) if sid in ids]  # nothing of its own
    actions = {action for statement in found for action in statement.actions}
    assert not {action for action in actions if action.startswith("ec2:")} | actions & {"kms:CreateGrant"}
    (written,) = [statement for statement in found if statement.sid == "CaptureTraffic"]
    assert written.resources == (
        "arn:aws:s3:::123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/*",
    )


def test_another_share_of_captured_requests_is_another_model() -> None:
    whole, half = (
        serving(capture_percent=percent).by_content("serving-model-churn-staging-2") for percent in (100, 50)
    )
    assert half.inputs["primaryContainer"]["environment"]["CAPTURE_PERCENT"] == "50"
    assert whole.inputs["name"] != half.inputs["name"]
    assert whole.name != half.name  # made, not replaced: an update that fails half way leaves the former one alone


def test_alarms_watch_what_the_endpoint_answers_and_nothing_of_hosts_or_rollouts() -> None:
    settings = Settings.model_validate({"kind": "serverless"})
    watched = KIND.watch(LIVE, settings, ["champion"], ())
    assert [(alarm.metric, alarm.guards) for alarm in watched.alarms] == [
        ("Invocation5XXErrors", "server_errors"),
        ("ModelLatency", "latency"),
        ("Invocation5XXErrors", "server_errors"),
    ]
    assert watched.alarms[2].share_of == "Invocations"
    published = {(metric.namespace, metric.name) for metric in SERVERLESS.metrics}
    asked = {(alarm.namespace, alarm.metric) for alarm in watched.alarms}
    asked |= {(line.namespace, line.metric) for widget in watched.widgets for line in widget.series}
    assert asked <= published
    assert KIND.watch(LIVE, settings, [], ()).alarms == ()


def test_a_stopped_one_keeps_its_configurations() -> None:
    gone = {each.name for each in serving().resources} - {each.name for each in serving(state="stopped").resources}
    assert gone == {"serving-endpoint"}
