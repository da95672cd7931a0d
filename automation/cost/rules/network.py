"""What the network costs: interface endpoints by zone, ways out, and flow logs that go to S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Resource
from contracts.prices import HOURS_A_MONTH

#: GB a month through an interface endpoint, and through a NAT gateway: calls of functions and jobs. The data of S3 goes
#: through an endpoint without a price.
_ENDPOINT_GB: Final = 0.2
_NAT_GB: Final = 1.0
#: GB of flow records a month: some 15 network interfaces with 5 flows of 120 bytes a minute.
FLOW_LOG_GB: Final = 0.4


def _vpc_endpoint(resource: Resource, _: Context) -> Iterator[Charge]:
    """Those of type Gateway are free."""
    if resource.inputs.get("vpcEndpointType") == "Interface":
        yield Charge("ec2", "interface endpoint", HOURS_A_MONTH * len(resource.list("subnetIds")))
        yield Charge("ec2", "interface endpoint data", _ENDPOINT_GB, traffic=True)


def _nat_gateway(_: Resource, __: Context) -> Iterator[Charge]:
    yield Charge("ec2", "NAT gateway", HOURS_A_MONTH)
    yield Charge("ec2", "NAT gateway data", _NAT_GB, traffic=True)


def _address(_: Resource, __: Context) -> Iterator[Charge]:
    yield Charge("ec2", "public IPv4 address", HOURS_A_MONTH)


def _flow_log(resource: Resource, _: Context) -> Iterator[Charge]:
    """In CloudWatch the log group counts what it takes in."""
    if resource.inputs.get("logDestinationType") == "s3":
        yield Charge("cloudwatch", "vended logs to S3", FLOW_LOG_GB, traffic=True)


RULES: Final[Mapping[str, Rule]] = {
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
}

#: What costs nothing, or is counted with another resource.
FREE: Final = frozenset(
    {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
