"""From camelCase inputs to the members of the API, by name."""

from __future__ import annotations

from typing import Any

import pytest

from local.adapter.matching import find_member, match, put
from local.adapter.table import Fields, To
from local.adapter.values import UNKNOWN
from shapes.models import operation_model


def shape(service: str, operation: str) -> Any:
    return operation_model(service, operation).input_shape


def parameters(service: str, operation: str, inputs: dict[str, Any], fields: Fields | None = None) -> dict[str, Any]:
    matched = match(shape(service, operation), inputs, fields or {})
    assert matched.faults == []
    return matched.parameters


@pytest.mark.parametrize(
    ("service", "operation", "key", "member"),
    [
        ("ec2", "CreateSubnet", "vpcId", "VpcId"),
        ("ecr", "CreateRepository", "imageTagMutability", "imageTagMutability"),
        ("cloudwatch", "PutMetricAlarm", "okActions", "OKActions"),
        ("lambda", "CreateFunction", "kmsKeyArn", "KMSKeyArn"),
        ("lambda", "CreateFunction", "fileSystemConfig", "FileSystemConfigs"),
        ("cloudwatch", "PutMetricAlarm", "evaluateLowSampleCountPercentiles", "EvaluateLowSampleCountPercentile"),
        ("athena", "UpdateWorkGroup", "configuration", "ConfigurationUpdates"),
        ("athena", "CreateWorkGroup", "configuration", "Configuration"),
        ("glue", "CreateTable", "partitionIndices", None),
        ("ec2", "CreateSubnet", "vpc_id", None),
        ("ec2", "CreateSubnet", "vpc", None),
    ],
)
def test_members_are_found_by_name(service: str, operation: str, key: str, member: str | None) -> None:
    assert find_member(shape(service, operation), key) == member


def test_objects_lists_and_whole_numbers_at_any_depth() -> None:
    inputs = {
        "productionVariants": [
            {
                "variantName": "champion",
                "initialInstanceCount": 2.0,
                "initialVariantWeight": 90.0,
                "volumeSizeInGb": 30.0,
            }
        ],
        "dataCaptureConfig": {"captureContentTypeHeader": {"jsonContentTypes": ["application/json"]}},
    }
    assert parameters("sagemaker", "CreateEndpointConfig", inputs) == {
        "ProductionVariants": [
            {
                "VariantName": "champion",
                "InitialInstanceCount": 2,
                "InitialVariantWeight": 90.0,
                "VolumeSizeInGB": 30,
            }
        ],
        "DataCaptureConfig": {"CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]}},
    }


@pytest.mark.parametrize(
    ("service", "operation", "key", "expected"),
    [
        ("sagemaker", "CreateModel", "tags", {"Tags": [{"Key": "A", "Value": "2"}, {"Key": "b", "Value": "1"}]}),
        ("kms", "CreateKey", "tags", {"Tags": [{"TagKey": "A", "TagValue": "2"}, {"TagKey": "b", "TagValue": "1"}]}),
        ("sqs", "CreateQueue", "tags", {"tags": {"b": "1", "A": "2"}}),
        (
            "cloudwatch",
            "PutMetricAlarm",
            "dimensions",
            {"Dimensions": [{"Name": "A", "Value": "2"}, {"Name": "b", "Value": "1"}]},
        ),
    ],
)
def test_a_map_takes_the_form_that_the_api_has(
    service: str, operation: str, key: str, expected: dict[str, Any]
) -> None:
    assert parameters(service, operation, {key: {"b": "1", "A": "2"}}) == expected


def test_names_of_a_map_are_left_as_they_are() -> None:
    inputs = {"environment": {"variables": {"logLevel": "info"}}}
    assert parameters("lambda", "CreateFunction", inputs) == {"Environment": {"Variables": {"logLevel": "info"}}}


def test_a_rule_renames_converts_nests_and_drops() -> None:
    fields: Fields = {
        "name": "FunctionName",
        "image": To("Code.ImageUri", str.lower),
        "storage": "FileSystemConfigs[]",
        "secret": "",
    }
    inputs = {
        "name": "f",
        "image": "URI",
        "storage": {"arn": "a", "localMountPath": "/mnt/x"},
        "secret": "s",
    }
    assert parameters("lambda", "CreateFunction", inputs, fields) == {
        "FunctionName": "f",
        "Code": {"ImageUri": "uri"},
        "FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/x"}],
    }


def test_an_input_without_a_member_is_a_fault_with_what_the_api_knows() -> None:
    matched = match(shape("ec2", "DeleteVpc"), {"vpcId": "vpc-1", "force": True}, {})
    assert [str(fault) for fault in matched.faults] == [
        "force = True: is an input that no member of the API takes; it knows DryRun, VpcId"
    ]


def test_a_refused_conversion_is_a_fault_and_an_unknown_value_is_not_converted() -> None:
    def refuse(value: Any) -> Any:
        raise ValueError("must be something else")

    fields: Fields = {"name": To("FunctionName", refuse)}
    matched = match(shape("lambda", "CreateFunction"), {"name": "f"}, fields)
    assert [str(fault) for fault in matched.faults] == ["name = 'f': must be something else"]
    assert parameters("lambda", "CreateFunction", {"name": UNKNOWN}, fields) == {"FunctionName": UNKNOWN}


def test_null_inputs_are_absent() -> None:
    assert parameters("lambda", "CreateFunction", {"timeout": None, "handler": "h"}) == {"Handler": "h"}


def test_every_api_path_leads_back_to_its_input() -> None:
    fields: Fields = {"metricQueries": "Metrics", "metricQueries.metric": "MetricStat.Metric"}
    inputs = {"metricQueries": [{"id": "a"}, {"metric": {"dimensions": {"EndpointName": "e"}}}]}
    matched = match(shape("cloudwatch", "PutMetricAlarm"), inputs, fields)
    assert (
        matched.origin("Metrics[1].MetricStat.Metric.Dimensions[0].Value")
        == "metricQueries[1].metric.dimensions.EndpointName"
    )
    assert matched.origin("Metrics[0].Id") == "metricQueries[0].id"
    assert matched.origin("AlarmName") == "AlarmName"


def test_put_makes_and_merges_what_is_on_the_way() -> None:
    target: dict[str, Any] = {"A": {"x": 1}}
    put(target, "A", {"y": 2})
    put(target, "B[].C", 3)
    put(target, "B[].D", 4)
    put(target, "E[]", 5)
    assert target == {"A": {"x": 1, "y": 2}, "B": [{"C": 3, "D": 4}], "E": [5]}


def test_put_leaves_what_is_unknown_as_a_whole() -> None:
    target: dict[str, Any] = {"A": UNKNOWN, "B": UNKNOWN, "C": [UNKNOWN]}
    for path in ("A.x", "A.x.y", "B[].x", "C[].x"):
        put(target, path, 1)
    assert target == {"A": UNKNOWN, "B": UNKNOWN, "C": [UNKNOWN]}
