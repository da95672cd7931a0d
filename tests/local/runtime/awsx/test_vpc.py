"""The children of awsx.ec2.Vpc as policies and the emulator see them."""

from __future__ import annotations

from typing import Any

import pytest

from local.judge.model import Judged
from local.runtime import ComponentInputError, UnsupportedError
from local.values import UNKNOWN

VPC = "urn:pulumi:dev::shop::awsx:ec2:Vpc$aws:ec2/vpc:Vpc"
HEAD = "import pulumi_awsx as awsx\nfrom pulumi_awsx.ec2 import *\n"


def expanded(project: Any, policies: Any, args: str, more: str = "") -> dict[str, Judged]:
    """Every resource below the VPC by `type name`, with its inputs as judged in the update."""
    project.program(f"{HEAD}vpc = awsx.ec2.Vpc('net', subnet_strategy=SubnetAllocationStrategy.AUTO, {args})\n{more}")
    project.up(policies)
    return {
        f"{judged.type.split(':')[-1]} {judged.name}": judged for judged in policies.judged if judged.type[:4] == "aws:"
    }


def refused(project: Any, error: type[Exception], args: str) -> str:
    project.program(f"{HEAD}awsx.ec2.Vpc('net', {args})")
    with pytest.raises(error) as caught:
        project.preview()
    return str(caught.value)


def test_a_vpc_has_subnets_with_tables_routes_and_one_nat_gateway_for_each_zone(project: Any, policies: Any) -> None:
    names = list(expanded(project, policies, "number_of_availability_zones=2, tags={'Team': 'ml'}"))
    zone = [
        "Subnet net-public-{}",
        "RouteTable net-public-{}",
        "RouteTableAssociation net-public-{}",
        "Eip net-{}",
        "NatGateway net-{}",
        "Route net-public-{}",
        "Subnet net-private-{}",
        "RouteTable net-private-{}",
        "RouteTableAssociation net-private-{}",
        "Route net-private-{}",
    ]
    expected = ["Vpc net", "InternetGateway net"] + [name.format(number) for number in (1, 2) for name in zone]
    assert names == expected


def test_children_have_the_parents_inputs_and_tags_of_awsx(project: Any, policies: Any) -> None:
    found = expanded(
        project, policies, "number_of_availability_zones=1, tags={'Team': 'ml'}, enable_dns_hostnames=True"
    )
    vpc, subnet, table = found["Vpc net"], found["Subnet net-private-1"], found["RouteTable net-private-1"]
    assert (vpc.urn, vpc.parent) == (f"{VPC}::net", "urn:pulumi:dev::shop::awsx:ec2:Vpc::net")
    assert vpc.properties == {
        "cidrBlock": "10.0.0.0/16",
        "enableDnsHostnames": True,
        "tags": {"Name": "net", "Team": "ml"},
        "tagsAll": {"Name": "net", "Team": "ml"},
    }
    subnet_urn = f"{VPC}$aws:ec2/subnet:Subnet::net-private-1"
    assert (subnet.urn, subnet.parent, table.parent) == (subnet_urn, vpc.urn, subnet_urn)
    tags = {"Name": "net-private-1", "SubnetType": "Private", "Team": "ml"}
    assert subnet.properties == {
        "vpcId": "net-1",
        "availabilityZone": "eu-west-1a",
        "mapPublicIpOnLaunch": False,
        "cidrBlock": "10.0.0.0/17",
        "assignIpv6AddressOnCreation": False,
        "tags": tags,
        "tagsAll": tags,
    }
    assert found["Subnet net-public-1"].properties["mapPublicIpOnLaunch"] is True
    assert subnet.property_dependencies == {"vpcId": (vpc.urn,)}
    assert found["NatGateway net-1"].property_dependencies == {
        "subnetId": (found["Subnet net-public-1"].urn,),
        "allocationId": (found["Eip net-1"].urn,),
    }


def test_public_subnets_route_to_the_internet_gateway_and_private_ones_to_nat(project: Any, policies: Any) -> None:
    found = expanded(project, policies, "number_of_availability_zones=1")
    public, private = found["Route net-public-1"], found["Route net-private-1"]
    assert public.property_dependencies["gatewayId"] == (found["InternetGateway net"].urn,)
    assert private.property_dependencies["natGatewayId"] == (found["NatGateway net-1"].urn,)
    assert {route.properties["destinationCidrBlock"] for route in (public, private)} == {"0.0.0.0/0"}


def test_a_single_nat_gateway_serves_all_zones(project: Any, policies: Any) -> None:
    found = expanded(project, policies, "nat_gateways=NatGatewayConfigurationArgs(strategy=NatGatewayStrategy.SINGLE)")
    assert [name for name in found if name.startswith(("Nat", "Eip"))] == ["Eip net-1", "NatGateway net-1"]
    gateway = found["NatGateway net-1"].urn
    routes = [found[f"Route net-private-{zone}"] for zone in (1, 2, 3)]
    assert [route.property_dependencies["natGatewayId"] for route in routes] == [(gateway,)] * 3


def test_isolated_subnets_have_no_route_to_the_internet(project: Any, policies: Any) -> None:
    found = expanded(
        project,
        policies,
        "nat_gateways=NatGatewayConfigurationArgs(strategy=NatGatewayStrategy.NONE), number_of_availability_zones=1, "
        "subnet_specs=[SubnetSpecArgs(type=SubnetType.ISOLATED, name='app', tags={'Tier': 'app'})]",
    )
    assert list(found) == [
        "Vpc net",
        "InternetGateway net",
        "Subnet net-app-1",
        "RouteTable net-app-1",
        "RouteTableAssociation net-app-1",
    ]
    assert found["Subnet net-app-1"].properties["tags"] == {
        "Name": "net-app-1",
        "SubnetType": "Isolated",
        "Tier": "app",
    }
    assert "Tier" not in found["RouteTable net-app-1"].properties["tags"]


def test_given_addresses_are_used_for_the_nat_gateways(project: Any, policies: Any) -> None:
    found = expanded(
        project,
        policies,
        "number_of_availability_zones=2, "
        "nat_gateways=NatGatewayConfigurationArgs(strategy='OnePerAz', elastic_ip_allocation_ids=['eip-a', 'eip-b'])",
    )
    assert not [name for name in found if name.startswith("Eip")]
    assert [found[f"NatGateway net-{zone}"].properties["allocationId"] for zone in (1, 2)] == ["eip-a", "eip-b"]


ENDPOINTS = """[
    VpcEndpointSpecArgs(service_name='com.amazonaws.eu-west-1.sts', vpc_endpoint_type='Interface'),
    VpcEndpointSpecArgs(service_name='com.amazonaws.eu-west-1.s3', tags={'a': 'b'}),
]"""


def test_endpoints_are_passed_through(project: Any, policies: Any) -> None:
    found = expanded(project, policies, f"number_of_availability_zones=1, vpc_endpoint_specs={ENDPOINTS}")
    endpoint = found["VpcEndpoint com.amazonaws.eu-west-1.s3"]
    assert endpoint.parent == found["Vpc net"].urn
    tags = {"Name": "net", "a": "b"}
    expected = {"serviceName": "com.amazonaws.eu-west-1.s3", "vpcId": "net-1", "tags": tags, "tagsAll": tags}
    assert endpoint.properties == expected
    assert not [name for name in found if name.startswith("SecurityGroup")]


def test_auto_endpoints_get_subnets_tables_and_a_security_group(project: Any, policies: Any) -> None:
    found = expanded(
        project,
        policies,
        "number_of_availability_zones=2, vpc_endpoint_strategy=VpcEndpointStrategy.AUTO, "
        f"vpc_endpoint_specs={ENDPOINTS}",
    )
    sts, s3 = (found[f"VpcEndpoint com.amazonaws.eu-west-1.{name}"] for name in ("sts", "s3"))
    private = tuple(found[f"Subnet net-private-{zone}"].urn for zone in (1, 2))
    assert sts.property_dependencies["subnetIds"] == private
    assert sts.properties["privateDnsEnabled"] is True
    group = found["SecurityGroup com.amazonaws.eu-west-1.sts-sg"]
    assert sts.property_dependencies["securityGroupIds"] == (group.urn,)
    rule = found["SecurityGroupRule com.amazonaws.eu-west-1.sts-ingress"]
    assert (rule.properties["fromPort"], rule.properties["cidrBlocks"]) == (443, ["10.0.0.0/16"])
    assert len(s3.properties["routeTableIds"]) == 4
    assert (found["Vpc net"].properties["enableDnsHostnames"], found["Vpc net"].properties["enableDnsSupport"]) == (
        True,
        True,
    )


def test_the_components_outputs_reach_the_program_and_depend_on_the_children(project: Any, policies: Any) -> None:
    found = expanded(
        project,
        policies,
        "number_of_availability_zones=1",
        """
pulumi.export("ids", {"vpc": vpc.vpc_id, "private": vpc.private_subnet_ids, "isolated": vpc.isolated_subnet_ids})
pulumi.export("cidr", vpc.vpc.cidr_block)
pulumi.export("tables", vpc.route_tables.apply(lambda tables: pulumi.Output.all(*(table.id for table in tables))))
pulumi.export("layout", vpc.subnet_layout.apply(lambda found: [f"{s.type.value} {s.cidr_mask}" for s in found]))
aws.sns.Topic("news", display_name=vpc.private_subnet_ids[0])
""",
    )
    outputs = project.up(policies).outputs
    assert outputs["ids"] == {"vpc": "net-1", "private": ["net-private-1-9"], "isolated": []}
    assert outputs["cidr"] == "10.0.0.0/16"
    assert outputs["tables"] == ["net-public-1-4", "net-private-1-10"]
    assert outputs["layout"] == ["Private 17", "Public 18"]
    subnet = found["Subnet net-private-1"].urn
    assert subnet in found["Topic news"].property_dependencies["displayName"]


def test_in_a_preview_ids_are_unknown_and_ranges_are_known(project: Any, policies: Any) -> None:
    project.program(
        f"{HEAD}vpc = awsx.ec2.Vpc('net', subnet_strategy='Auto')\naws.sns.Topic('n', display_name=vpc.vpc_id)"
    )
    project.preview(policies)
    found = {f"{judged.type} {judged.name}": judged.properties for judged in policies.judged}
    assert found["aws:sns/topic:Topic n"]["displayName"] == UNKNOWN
    subnet = found["aws:ec2/subnet:Subnet net-private-1"]
    assert (subnet["vpcId"], subnet["cidrBlock"]) == (UNKNOWN, "10.0.0.0/19")


def test_a_second_run_leaves_the_vpc_alone(project: Any) -> None:
    project.program(f"{HEAD}awsx.ec2.Vpc('net', subnet_strategy='Auto')")
    project.up()
    project.cloud.operations()
    project.up()
    assert project.cloud.operations() == []


def test_protection_and_provider_reach_the_children(project: Any, policies: Any) -> None:
    project.program(f"""{HEAD}
provider = aws.Provider("own", region="eu-west-1", default_tags={{"tags": {{"Project": "shop"}}}})
awsx.ec2.Vpc("net", subnet_strategy="Auto", opts=pulumi.ResourceOptions(protect=True, providers=[provider]))
""")
    project.preview(policies)
    vpc = next(judged for judged in policies.judged if judged.type == "aws:ec2/vpc:Vpc")
    assert vpc.options == {"protect": True}
    assert vpc.provider is not None and vpc.provider.name == "own"
    assert vpc.properties["tagsAll"] == {"Project": "shop", "Name": "net"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            "availability_zone_names=['eu-west-1a'], number_of_availability_zones=1",
            "net: availabilityZoneNames and numberOfAvailabilityZones: give only one of the two",
        ),
        (
            "number_of_availability_zones=4",
            "net: numberOfAvailabilityZones: found 4; the region has 3: eu-west-1a, eu-west-1b, eu-west-1c",
        ),
        (
            "nat_gateways=NatGatewayConfigurationArgs(strategy='Two')",
            "net: natGateways.strategy: found 'Two'; allowed: None, Single, OnePerAz",
        ),
        (
            "nat_gateways=NatGatewayConfigurationArgs(strategy='Single', elastic_ip_allocation_ids=['a', 'b'])",
            "net: natGateways.elasticIpAllocationIds: found 2; allowed with 'Single': 1 or none",
        ),
        (
            "subnet_strategy='Auto', subnet_specs=[SubnetSpecArgs(type='Isolated')]",
            "net: natGateways.strategy: found 'OnePerAz'; it needs public and private subnets",
        ),
    ],
)
def test_what_awsx_refuses_is_refused(project: Any, args: str, message: str) -> None:
    assert refused(project, ComponentInputError, args) == message


def test_what_is_not_expanded_is_named(project: Any) -> None:
    message = refused(project, UnsupportedError, "assign_generated_ipv6_cidr_block=True")
    assert message.endswith("awsx:ec2:Vpc::net: assignGeneratedIpv6CidrBlock: not expanded in the local run")
