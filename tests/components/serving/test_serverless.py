from __future__ import annotations

from typing import Any

from components.serving.kind import EndpointArgs
from components.serving.serverless import Serverless
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
                see_through=lambda _, __, ___: None,
            ),
        )

    return deploy(program)


def test_a_model_stands_in_no_network_and_has_a_way_out() -> None:
    model = serving().one("serving-model-churn-staging-2").inputs
    assert {k: v for k, v in model.items() if k != "name"} == {
        "executionRoleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-endpoint",
        "primaryContainer": {"modelPackageName": SECOND},
    }


def test_every_release_has_a_configuration_of_memory_and_concurrency_alone() -> None:
    deployed = serving(memory_mb=4096, max_concurrency=50, provisioned_concurrency=5)
    found = {config.name: config.inputs for config in deployed.all(CONFIG)}
    assert set(found) == {f"serving-config-{release.id}" for release in record().releases}
    live = found[f"serving-config-{record().wanted.id}"]
    assert {k: v for k, v in live.items() if k != "name"} == {
        "productionVariants": [
            {
                "variantName": "champion",
                "modelName": deployed.one("serving-model-churn-staging-2").inputs["name"],
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
