"""What runs in a VPC calls what the VPC has an endpoint for, if that endpoint serves its role, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from local.identity import Caller, caller

ROLE = "arn:aws:iam::123456789012:role/churn-staging-rollback"
OTHER = "arn:aws:iam::123456789012:role/churn-staging-drift"
CALLS_SNS = """
import boto3
def handle(event, context):
    boto3.client("sns").list_topics()
"""
DECLARE = "declare the call in CALLS beside the code's component (components/reach.py), or name it in also_reach"


@pytest.fixture(scope="module")
def ec2(emulator: Emulator) -> Any:
    return emulator.client("ec2")


class Vpc:
    """A VPC with one private subnet."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.id = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        created = ec2.create_subnet(VpcId=self.id, CidrBlock="10.7.0.0/24", AvailabilityZone="eu-west-1a")
        self.subnet = created["Subnet"]["SubnetId"]
        self.table = ec2.create_route_table(VpcId=self.id)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.subnet)

    def endpoint(self, service: str, *, private_dns: bool = True, roles: list[str] | None = None) -> None:
        statement: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
        if roles:
            statement["Condition"] = {"ArnLike": {"aws:PrincipalArn": roles}}
        self.ec2.create_vpc_endpoint(
            VpcId=self.id,
            ServiceName=f"com.amazonaws.eu-west-1.{service}",
            VpcEndpointType="Interface",
            SubnetIds=[self.subnet],
            PrivateDnsEnabled=private_dns,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )


@pytest.fixture
def vpc(ec2: Any) -> Vpc:
    return Vpc(ec2)


@pytest.fixture
def client(emulator: Emulator) -> Callable[..., Any]:
    """A client as the code of a job has it."""

    def create(service: str, who: Caller) -> Any:
        token = who.environment()["AWS_SESSION_TOKEN"]
        keys: dict[str, Any] = {
            "aws_access_key_id": "emulated",
            "aws_secret_access_key": "emulated",
            "aws_session_token": token,
        }
        return boto3.Session().client(service, endpoint_url=emulator.url, region_name="eu-west-1", **keys)

    return create


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == "NoWayToService"
    return caught.value.response["Error"]["Message"]


def test_a_caller_survives_its_token() -> None:
    who = Caller.of(ROLE, {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}, isolated=True)
    assert who == Caller(role_arn=ROLE, subnet_ids=("subnet-1", "subnet-2"), isolated=True)
    assert caller(who.environment()["AWS_SESSION_TOKEN"]) == who
    for other in ("", "not base64!", "bm8ganNvbg==", "e30=", "W10="):
        assert caller(other) is None


def test_a_service_without_an_endpoint_is_named_with_what_to_declare(vpc: Vpc, client: Callable[..., Any]) -> None:
    who = Caller(role_arn=ROLE, subnet_ids=(vpc.subnet,))
    sns = client("sns", who)
    assert refusal(sns.list_topics) == (
        f"churn-staging-rollback called sns POST /, but {vpc.id} has no endpoint for sns: {DECLARE}"
    )
    vpc.endpoint("sns", private_dns=False)
    assert "has no endpoint for sns" in refusal(sns.list_topics)
    vpc.endpoint("sns")
    assert "Topics" in sns.list_topics()
    ssm = client("ssm", who)
    assert "called ssm.DescribeParameters, but" in refusal(ssm.describe_parameters)


def test_an_endpoint_serves_the_roles_that_its_policy_admits(vpc: Vpc, client: Callable[..., Any]) -> None:
    vpc.endpoint("monitoring", roles=["arn:aws:iam::123456789012:role/*-staging*-drift"])
    assert "Metrics" in client("cloudwatch", Caller(role_arn=OTHER, subnet_ids=(vpc.subnet,))).list_metrics()
    refused = refusal(client("cloudwatch", Caller(role_arn=ROLE, subnet_ids=(vpc.subnet,))).list_metrics)
    assert f"the policy of {vpc.id}'s endpoint for monitoring does not admit it: {DECLARE}" in refused


@pytest.mark.parametrize(
    ("service", "call", "needs"),
    [
        ("sagemaker", lambda c: c.list_endpoints(), "sagemaker.api"),
        (
            "sagemaker-featurestore-runtime",
            lambda c: c.get_record(FeatureGroupName="none", RecordIdentifierValueAsString="1"),
            "sagemaker.featurestore-runtime",
        ),
        ("sagemaker-runtime", lambda c: c.invoke_endpoint(EndpointName="none", Body=b"1"), "sagemaker.runtime"),
    ],
)
def test_the_three_services_of_sagemaker_have_an_endpoint_each(
    vpc: Vpc, client: Callable[..., Any], service: str, call: Callable[[Any], Any], needs: str
) -> None:
    found = client(service, Caller(role_arn=ROLE, subnet_ids=(vpc.subnet,)))
    assert f"has no endpoint for {needs}: " in refusal(lambda: call(found))
    vpc.endpoint(needs)
    try:
        call(found)
    except ClientError as error:
        assert error.response["Error"]["Code"] != "NoWayToService"


def test_s3_is_reached_through_a_gateway_in_the_route_table_of_the_subnet(vpc: Vpc, client: Callable[..., Any]) -> None:
    s3 = client("s3", Caller(role_arn=ROLE, subnet_ids=(vpc.subnet,)))
    gateway = {"VpcId": vpc.id, "ServiceName": "com.amazonaws.eu-west-1.s3", "VpcEndpointType": "Gateway"}
    other = vpc.ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    vpc.ec2.create_vpc_endpoint(**gateway, RouteTableIds=[other])
    assert "has no endpoint for s3" in refusal(s3.list_buckets)
    vpc.ec2.create_vpc_endpoint(**gateway, RouteTableIds=[vpc.table])
    assert "Buckets" in s3.list_buckets()


def test_a_nat_gateway_is_a_way_to_everything(vpc: Vpc, client: Callable[..., Any]) -> None:
    sns = client("sns", Caller(role_arn=ROLE, subnet_ids=(vpc.subnet,)))
    assert "has no endpoint for sns" in refusal(sns.list_topics)
    allocation = vpc.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = vpc.ec2.create_nat_gateway(SubnetId=vpc.subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    vpc.ec2.create_route(RouteTableId=vpc.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    assert "Topics" in sns.list_topics()


def test_outside_a_vpc_everything_is_in_reach_and_in_isolation_nothing(client: Callable[..., Any]) -> None:
    assert "Topics" in client("sns", Caller(role_arn=ROLE)).list_topics()
    refused = refusal(client("sns", Caller(role_arn=ROLE, isolated=True)).list_topics)
    assert refused == ("churn-staging-rollback called sns POST /, but runs with network isolation and can call nothing")


def test_a_function_that_calls_what_is_not_declared_fails_with_that_message(
    emulator: Emulator, vpc: Vpc, deploy_function: Callable[..., str], name: str
) -> None:
    group = vpc.ec2.create_security_group(VpcId=vpc.id, GroupName=name, Description=name)["GroupId"]
    deploy_function(name, CALLS_SNS, VpcConfig={"SubnetIds": [vpc.subnet], "SecurityGroupIds": [group]})
    invoke = emulator.client("lambda").invoke
    failed = json.loads(invoke(FunctionName=name, Payload=b"{}")["Payload"].read())
    assert (
        f"emulator-tests called sns POST /, but {vpc.id} has no endpoint for sns: {DECLARE}" in failed["errorMessage"]
    )
    vpc.endpoint("sns")
    assert json.loads(invoke(FunctionName=name, Payload=b"{}")["Payload"].read()) is None
