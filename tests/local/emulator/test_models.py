from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/emulator-tests"
CONTAINER = {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/inference:1"}
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return error.value.response["Error"]["Message"]


@pytest.fixture
def model(sagemaker: Any, name: str) -> str:
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER)
    return name


def variant(model: str, name: str = "champion", **more: Any) -> dict[str, Any]:
    values = {"VariantName": name, "ModelName": model, "InstanceType": "ml.c7g.large", "InitialInstanceCount": 2}
    return {k: v for k, v in (values | more).items() if v is not None}


def test_a_model_is_described_as_created(sagemaker: Any, name: str) -> None:
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer=CONTAINER,
        VpcConfig=VPC,
        EnableNetworkIsolation=True,
        Tags=[{"Key": "Project", "Value": "ml"}],
    )
    found = sagemaker.describe_model(ModelName=name)
    assert (found["PrimaryContainer"], found["VpcConfig"]) == (CONTAINER, VPC)
    assert found["EnableNetworkIsolation"] is True
    assert "Containers" not in found
    assert sagemaker.list_tags(ResourceArn=found["ModelArn"])["Tags"] == [{"Key": "Project", "Value": "ml"}]


def test_a_model_without_vpc_has_none(sagemaker: Any, model: str) -> None:
    assert "VpcConfig" not in sagemaker.describe_model(ModelName=model)


def test_names_are_taken_once(sagemaker: Any, model: str) -> None:
    found = refusal(lambda: sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer=CONTAINER))
    assert found == (f'Cannot create already existing model "arn:aws:sagemaker:eu-west-1:123456789012:model/{model}".')
    config = {"EndpointConfigName": model, "ProductionVariants": [variant(model)]}
    sagemaker.create_endpoint_config(**config)
    assert refusal(lambda: sagemaker.create_endpoint_config(**config)) == (
        "Cannot create already existing endpoint configuration "
        f'"arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/{model}".'
    )
    sagemaker.delete_endpoint_config(EndpointConfigName=model)
    sagemaker.create_endpoint_config(**config)


def test_one_container_or_several_and_never_both(sagemaker: Any, name: str) -> None:
    message = "Exactly one of PrimaryContainer and Containers must be provided."
    both = {"PrimaryContainer": CONTAINER, "Containers": [CONTAINER]}
    for given in ({}, both):
        assert refusal(lambda g=given: sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **g)) == message


def test_a_configuration_keeps_everything(sagemaker: Any, model: str, name: str) -> None:
    shadow = variant(model, "shadow", InitialVariantWeight=0.5)
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/data-capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[variant(model)],
        ShadowProductionVariants=[shadow],
        DataCaptureConfig=capture,
        KmsKeyId=key,
        Tags=[{"Key": "Project", "Value": "ml"}],
    )
    found = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert found["ProductionVariants"] == [variant(model)]
    assert found["ShadowProductionVariants"] == [shadow]
    assert (found["DataCaptureConfig"], found["KmsKeyId"]) == (capture, key)
    tags = sagemaker.list_tags(ResourceArn=found["EndpointConfigArn"])["Tags"]
    assert tags == [{"Key": "Project", "Value": "ml"}]


@pytest.mark.parametrize(
    ("changes", "shadow", "message"),
    [
        ({"InstanceType": None}, [], "variant champion must have exactly one of InstanceType and ServerlessConfig"),
        (
            {"InitialInstanceCount": None},
            [],
            "variant champion has InstanceType ml.c7g.large and no InitialInstanceCount",
        ),
        ({}, ["champion"], "variant name champion is used more than once"),
        (
            {},
            ["shadow", "shadow2"],
            "ShadowProductionVariants can only be used with one ProductionVariant and one ShadowProductionVariant, "
            "found 1 and 2",
        ),
    ],
)
def test_a_configuration_that_cannot_be(
    sagemaker: Any, model: str, name: str, changes: dict[str, Any], shadow: list[str], message: str
) -> None:
    shadows = {"ShadowProductionVariants": [variant(model, s) for s in shadow]} if shadow else {}
    found = refusal(
        lambda: sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant(model, **changes)], **shadows
        )
    )
    assert found == f"Invalid endpoint configuration: {message}."


def test_a_configuration_of_an_unknown_model(sagemaker: Any, model: str, name: str) -> None:
    message = "Could not find model 'arn:aws:sagemaker:eu-west-1:123456789012:model/nobody'."
    production = {"ProductionVariants": [variant("nobody")]}
    shadow = {"ProductionVariants": [variant(model)], "ShadowProductionVariants": [variant("nobody", "shadow")]}
    for given in (production, shadow):
        create = {"EndpointConfigName": name} | given
        assert refusal(lambda c=create: sagemaker.create_endpoint_config(**c)) == message


def test_tags_of_a_key_are_set_once(sagemaker: Any, model: str) -> None:
    arn = sagemaker.describe_model(ModelName=model)["ModelArn"]
    for value in ("1", "2"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": value}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "2"}]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["k"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_tags_of_nothing(sagemaker: Any) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:flow-definition/nobody"
    with pytest.raises(ClientError, match=f"Could not find resource {arn}"):
        sagemaker.list_tags(ResourceArn=arn)
