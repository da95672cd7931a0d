from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator

SPECIFICATION = {
    "Containers": [
        {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/inference:1", "ModelDataUrl": "s3://b/m.tar.gz"}
    ],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["application/json"],
}


@pytest.fixture
def group(sagemaker: Any, name: str) -> str:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


@pytest.fixture
def register(sagemaker: Any, group: str) -> Callable[..., str]:
    def create(**more: Any) -> str:
        values = {
            "ModelPackageGroupName": group,
            "InferenceSpecification": SPECIFICATION,
            "ModelApprovalStatus": "PendingManualApproval",
            "CustomerMetadataProperties": {"dataset_version": "data-1", "commit": "abc"},
        }
        return sagemaker.create_model_package(**(values | more))["ModelPackageArn"]

    return create


def describe(sagemaker: Any, arn: str) -> dict[str, Any]:
    return sagemaker.describe_model_package(ModelPackageName=arn)


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_package_keeps_its_card_and_metadata(sagemaker: Any, register: Callable[..., str]) -> None:
    card = {"ModelCardStatus": "Draft", "ModelCardContent": json.dumps({"model_overview": {}})}
    found = describe(sagemaker, register(ModelCard=card, SkipModelValidation="All", SourceUri="s3://b/run"))
    assert (found["ModelCard"], found["SkipModelValidation"], found["SourceUri"]) == (card, "All", "s3://b/run")
    assert found["InferenceSpecification"] == SPECIFICATION
    assert found["CustomerMetadataProperties"] == {"dataset_version": "data-1", "commit": "abc"}


def test_an_update_merges(sagemaker: Any, register: Callable[..., str]) -> None:
    further = [{"Name": "arm64", "Containers": SPECIFICATION["Containers"]}]
    arn = register(AdditionalInferenceSpecifications=further)
    approve = {"ModelApprovalStatus": "Approved", "ApprovalDescription": "good"}
    sagemaker.update_model_package(ModelPackageArn=arn, **approve, CustomerMetadataProperties={"by": "ada"})
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"commit": "def"},
        CustomerMetadataPropertiesToRemove=["dataset_version"],
    )
    found = describe(sagemaker, arn)
    assert found["CustomerMetadataProperties"] == {"commit": "def", "by": "ada"}
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "good")
    assert found["AdditionalInferenceSpecifications"] == further


def test_approval_is_an_event(
    emulator: Emulator, sagemaker: Any, register: Callable[..., str], group: str, open_queue: Any
) -> None:
    sqs, events = emulator.client("sqs"), emulator.client("events")
    url = open_queue(group)
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": [group],
            "ModelApprovalStatus": ["Approved"],
            "UpdatedModelPackageFields": [{"exists": False}, "ModelApprovalStatus"],
        },
    }
    events.put_rule(Name=group, EventPattern=json.dumps(pattern))
    target = {"Id": "q", "Arn": f"arn:aws:sqs:eu-west-1:123456789012:{group}"}
    events.put_targets(Rule=group, Targets=[target])
    arn = register()
    stage = {"Stage": "PreProduction", "StageStatus": "Approved"}
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ModelLifeCycle=stage)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelLifeCycle={**stage, "Stage": "Production"})
    new = register(ModelApprovalStatus="Approved")
    found = [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert sorted(event["resources"] for event in found) == [[arn], [new]]
    found.sort(key=lambda event: event["resources"])
    detail = found[0]["detail"]
    assert (detail["ModelPackageVersion"], detail["ModelPackageStatus"]) == (1, "Completed")
    assert detail["InferenceSpecification"] == SPECIFICATION
    assert detail["CreationTime"].endswith("Z")
    assert detail["ModelLifeCycle"] == stage
    assert detail["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ModelLifeCycle"]
    assert "UpdatedModelPackageFields" not in found[1]["detail"]


def test_a_list_tells_the_stage_of_each_package(sagemaker: Any, register: Callable[..., str], group: str) -> None:
    stage = {"Stage": "Production", "StageStatus": "Approved", "StageDescription": "serves"}
    first, second = register(), register()
    sagemaker.update_model_package(ModelPackageArn=second, ModelLifeCycle=stage)
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert {each["ModelPackageArn"]: each.get("ModelLifeCycle") for each in listed} == {first: None, second: stage}


def test_version_numbers_are_never_used_again(sagemaker: Any, register: Callable[..., str], group: str) -> None:
    first, second = register(), register()
    sagemaker.delete_model_package(ModelPackageName=second)
    third = register()
    assert [arn.rpartition("/")[2] for arn in (first, second, third)] == ["1", "2", "3"]
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert {p["ModelPackageArn"] for p in listed} == {first, third}
    assert refusal(lambda: describe(sagemaker, second))[0] == "ValidationException"


def test_a_group_can_be_named_by_its_arn(sagemaker: Any, register: Callable[..., str], group: str) -> None:
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    assert describe(sagemaker, register(ModelPackageGroupName=arn))["ModelPackageGroupName"] == group


def test_a_group_is_deleted_when_it_is_empty(sagemaker: Any, register: Callable[..., str], group: str) -> None:
    arn = register()
    code, message = refusal(lambda: sagemaker.delete_model_package_group(ModelPackageGroupName=group))
    assert code == "ConflictException"
    assert message.endswith(f"model-package-group/{group} has 1 model packages; delete them first.")
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    gone = refusal(lambda: sagemaker.describe_model_package_group(ModelPackageGroupName=group))
    assert gone[0] == "ValidationException"


def test_a_group_name_is_taken_once(sagemaker: Any, group: str) -> None:
    code, message = refusal(lambda: sagemaker.create_model_package_group(ModelPackageGroupName=group))
    assert (code, message.rpartition("/")[2]) == ("ValidationException", group)


def test_group_policies(sagemaker: Any, group: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    named = {"ModelPackageGroupName": group}
    assert refusal(lambda: sagemaker.get_model_package_group_policy(**named))[0] == "ResourceNotFound"
    sagemaker.put_model_package_group_policy(**named, ResourcePolicy=policy)
    assert sagemaker.get_model_package_group_policy(**named)["ResourcePolicy"] == policy
    bad = refusal(lambda: sagemaker.put_model_package_group_policy(**named, ResourcePolicy="{"))
    assert bad[0] == "ValidationException"
    sagemaker.delete_model_package_group_policy(**named)
    assert refusal(lambda: sagemaker.get_model_package_group_policy(**named))[0] == "ResourceNotFound"


def test_tags_of_packages_and_groups(sagemaker: Any, register: Callable[..., str], group: str) -> None:
    tags = [{"Key": "Project", "Value": "ml"}]
    group_arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    for arn in (register(), group_arn):
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
        sagemaker.add_tags(ResourceArn=arn, Tags=tags)
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
