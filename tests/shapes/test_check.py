"""Strict validation against the API's model: what botocore checks, and what it leaves to AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator

from shapes.check import Checker, Paths
from shapes.models import operation_model

UNKNOWN = "not known yet"
CHECKER = Checker(unknown=lambda _, value: value == UNKNOWN)
VARIANT = {
    "VariantName": "champion",
    "ModelName": "churn",
    "InitialInstanceCount": 2,
    "InstanceType": "ml.m5.large",
    "InitialVariantWeight": 90.0,
}
VALID: dict[str, Any] = {
    "EndpointConfigName": "churn-1",
    "ProductionVariants": [VARIANT],
    "DataCaptureConfig": {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/data-capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    },
}


def found(value: Any, service: str = "sagemaker", operation: str = "CreateEndpointConfig") -> list[str]:
    shape = operation_model(service, operation).input_shape
    return [str(fault) for fault in CHECKER.faults(shape, value)]


def broken(**changes: Any) -> dict[str, Any]:
    return {**VALID, "ProductionVariants": [{**VARIANT, **changes}]}


def test_a_valid_request_has_no_fault() -> None:
    assert found(VALID) == []


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (
            broken(InstanceCount=1),
            "ProductionVariants[0].InstanceCount = 1: is no member; the API knows AcceleratorPartitionLayouts,",
        ),
        (
            broken(InstanceType="ml.m5.huge"),
            "ProductionVariants[0].InstanceType = 'ml.m5.huge': must be one of the",
        ),
        (
            broken(InitialInstanceCount="2"),
            "ProductionVariants[0].InitialInstanceCount = '2': must be a whole number",
        ),
        (
            broken(InitialInstanceCount=True),
            "ProductionVariants[0].InitialInstanceCount = True: must be a whole number",
        ),
        (broken(InitialInstanceCount=-1), "ProductionVariants[0].InitialInstanceCount = -1: must be at least 1"),
        (broken(InitialVariantWeight="90"), "ProductionVariants[0].InitialVariantWeight = '90': must be a number"),
        (
            broken(VolumeSizeInGB=1000),
            "ProductionVariants[0].VolumeSizeInGB = 1000: must be 1 to 512",
        ),
        (
            broken(VariantName="a_b"),
            "ProductionVariants[0].VariantName = 'a_b': must match ",
        ),
        (
            broken(VariantName="a" * 64),
            "ProductionVariants[0].VariantName = '" + "a" * 64 + "': must have 0 to 63 characters, has 64",
        ),
        (broken(EnableSSMAccess="yes"), "ProductionVariants[0].EnableSSMAccess = 'yes': must be true or false"),
        ({**VALID, "ProductionVariants": VARIANT}, "ProductionVariants = {"),
        ({**VALID, "ProductionVariants": []}, "ProductionVariants = []: must have 1 to 10 items, has 0"),
        (
            {**VALID, "DataCaptureConfig": {**VALID["DataCaptureConfig"], "CaptureOptions": [{"CaptureMode": "All"}]}},
            "DataCaptureConfig.CaptureOptions[0].CaptureMode = 'All': must be one of Input, Output, InputAndOutput",
        ),
        (
            {**VALID, "Tags": [{"Key": "a,b", "Value": "x"}]},
            r"Tags[0].Key = 'a,b': must match ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
        ),
        (
            {key: value for key, value in VALID.items() if key != "ProductionVariants"},
            "ProductionVariants: is required; give it a value (a list)",
        ),
    ],
)
def test_each_fault_is_named_by_path_value_and_rule(request_: dict[str, Any], fault: str) -> None:
    assert [text[: len(fault)] for text in found(request_)] == [fault]


def test_all_faults_are_found_at_once() -> None:
    texts = found(broken(InstanceType="x", InitialInstanceCount=-1, VariantName="a_b"))
    assert [text.split(" = ")[0] for text in texts] == [
        "ProductionVariants[0].VariantName",
        "ProductionVariants[0].InitialInstanceCount",
        "ProductionVariants[0].InstanceType",
    ]


def test_an_enumeration_of_many_values_names_the_nearest() -> None:
    assert found(broken(InstanceType="ml.m5.larg"))[0].endswith("such as ml.m5.large, ml.m5d.large, ml.m5.xlarge")


def test_unknown_stands_for_any_value() -> None:
    assert found(broken(InstanceType=UNKNOWN, InitialInstanceCount=UNKNOWN, ServerlessConfig=UNKNOWN)) == []
    assert found({"EndpointConfigName": UNKNOWN, "ProductionVariants": UNKNOWN}) == []
    assert found(broken(ServerlessConfig={"MemorySizeInMB": UNKNOWN})) == [
        "ProductionVariants[0].ServerlessConfig.MaxConcurrency: is required; give it a value (a integer)"
    ]


def test_names_in_a_map_are_checked_too() -> None:
    request = {"FunctionName": "f", "Environment": {"Variables": {"1ST": "x"}}}
    assert found(request, "lambda", "UpdateFunctionConfiguration") == [
        "Environment.Variables.1ST = '1ST': the name must match [a-zA-Z]([a-zA-Z0-9_])+"
    ]


def test_a_union_holds_exactly_one_member() -> None:
    request = {"AlarmName": "a", "EvaluationWindow": {"WallClockWindow": {}, "SlidingWindow": {}}}
    assert found(request, "cloudwatch", "PutMetricAlarm") == [
        "EvaluationWindow = ['SlidingWindow', 'WallClockWindow']: must hold exactly one of SlidingWindow, "
        "WallClockWindow"
    ]


def test_times_are_rfc_3339() -> None:
    request = {
        "ServiceNamespace": "sagemaker",
        "ScheduledActionName": "night",
        "ResourceId": "endpoint/churn/variant/champion",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "StartTime": "tomorrow",
    }
    service, operation = "application-autoscaling", "PutScheduledAction"
    assert found(request, service, operation) == [
        "StartTime = 'tomorrow': must be a time such as 2026-01-31T22:00:00Z (RFC 3339)"
    ]
    assert found({**request, "StartTime": "2026-01-31T22:00:00Z"}, service, operation) == []


def test_an_idempotency_token_is_botocores_to_fill() -> None:
    request = {
        "PipelineName": "churn",
        "RoleArn": "arn:aws:iam::123456789012:role/pipeline",
        "PipelineDefinition": "{}",
    }
    assert found(request, operation="CreatePipeline") == []


@pytest.mark.parametrize(
    "request_",
    [broken(InstanceCount=1), broken(InitialInstanceCount="2"), broken(InitialInstanceCount=-1), {}],
)
def test_whatever_botocore_refuses_is_refused_here(request_: dict[str, Any]) -> None:
    shape = operation_model("sagemaker", "CreateEndpointConfig").input_shape
    assert ParamValidator().validate(request_, shape).has_errors()
    assert found(request_)


def test_a_fault_tells_its_rule_and_limit_to_who_words_it_otherwise() -> None:
    variants = [{**VARIANT, "VariantName": "a" * 64, "InitialInstanceCount": -1, "VolumeSizeInGB": 1000}]
    request = {"EndpointConfigName": "a_b", "ProductionVariants": variants, "KmsKeyId": 7, "Tagged": True}
    shape = operation_model("sagemaker", "CreateEndpointConfig").input_shape
    assert [(fault.rule, fault.limit) for fault in Checker().faults(shape, request)] == [
        ("pattern", "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"),
        ("size", (0, 63)),
        ("range", (1, None)),
        ("range", (1, 512)),
        ("type", None),
        ("unknown", None),
    ]
    assert [fault.rule for fault in Checker().faults(shape, {})] == ["required", "required"]


def test_paths_are_written_as_the_reader_writes_them() -> None:
    paths = Paths(member=lambda path, name: f"{path}/{name}", item=lambda path, index: f"{path}/{index + 1}")
    shape = operation_model("sagemaker", "CreateEndpointConfig").input_shape
    found = Checker(paths=paths).faults(shape, broken(InitialInstanceCount=-1))
    assert [fault.path for fault in found] == ["/ProductionVariants/1/InitialInstanceCount"]
