from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.ground.look_up import Endpoint, Rule, VpcFacts, looked_up
from settings.network import ExistingNetwork
from tests.components.engine import NoAnswer, deploy

VPC, SUBNETS = "vpc-0a1b2c3d", ("subnet-0a1b2c3d", "subnet-0a1b2c3e")
SETTINGS = ExistingNetwork(vpc_id=VPC, subnet_ids=SUBNETS)
ENDPOINT = "aws:ec2/getVpcEndpoint:getVpcEndpoint"
Answer = Callable[[dict[str, Any]], dict[str, Any]]


def refusing(words: str) -> Answer:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise NoAnswer(words)

    return refuse


def table(args: dict[str, Any]) -> dict[str, Any]:
    """The main table leads out; the second subnet has one of its own that does not."""
    main = args["routeTableId"] == "rtb-main"
    associated = {"main": main, "subnetId": "" if main else SUBNETS[1]}
    routes = [{"gatewayId": "local"}, *([{"gatewayId": "igw-1"}] if main else [])]
    return {"id": args["routeTableId"], "associations": [associated], "routes": routes}


def facts(settings: ExistingNetwork = SETTINGS, **changed: Answer) -> VpcFacts:
    found: list[VpcFacts] = []
    answers: dict[str, Any] = {
        "aws:ec2/getVpc:getVpc": lambda args: args | {"enableDnsHostnames": True, "enableDnsSupport": False},
        "aws:ec2/getSecurityGroup:getSecurityGroup": lambda args: args,
        "aws:ec2/getRouteTables:getRouteTables": {"ids": ["rtb-main", "rtb-own"]},
        "aws:ec2/getRouteTable:getRouteTable": table,
        "aws:ec2/getSubnet:getSubnet": lambda args: (
            args
            | {"vpcId": VPC, "availabilityZone": "eu-west-1a", "cidrBlock": "10.0.0.0/24", "availableIpAddressCount": 9}
        ),
        "aws:ec2/getVpcEndpointService:getVpcEndpointService": lambda args: {
            "serviceName": args["filters"][0]["values"][0],
            "availabilityZones": [],
        },
        ENDPOINT: lambda args: {
            "id": "vpce-" + args["serviceName"].rpartition(".")[2],
            "prefixListId": "",
            "privateDnsEnabled": True,
            "routeTableIds": [],
            "securityGroupIds": ["sg-1"],
        },
        "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": {"ids": ["sgr-1"]},
        "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": lambda args: {
            "isEgress": False,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "",
            "referencedSecurityGroupId": "sg-2",
        },
    }
    deploy(
        lambda: found.append(looked_up("eu-west-1", settings, ["sns"], pulumi.InvokeOptions())),
        invokes=answers | {f"aws:ec2/get{name}:get{name}": answer for name, answer in changed.items()},
    )
    return found[0]


def test_a_subnet_without_a_table_of_its_own_has_the_main_one() -> None:
    first, second = facts().subnets
    assert (first.route_table_id, first.way_out) == ("rtb-main", "igw-1")
    assert (second.route_table_id, second.way_out) == ("rtb-own", None)
    assert (second.zone, second.cidr, second.free_addresses) == ("eu-west-1a", "10.0.0.0/24", 9)


def test_endpoints_come_with_the_rules_of_their_groups() -> None:
    found = facts()
    assert found.dns is False
    assert set(found.endpoints) == {"s3", "sns"}
    assert found.endpoints["sns"] == Endpoint(
        id="vpce-sns", private_dns=True, group_ids=("sg-1",), route_table_ids=(), prefix_list_id=None
    )
    admitted = Rule(egress=False, protocol="tcp", from_port=443, to_port=443, cidr=None, group_id="sg-2")
    assert found.rules == {"sg-1": (admitted,)}
    assert facts(VpcEndpoint=refusing("no matching EC2 VPC Endpoint found")).endpoints == {"s3": None, "sns": None}


@pytest.mark.parametrize(
    ("source", "key", "what"),
    [
        ("Vpc", "vpc_id", VPC),
        ("Subnet", "subnet_ids", SUBNETS[0]),
        ("SecurityGroup", "security_group_id", f"sg-0a1b2c3d in {VPC}"),
    ],
)
def test_what_does_not_exist_is_named(source: str, key: str, what: str) -> None:
    settings = ExistingNetwork(vpc_id=VPC, subnet_ids=SUBNETS, security_group_id="sg-0a1b2c3d")
    with pytest.raises(pulumi.RunError) as caught:
        facts(settings, **{source: refusing(f"no matching EC2 {source} found")})
    assert str(caught.value) == (
        f"network.existing.{key}: found {what}, which does not exist; allowed: one of the stack's account and region; "
        "correct it"
    )


def test_several_endpoints_of_one_service_are_refused_and_other_failures_stay_what_they_are() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        facts(VpcEndpoint=refusing("multiple EC2 VPC Endpoints matched; use additional constraints"))
    assert str(caught.value) == (
        f"network.existing: found several endpoints for com.amazonaws.eu-west-1.s3 in {VPC}; allowed: one; "
        "have its owner keep the one with private DNS"
    )
    with pytest.raises(Exception, match="UnauthorizedOperation"):
        facts(VpcEndpoint=refusing("UnauthorizedOperation"))
