"""A network that exists, as the sample cloud has it: whatever VPC a stack names, with all that the platform asks for.

Private subnets, one after the other in the region's zones, an endpoint for every service, and groups that let HTTPS
through. A key or a log bucket that a stack names lets everybody in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_Args = Mapping[str, Any]
_Answer = dict[str, Any]
_ZONES = "abc"
TABLE, GROUP, RULE, PREFIX_LIST = "rtb-sample", "sg-sample", "sgr-sample", "pl-sample"
_OPEN = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
#: Type of Cloud Control -> properties.
RESOURCES: Mapping[str, Mapping[str, Any]] = {
    "AWS::KMS::Key": {
        "Enabled": True,
        "EnableKeyRotation": True,
        "KeyPolicy": _OPEN,
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
    },
    "AWS::S3::Bucket": {},
    "AWS::S3::BucketPolicy": {"PolicyDocument": _OPEN},
}


class SampleNetwork:
    """The VPCs of one account and region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._vpc = ""
        self._subnets: list[str] = []

    def sources(self) -> Mapping[str, Callable[[_Args], _Answer]]:
        """Token of a data source -> its answer."""
        return {
            "aws:ec2/getRouteTable:getRouteTable": self._table,
            "aws:ec2/getRouteTables:getRouteTables": lambda args: {**args, "id": self._region, "ids": [TABLE]},
            "aws:ec2/getSecurityGroup:getSecurityGroup": lambda args: {**args, "name": "sample"},
            "aws:ec2/getSubnet:getSubnet": self._subnet,
            "aws:ec2/getSubnets:getSubnets": lambda args: {**args, "id": self._region, "ids": []},
            "aws:ec2/getVpc:getVpc": self._found_vpc,
            "aws:ec2/getVpcEndpoint:getVpcEndpoint": self._endpoint,
            "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": self._rule,
            "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": lambda args: {
                **args,
                "id": self._region,
                "ids": [f"{RULE}-{direction}" for direction in ("in", "out")],
            },
        }

    def _found_vpc(self, args: _Args) -> _Answer:
        self._vpc = args["id"]
        return {**args, "enableDnsHostnames": True, "enableDnsSupport": True}

    def _subnet(self, args: _Args) -> _Answer:
        if args["id"] not in self._subnets:
            self._subnets.append(args["id"])
        number = self._subnets.index(args["id"])
        return {
            **args,
            "availabilityZone": f"{self._region}{_ZONES[number % len(_ZONES)]}",
            "availableIpAddressCount": 251,
            "cidrBlock": f"10.0.{number}.0/24",
            "vpcId": self._vpc,
        }

    def _table(self, args: _Args) -> _Answer:
        main = {"gatewayId": "", "main": True, "routeTableAssociationId": "", "routeTableId": TABLE, "subnetId": ""}
        return {**args, "associations": [main], "id": TABLE, "routes": []}

    def _endpoint(self, args: _Args) -> _Answer:
        service = str(args["serviceName"]).rpartition(".")[2]
        return {
            **args,
            "id": f"vpce-{service}",
            "prefixListId": PREFIX_LIST,
            "privateDnsEnabled": True,
            "routeTableIds": [TABLE],
            "securityGroupIds": [GROUP],
        }

    def _rule(self, args: _Args) -> _Answer:
        egress = args["securityGroupRuleId"].endswith("out")
        ports = {"fromPort": 443, "toPort": 443, "ipProtocol": "tcp"}
        return {**args, **ports, "cidrIpv4": "10.0.0.0/8", "isEgress": egress, "referencedSecurityGroupId": ""}
