"""The provider's functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.adapter import Adapter, ApiRefused, InvalidInput, UnknownType

MODEL_MONITOR = "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage"
BY_PATH = "aws:ssm/getParametersByPath:getParametersByPath"
RESOURCE = "aws:cloudcontrol/getResource:getResource"


def test_who_and_where(adapter: Adapter) -> None:
    identity = adapter.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert (identity["accountId"], identity["id"]) == ("123456789012", "123456789012")
    assert identity["arn"].startswith("arn:aws:sts::123456789012:")
    assert adapter.invoke("aws:index/getRegion:getRegion", {}) == {
        "description": "Europe (Ireland)",
        "endpoint": "ec2.eu-west-1.amazonaws.com",
        "id": "eu-west-1",
        "name": "eu-west-1",
        "region": "eu-west-1",
    }
    assert adapter.invoke("aws:index/getPartition:getPartition", {}) == {
        "dnsSuffix": "amazonaws.com",
        "id": "aws",
        "partition": "aws",
        "reverseDnsPrefix": "com.amazonaws",
    }
    with pytest.raises(ApiRefused, match="found 'atlantis-1'; allowed: a region of AWS"):
        adapter.invoke("aws:index/getRegion:getRegion", {"name": "atlantis-1"})


@pytest.mark.parametrize(
    ("region", "partition", "suffix", "reverse"),
    [
        ("cn-north-1", "aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "com.amazonaws"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "eu.amazonaws"),
    ],
)
def test_a_region_answers_for_its_own_partition(region: str, partition: str, suffix: str, reverse: str) -> None:
    there = Adapter("http://nowhere.invalid", "123456789012", region)
    found = there.invoke("aws:index/getPartition:getPartition", {})
    assert (found["partition"], found["dnsSuffix"], found["reverseDnsPrefix"]) == (partition, suffix, reverse)
    assert there.invoke("aws:index/getRegion:getRegion", {})["endpoint"] == f"ec2.{region}.{suffix}"


@pytest.mark.parametrize("service", ["sagemaker.api", "sagemaker.featurestore-runtime", "kms-fips", "ssm", "s3"])
def test_a_service_that_botocore_knows_has_an_endpoint_service(service: str) -> None:
    token = "aws:ec2/getVpcEndpointService:getVpcEndpointService"
    there = Adapter("http://nowhere.invalid", "123456789012", "cn-north-1")

    def ask(name: str) -> str:
        candidates = [f"{prefix}.cn-north-1.{name}" for prefix in ("com.amazonaws", "cn.com.amazonaws")]
        return there.invoke(token, {"filters": [{"name": "service-name", "values": candidates}]})["serviceName"]

    assert ask(service) == f"cn.com.amazonaws.cn-north-1.{service}"
    with pytest.raises(ApiRefused, match="no matching EC2 VPC Endpoint Service found"):
        ask(f"{service}x")


def test_availability_zones(adapter: Adapter) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    zones = adapter.invoke(token, {"state": "available", "excludeNames": ["eu-west-1c"]})
    assert zones["names"] == ["eu-west-1a", "eu-west-1b"]
    assert len(zones["zoneIds"]) == 2
    assert zones["region"] == "eu-west-1"


def test_subnets_are_found_by_their_tags(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]

    def subnet(number: int, **tags: str) -> str:
        said = [{"Key": key, "Value": value} for key, value in tags.items()]
        cidr, tagged = f"10.77.{number}.0/24", [{"ResourceType": "subnet", "Tags": said}]
        return ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, TagSpecifications=tagged)["Subnet"]["SubnetId"]

    mine = subnet(0, Environment="staging", Tier="private")
    subnet(1, Environment="staging")
    subnet(2, Environment="prod", Tier="private")
    filters = [{"name": "tag:Environment", "values": ["staging"]}, {"name": "tag-key", "values": ["Tier"]}]
    assert adapter.invoke("aws:ec2/getSubnets:getSubnets", {"filters": filters})["ids"] == [mine]
    assert adapter.invoke("aws:ec2/getSubnet:getSubnet", {"id": mine})["cidrBlock"] == "10.77.0.0/24"


def test_parameters_by_path_page_by_page(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    for number in range(12):
        aws("ssm").put_parameter(Name=f"/images/i{number:02}", Value=str(number), Type="String")
    aws("ssm").put_parameter(Name="/images/deep/x", Value="x", Type="String")
    found = adapter.invoke(BY_PATH, {"path": "/images", "recursive": False, "withDecryption": False})
    assert dict(zip(found["names"], found["values"], strict=True)) == {f"/images/i{n:02}": str(n) for n in range(12)}
    assert set(found["types"]) == {"String"}
    assert found["arns"][0].startswith("arn:aws:ssm:eu-west-1:123456789012:parameter/images/")
    assert len(adapter.invoke(BY_PATH, {"path": "/images", "recursive": True})["names"]) == 13


def test_objects_below_a_prefix_and_what_people_can_read_of_one(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    aws("s3").create_bucket(Bucket="looked", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for number in range(1001):  # a page has 1,000
        aws("s3").put_object(Bucket="looked", Key=f"a/{number:04}", Body=b"{}", ContentType="application/json")
    aws("s3").put_object(Bucket="looked", Key="b", Body=b"\xff", ContentType="application/octet-stream")
    found = adapter.invoke("aws:s3/getObjects:getObjects", {"bucket": "looked", "prefix": "a/"})
    assert (found["id"], found["keys"]) == ("looked", [f"a/{number:04}" for number in range(1001)])
    assert adapter.invoke("aws:s3/getObjects:getObjects", {"bucket": "looked", "prefix": "c/"})["keys"] == []
    one = adapter.invoke("aws:s3/getObject:getObject", {"bucket": "looked", "key": "a/0007"})
    assert (one["id"], one["body"], one["contentType"]) == ("looked/a/0007", "{}", "application/json")
    assert adapter.invoke("aws:s3/getObject:getObject", {"bucket": "looked", "key": "b"})["body"] == ""
    with pytest.raises(ApiRefused, match=r"^getObject: s3 GetObject answered NoSuchKey"):
        adapter.invoke("aws:s3/getObject:getObject", {"bucket": "looked", "key": "c"})


def test_no_parameters_are_empty_lists(adapter: Adapter) -> None:
    assert adapter.invoke(BY_PATH, {"path": "/none"}) == {
        "arns": [],
        "id": "/none",
        "names": [],
        "path": "/none",
        "recursive": False,
        "region": "eu-west-1",
        "types": [],
        "values": [],
        "withDecryption": True,
    }


def test_the_image_of_model_monitor() -> None:
    adapter = Adapter("http://127.0.0.1:9", "123456789012", "eu-west-1")
    arguments = {"repositoryName": "sagemaker-model-monitor-analyzer", "imageTag": "latest"}
    path = "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer:latest"
    assert adapter.invoke(MODEL_MONITOR, arguments)["registryPath"] == path
    assert "us-east-1" in adapter.invoke(MODEL_MONITOR, {**arguments, "region": "us-east-1"})["registryPath"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"repositoryName": "sagemaker-model-monitor-analyzer"},
            "imageTag = '1': the repository has latest; the provider's default is 1",
        ),
        (
            {"repositoryName": "kmeans"},
            "repositoryName = 'kmeans': the recorded table knows sagemaker-model-monitor-analyzer",
        ),
        (
            {"repositoryName": "sagemaker-model-monitor-analyzer", "imageTag": "latest", "region": "atlantis-1"},
            "region = 'atlantis-1': the image is in af-south-1, ap-east-1,",
        ),
    ],
)
def test_an_image_that_is_not_in_the_table(offline: Adapter, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        offline.invoke(MODEL_MONITOR, arguments)
    assert str(refused.value).startswith(f"{MODEL_MONITOR} '{arguments['repositoryName']}': {message}")


def test_a_model_package_through_cloud_control(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    aws("sagemaker").create_model_package_group(ModelPackageGroupName="churn")
    baselines = {
        "ModelDataQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/statistics.json"}}
    }
    package = aws("sagemaker").create_model_package(ModelPackageGroupName="churn", DriftCheckBaselines=baselines)
    arn = package["ModelPackageArn"]
    found = adapter.invoke(RESOURCE, {"typeName": "AWS::SageMaker::ModelPackage", "identifier": arn})
    properties = json.loads(found["properties"])
    assert (found["id"], properties["ModelPackageArn"], properties["DriftCheckBaselines"]) == (arn, arn, baselines)
    assert "ResponseMetadata" not in properties
    with pytest.raises(UnknownType) as unknown:
        adapter.invoke(RESOURCE, {"typeName": "AWS::ECS::Cluster", "identifier": "x"})
    assert str(unknown.value) == (
        f"{RESOURCE}: typeName 'AWS::ECS::Cluster' cannot be read here; it can be AWS::KMS::Key, AWS::S3::Bucket, "
        "AWS::S3::BucketPolicy, AWS::SageMaker::ModelPackage"
    )


def test_a_function_that_is_not_known_is_named(offline: Adapter) -> None:
    with pytest.raises(UnknownType) as unknown:
        offline.invoke("aws:ec2/getAmi:getAmi", {})
    assert str(unknown.value).startswith(
        "aws:ec2/getAmi:getAmi: the adapter does not know this function; it knows "
        "aws:cloudcontrol/getResource:getResource,"
    )
