"""Networks on a real moto: made, changed, read back, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.adapter import Adapter, Created, InvalidInput

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
TABLE, ROUTE = "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
GATEWAY, ASSOCIATION = "aws:ec2/internetGateway:InternetGateway", "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT, FLOW_LOG = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/flowLog:FlowLog"
ANYONE = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*", "Resource": "*"}]}'
ARN = "arn:aws:ec2:eu-west-1:123456789012"


@pytest.fixture
def vpc(adapter: Adapter) -> Created:
    return adapter.create(VPC, "vpc", {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True})


@pytest.fixture
def subnet(adapter: Adapter, vpc: Created) -> Created:
    inputs = {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24", "availabilityZone": "eu-west-1a"}
    return adapter.create(SUBNET, "private", inputs)


def test_a_vpc_knows_what_came_with_it(adapter: Adapter, vpc: Created, aws: Callable[[str], Any]) -> None:
    ec2 = aws("ec2")
    acl = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["NetworkAcls"][0]
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["RouteTables"][0]
    group = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["SecurityGroups"][0]
    assert vpc.outputs == {
        "arn": f"{ARN}:vpc/{vpc.id}",
        "cidrBlock": "10.0.0.0/16",
        "defaultNetworkAclId": acl["NetworkAclId"],
        "defaultRouteTableId": table["RouteTableId"],
        "defaultSecurityGroupId": group["GroupId"],
        "dhcpOptionsId": vpc.outputs["dhcpOptionsId"],
        "enableDnsHostnames": True,
        "enableDnsSupport": True,
        "instanceTenancy": "default",
        "mainRouteTableId": table["RouteTableId"],
        "ownerId": "123456789012",
        "region": "eu-west-1",
        "tagsAll": {},
    }
    assert ec2.describe_vpc_attribute(VpcId=vpc.id, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]


def test_a_vpc_changes_one_attribute_at_a_time(
    adapter: Adapter, vpc: Created, aws: Callable[[str], Any], calls: list[str]
) -> None:
    old = {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}
    new = {**old, "enableDnsHostnames": False, "tags": {"Name": "main"}}
    adapter.update(VPC, vpc.id, old, new, vpc.outputs)
    assert calls[:2] == ["ModifyVpcAttribute", "CreateTags"]
    found = aws("ec2").describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]
    assert found["Tags"] == [{"Key": "Name", "Value": "main"}]
    adapter.update(VPC, vpc.id, new, {**new, "tags": {}}, vpc.outputs)
    assert aws("ec2").describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0].get("Tags", []) == []
    adapter.delete(VPC, vpc.id, new, vpc.outputs)
    assert vpc.id not in [item["VpcId"] for item in aws("ec2").describe_vpcs()["Vpcs"]]


def test_networks_are_checked_without_a_server(offline: Adapter) -> None:
    with pytest.raises(InvalidInput) as refused:
        offline.validate(VPC, "vpc", {"cidrBlock": "10.0.0.1/16", "instanceTenancy": "shared"})
    assert str(refused.value).splitlines() == [
        f"{VPC} 'vpc': cidrBlock = '10.0.0.1/16': must be a network such as 10.0.0.0/16 (10.0.0.1/16 has host bits "
        "set) "
        "(ec2 CreateVpc)",
        f"{VPC} 'vpc': instanceTenancy = 'shared': must be one of default, dedicated, host (ec2 CreateVpc "
        "InstanceTenancy)",
    ]


def test_a_subnet(adapter: Adapter, vpc: Created, subnet: Created, aws: Callable[[str], Any]) -> None:
    assert subnet.outputs["arn"] == f"{ARN}:subnet/{subnet.id}"
    assert subnet.outputs["availabilityZone"] == "eu-west-1a"
    assert subnet.outputs["mapPublicIpOnLaunch"] is False
    old = {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24", "availabilityZone": "eu-west-1a"}
    adapter.update(SUBNET, subnet.id, old, {**old, "mapPublicIpOnLaunch": True}, subnet.outputs)
    assert aws("ec2").describe_subnets(SubnetIds=[subnet.id])["Subnets"][0]["MapPublicIpOnLaunch"]
    adapter.delete(SUBNET, subnet.id, old, subnet.outputs)
    assert subnet.id not in [item["SubnetId"] for item in aws("ec2").describe_subnets()["Subnets"]]


def test_routes_from_subnet_to_gateway(
    adapter: Adapter, vpc: Created, subnet: Created, aws: Callable[[str], Any]
) -> None:
    table = adapter.create(TABLE, "public", {"vpcId": vpc.id, "tags": {"Name": "public"}})
    gateway = adapter.create(GATEWAY, "gateway", {"vpcId": vpc.id})
    association = adapter.create(ASSOCIATION, "public", {"routeTableId": table.id, "subnetId": subnet.id})
    inputs = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.id}
    route = adapter.create(ROUTE, "out", inputs)
    assert route.id == f"r-{table.id}-0.0.0.0/0"
    assert route.outputs == {**inputs, "origin": "CreateRoute", "region": "eu-west-1", "state": "active"}
    found = aws("ec2").describe_route_tables(RouteTableIds=[table.id])["RouteTables"][0]
    assert found["Associations"][0]["SubnetId"] == subnet.id
    assert found["Routes"][-1]["GatewayId"] == gateway.id

    address = adapter.create("aws:ec2/eip:Eip", "nat", {"domain": "vpc"})
    nat_inputs = {"allocationId": address.id, "subnetId": subnet.id}
    nat = adapter.create("aws:ec2/natGateway:NatGateway", "nat", nat_inputs)
    assert nat.outputs["publicIp"] == address.outputs["publicIp"]
    moved = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": nat.id}
    adapter.update(ROUTE, route.id, inputs, moved, route.outputs)
    found = aws("ec2").describe_route_tables(RouteTableIds=[table.id])["RouteTables"][0]
    assert found["Routes"][-1]["NatGatewayId"] == nat.id

    for token, created, given in (
        (ROUTE, route, moved),
        ("aws:ec2/natGateway:NatGateway", nat, nat_inputs),
        ("aws:ec2/eip:Eip", address, {"domain": "vpc"}),
        (ASSOCIATION, association, {"routeTableId": table.id, "subnetId": subnet.id}),
        (GATEWAY, gateway, {"vpcId": vpc.id}),
        (TABLE, table, {"vpcId": vpc.id}),
    ):
        adapter.delete(token, created.id, given, created.outputs)
    assert aws("ec2").describe_addresses()["Addresses"] == []
    assert gateway.id not in [
        item["InternetGatewayId"] for item in aws("ec2").describe_internet_gateways()["InternetGateways"]
    ]


def test_endpoints_of_both_kinds(
    adapter: Adapter, vpc: Created, subnet: Created, aws: Callable[[str], Any], calls: list[str]
) -> None:
    table = adapter.create(TABLE, "private", {"vpcId": vpc.id})
    s3 = {"vpcId": vpc.id, "serviceName": "com.amazonaws.eu-west-1.s3", "routeTableIds": [table.id]}
    gateway = adapter.create(ENDPOINT, "s3", s3)
    assert (gateway.outputs["vpcEndpointType"], gateway.outputs["state"]) == ("Gateway", "available")
    assert gateway.outputs["prefixListId"].startswith("pl-")
    sts = {
        "vpcId": vpc.id,
        "serviceName": "com.amazonaws.eu-west-1.sts",
        "vpcEndpointType": "Interface",
        "subnetIds": [subnet.id],
        "securityGroupIds": [vpc.outputs["defaultSecurityGroupId"]],
        "privateDnsEnabled": True,
    }
    interface = adapter.create(ENDPOINT, "sts", sts)
    assert len(interface.outputs["networkInterfaceIds"]) == 1
    assert interface.outputs["dnsEntries"][0]["dnsName"].endswith("sts")

    other = adapter.create("aws:ec2/securityGroup:SecurityGroup", "callers", {"vpcId": vpc.id})
    changed = {**sts, "securityGroupIds": [other.id], "policy": ANYONE}
    calls.clear()
    adapter.update(ENDPOINT, interface.id, sts, changed, interface.outputs)
    assert calls[0] == "ModifyVpcEndpoint"
    found = aws("ec2").describe_vpc_endpoints(VpcEndpointIds=[interface.id])["VpcEndpoints"][0]
    assert [group["GroupId"] for group in found["Groups"]] == [other.id]
    assert found["PolicyDocument"] == ANYONE
    for created, inputs in ((gateway, s3), (interface, sts)):
        adapter.delete(ENDPOINT, created.id, inputs, created.outputs)
    assert {item["State"] for item in aws("ec2").describe_vpc_endpoints()["VpcEndpoints"]} == {"deleted"}


def test_a_flow_log_says_what_it_watches(adapter: Adapter, vpc: Created, aws: Callable[[str], Any]) -> None:
    inputs = {
        "vpcId": vpc.id,
        "trafficType": "ALL",
        "logDestination": "arn:aws:logs:eu-west-1:123456789012:log-group:/flows",
        "iamRoleArn": "arn:aws:iam::123456789012:role/flows",
        "tags": {"Name": "flows"},
    }
    created = adapter.create(FLOW_LOG, "flows", inputs)
    found = aws("ec2").describe_flow_logs()["FlowLogs"][0]
    assert (found["FlowLogId"], found["ResourceId"], found["MaxAggregationInterval"]) == (created.id, vpc.id, 600)
    assert found["Tags"] == [{"Key": "Name", "Value": "flows"}]
    assert created.outputs["arn"] == f"{ARN}:vpc-flow-log/{created.id}"
    adapter.delete(FLOW_LOG, created.id, inputs, created.outputs)
    assert aws("ec2").describe_flow_logs()["FlowLogs"] == []


def test_an_error_inside_a_successful_answer_is_an_error(adapter: Adapter, vpc: Created) -> None:
    inputs = {
        "vpcId": vpc.id,
        "trafficType": "ALL",
        "logDestinationType": "s3",
        "logDestination": "arn:aws:s3:::nowhere",
    }
    with pytest.raises(Exception, match="ec2 CreateFlowLogs answered Failed: LogDestination: nowhere does not exist"):
        adapter.create(FLOW_LOG, "flows", inputs)
