"""SageMaker on a real moto. What plain moto lacks (local/emulator has it) is a double here, which shows what was "
"asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from moto.core.responses import ActionResult
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from local.adapter import Adapter, ApiRefused, InvalidInput
from local.adapter.services import resource_type

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-inference@sha256:" + "a" * 64
ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
MODEL, CONFIGURATION = "aws:sagemaker/model:Model", "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
MODEL_INPUTS = {
    "name": "churn-1",
    "executionRoleArn": ROLE,
    "primaryContainer": {
        "image": IMAGE,
        "modelDataUrl": "s3://artifacts/model.tar.gz",
        "environment": {"SAGEMAKER_X": "1"},
    },
    "vpcConfig": {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]},
    "enableNetworkIsolation": True,
    "tags": {"Team": "ml"},
}


def configuration(name: str, **changes: Any) -> dict[str, Any]:
    variant = {
        "variantName": "champion",
        "modelName": "churn-1",
        "initialInstanceCount": 2.0,
        "instanceType": "ml.m5.large",
        "initialVariantWeight": 90.0,
        "routingConfigs": [{"routingStrategy": "LEAST_OUTSTANDING_REQUESTS"}],
    }
    capture = {
        "enableCapture": True,
        "initialSamplingPercentage": 100.0,
        "destinationS3Uri": "s3://processed/data-capture",
        "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
        "captureContentTypeHeader": {"jsonContentTypes": ["application/json"]},
    }
    return {
        "name": name,
        "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "productionVariants": [{**variant, **changes}],
        "dataCaptureConfig": capture,
    }


class TestModels:
    def test_a_model(self, adapter: Adapter, sagemaker: Any, calls: list[str]) -> None:
        created = adapter.create(MODEL, "champion", MODEL_INPUTS)
        assert (created.id, created.outputs["arn"]) == ("churn-1", f"{ARN}:model/churn-1")
        found = sagemaker.describe_model(ModelName="churn-1")
        assert (found["PrimaryContainer"]["Image"], found["VpcConfig"]) == (
            IMAGE,
            {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        )
        calls.clear()
        adapter.update(MODEL, "churn-1", MODEL_INPUTS, {**MODEL_INPUTS, "tags": {"Team": "data"}}, created.outputs)
        assert calls == ["AddTags"]
        adapter.delete(MODEL, "churn-1", MODEL_INPUTS, created.outputs)
        assert sagemaker.list_models()["Models"] == []

    def test_a_model_has_one_container_or_several(self, offline: Adapter) -> None:
        inputs = {"executionRoleArn": ROLE}
        with pytest.raises(InvalidInput) as refused:
            offline.validate(MODEL, "champion", inputs)
        assert str(refused.value) == (
            f"{MODEL} 'champion': primaryContainer: exactly one of primaryContainer, containers must be given"
        )

    def test_a_configuration_of_two_variants(self, adapter: Adapter, sagemaker: Any) -> None:
        adapter.create(MODEL, "champion", MODEL_INPUTS)
        inputs = configuration("churn-1")
        inputs["productionVariants"].append({**inputs["productionVariants"][0], "variantName": "challenger"})
        created = adapter.create(CONFIGURATION, "config", inputs)
        assert created.outputs["arn"] == f"{ARN}:endpoint-config/churn-1"
        found = sagemaker.describe_endpoint_config(EndpointConfigName="churn-1")
        assert [variant["VariantName"] for variant in found["ProductionVariants"]] == ["champion", "challenger"]
        assert found["ProductionVariants"][0]["RoutingConfig"] == {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
        assert found["KmsKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/1"
        assert found["DataCaptureConfig"]["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
        assert adapter.replaces(CONFIGURATION, configuration("a"), configuration("a", initialInstanceCount=3.0)) == [
            "productionVariants"
        ]
        adapter.delete(CONFIGURATION, "churn-1", inputs, created.outputs)
        assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []

    def test_what_the_model_of_the_api_knows_of_a_variant(self, offline: Adapter) -> None:
        with pytest.raises(InvalidInput) as refused:
            offline.validate(
                CONFIGURATION, "config", configuration("churn_1", instanceType="ml.m5.tiny", initialInstanceCount=0.0)
            )
        assert [(fault.path, fault.found) for fault in refused.value.faults] == [
            ("name", "churn_1"),
            ("productionVariants[0].initialInstanceCount", 0),
            ("productionVariants[0].instanceType", "ml.m5.tiny"),
        ]


class Rollout:
    """What UpdateEndpoint starts: some readings of `Updating`, then in service with `final` as the configuration."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, final: str, status: str = "InService") -> None:
        self.requests: list[dict[str, Any]] = []
        self._readings = iter(["Updating", "Updating", status])
        describe = SageMakerResponse.describe_endpoint
        rollout = self

        def update_endpoint(response: SageMakerResponse) -> ActionResult:
            rollout.requests.append({key: item for key, item in response._get_params().items() if item is not None})
            return ActionResult({"EndpointArn": f"{ARN}:endpoint/churn"})

        def describe_endpoint(response: SageMakerResponse) -> Any:
            endpoint = sagemaker_backends["123456789012"]["eu-west-1"].endpoints["churn"]
            if rollout.requests:
                endpoint.endpoint_status = next(rollout._readings)
                endpoint.endpoint_config_name = final
                served = status == "InService" and rollout.requests[-1].get("EndpointConfigName") == final
                vars(endpoint)["failure_reason"] = None if served else "alarm errors went off"
            return describe(response)

        monkeypatch.setattr(SageMakerResponse, "update_endpoint", update_endpoint, raising=False)
        monkeypatch.setattr(SageMakerResponse, "describe_endpoint", describe_endpoint)


class TestEndpoints:
    CANARY: ClassVar[dict[str, Any]] = {
        "blueGreenUpdatePolicy": {
            "trafficRoutingConfiguration": {
                "type": "CANARY",
                "canarySize": {"type": "CAPACITY_PERCENT", "value": 10.0},
                "waitIntervalInSeconds": 300.0,
            },
            "terminationWaitInSeconds": 60.0,
        },
        "autoRollbackConfiguration": {"alarms": [{"alarmName": "errors"}]},
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "name": "churn",
        "endpointConfigName": "churn-1",
        "deploymentConfig": CANARY,
        "tags": {"Team": "ml"},
    }

    @pytest.fixture
    def created(self, adapter: Adapter) -> Iterator[Any]:
        adapter.create(MODEL, "champion", MODEL_INPUTS)
        for name in ("churn-1", "churn-2"):
            adapter.create(CONFIGURATION, name, configuration(name))
        yield adapter.create(ENDPOINT, "endpoint", self.INPUTS)

    def test_an_endpoint_is_made_and_deleted(self, adapter: Adapter, created: Any, sagemaker: Any) -> None:
        assert (created.id, created.outputs["arn"]) == ("churn", f"{ARN}:endpoint/churn")
        assert created.outputs["endpointConfigName"] == "churn-1"
        adapter.delete(ENDPOINT, "churn", self.INPUTS, created.outputs)
        assert sagemaker.list_endpoints()["Endpoints"] == []
        adapter.delete(ENDPOINT, "churn", self.INPUTS, created.outputs)

    def test_an_endpoint_that_fails_exists_all_the_same(
        self, adapter: Adapter, created: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        adapter.delete(ENDPOINT, "churn", self.INPUTS, created.outputs)
        rollout = Rollout(monkeypatch, final="churn-1", status="Failed")
        rollout.requests.append({})  # the readings begin with the creation
        with pytest.raises(ApiRefused) as refused:
            adapter.create(ENDPOINT, "endpoint", self.INPUTS)
        assert refused.value.created_id == "churn"
        assert str(refused.value) == (
            f"{ENDPOINT} 'endpoint': sagemaker wait answered Failed: alarm errors went off "
            "(churn was made before that and stays, incomplete)"
        )

    def test_an_update_waits_until_the_rollout_is_over(
        self, adapter: Adapter, created: Any, monkeypatch: pytest.MonkeyPatch, calls: list[str]
    ) -> None:
        rollout = Rollout(monkeypatch, final="churn-2")
        changed = {**self.INPUTS, "endpointConfigName": "churn-2"}
        updated = adapter.update(ENDPOINT, "churn", self.INPUTS, changed, created.outputs)
        assert calls == ["UpdateEndpoint", "DescribeEndpoint", "DescribeEndpoint", "DescribeEndpoint"]
        assert rollout.requests == [
            {
                "EndpointName": "churn",
                "EndpointConfigName": "churn-2",
                "DeploymentConfig": {
                    "BlueGreenUpdatePolicy": {
                        "TrafficRoutingConfiguration": {
                            "Type": "CANARY",
                            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
                            "WaitIntervalInSeconds": 300,
                        },
                        "TerminationWaitInSeconds": 60,
                    },
                    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
                },
            }
        ]
        assert updated.outputs["endpointConfigName"] == "churn-2"

    def test_an_update_that_was_turned_back_is_an_error_with_the_reason(
        self, adapter: Adapter, created: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The provider waits for a rollout and gives up at the sight of RollingBack."""
        Rollout(monkeypatch, final="churn-1")
        changed = {**self.INPUTS, "endpointConfigName": "churn-2"}
        with pytest.raises(ApiRefused) as refused:
            adapter.update(ENDPOINT, "churn", self.INPUTS, changed, created.outputs)
        assert str(refused.value) == f"{ENDPOINT} 'churn': sagemaker wait answered RollingBack: alarm errors went off"

    def test_a_rollback_that_fails_is_an_error_with_the_reason(
        self, adapter: Adapter, created: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Rollout(monkeypatch, final="churn-2", status="UpdateRollbackFailed")
        with pytest.raises(ApiRefused) as refused:
            adapter.update(
                ENDPOINT, "churn", self.INPUTS, {**self.INPUTS, "endpointConfigName": "churn-2"}, created.outputs
            )
        assert str(refused.value) == (
            f"{ENDPOINT} 'churn': sagemaker wait answered UpdateRollbackFailed: alarm errors went off"
        )

    def test_a_wait_has_an_end(self, adapter: Adapter, created: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        kind = resource_type(ENDPOINT)
        assert kind.wait is not None
        assert kind.wait.seconds == 900
        impatient = replace(kind, wait=replace(kind.wait, seconds=0))
        monkeypatch.setattr("local.adapter.adapter.resource_type", {ENDPOINT: impatient}.__getitem__)
        Rollout(monkeypatch, final="churn-2")
        with pytest.raises(ApiRefused) as refused:
            adapter.update(
                ENDPOINT, "churn", self.INPUTS, {**self.INPUTS, "endpointConfigName": "churn-2"}, created.outputs
            )
        assert refused.value.message == "still Updating after 0 s, not InService"
