"""The children of awsx.ec2.Vpc as policies and the emulator see them."""

from __future__ import annotations

from typing import Any

import pytest

from local.judge.model import Judged
from local.runtime import ComponentInputError
from local.values import UNKNOWN

VPC = "urn:pulumi:dev::shop::awsx:ec2:Vpc$aws:ec2/vpc:Vpc"
HEAD = """import pulumi_awsx as awsx
from pulumi_awsx.ec2 import *

def subnet(kind, mask, **more):
    return SubnetSpecArgs(type=kind, name=kind.lower(), cidr_mask=mask, **more)

def net(zones=1, nat="OnePerAz", specs=None, **more):
    given = dict(
        cidr_block="10.0.0.0/16",
        availability_zone_names=[f"eu-west-1{letter}" for letter in "abc"[:zones]],
        availability_zone_cidr_mask=18,
        nat_gateways=NatGatewayConfigurationArgs(strategy=nat),
        subnet_strategy=SubnetAllocationStrategy.AUTO,
        subnet_specs=specs or [subnet("Private", 19), subnet("Public", 20)],
    )
    opts = more.pop("opts", None)
    return awsx.ec2.Vpc("net", opts=opts, **given | more)
"""


def expanded(project: Any, policies: Any, args: str, more: str = "") -> dict[str, Judged]:
    """Every resource below the VPC by `type name`, with its inputs as judged in the update."""
    project.program(f"{HEAD}\nvpc = net({args})\n{more}")
    project.up(policies)
    return {
        f"{judged.type.split(':')[-1]} {judged.name}": judged for judged in policies.judged if judged.type[:4] == "aws:"
    }


def ranges(project: Any, policies: Any, args: str) -> list[str]:
    found = expanded(project, policies, args)
    return [f"{each.name} {each.properties['cidrBlock']}" for each in found.values() if each.type.endswith(":Subnet")]


def refused(project: Any, args: str) -> list[str]:
    project.program(f"{HEAD}\nnet({args})")
    with pytest.raises(ComponentInputError) as caught:
        project.preview()
    return list(caught.value.faults)


def test_a_vpc_has_subnets_with_tables_routes_and_one_nat_gateway_for_each_zone(project: Any, policies: Any) -> None:
    names = list(expanded(project, policies, "zones=2, tags={'Team': 'ml'}"))
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
    specs = "[subnet('Private', 19, tags={'Tier': 'app'}), subnet('Public', 20)]"
    found = expanded(project, policies, f"tags={{'Team': 'ml'}}, enable_dns_hostnames=True, specs={specs}")
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
    assert table.properties["tags"] == tags
    assert subnet.properties == {
        "vpcId": "net-1",
        "availabilityZone": "eu-west-1a",
        "mapPublicIpOnLaunch": False,
        "cidrBlock": "10.0.0.0/19",
        "assignIpv6AddressOnCreation": False,
        "tags": tags | {"Tier": "app"},
        "tagsAll": tags | {"Tier": "app"},
    }
    assert found["Subnet net-public-1"].properties["mapPublicIpOnLaunch"] is True
    assert subnet.property_dependencies == {"vpcId": (vpc.urn,)}
    assert found["NatGateway net-1"].property_dependencies == {
        "subnetId": (found["Subnet net-public-1"].urn,),
        "allocationId": (found["Eip net-1"].urn,),
    }


def test_ranges_follow_each_other_in_the_order_of_the_specs_zone_by_zone(project: Any, policies: Any) -> None:
    assert ranges(project, policies, "zones=2") == [
        "net-public-1 10.0.32.0/20",
        "net-private-1 10.0.0.0/19",
        "net-public-2 10.0.96.0/20",
        "net-private-2 10.0.64.0/19",
    ]


def test_a_wider_range_starts_at_its_own_boundary(project: Any, policies: Any) -> None:
    found = ranges(project, policies, "specs=[subnet('Public', 24), subnet('Private', 20)]")
    assert found == ["net-public-1 10.0.0.0/24", "net-private-1 10.0.16.0/20"]


def test_an_unused_range_stays_free(project: Any, policies: Any) -> None:
    found = ranges(project, policies, "nat='None', specs=[subnet('Unused', 19), subnet('Public', 19)]")
    assert found == ["net-public-1 10.0.32.0/19"]


def test_public_subnets_route_to_the_internet_gateway_and_private_ones_to_nat(project: Any, policies: Any) -> None:
    found = expanded(project, policies, "")
    public, private = found["Route net-public-1"], found["Route net-private-1"]
    assert public.property_dependencies["gatewayId"] == (found["InternetGateway net"].urn,)
    assert private.property_dependencies["natGatewayId"] == (found["NatGateway net-1"].urn,)
    assert {route.properties["destinationCidrBlock"] for route in (public, private)} == {"0.0.0.0/0"}


def test_a_single_nat_gateway_serves_all_zones(project: Any, policies: Any) -> None:
    found = expanded(project, policies, "zones=3, nat='Single'")
    assert [name for name in found if name.startswith(("Nat", "Eip"))] == ["Eip net-1", "NatGateway net-1"]
    gateway = found["NatGateway net-1"].urn
    routes = [found[f"Route net-private-{zone}"] for zone in (1, 2, 3)]
    assert [route.property_dependencies["natGatewayId"] for route in routes] == [(gateway,)] * 3


def test_private_subnets_without_nat_have_no_route_to_the_internet(project: Any, policies: Any) -> None:
    found = expanded(project, policies, "nat='None', specs=[subnet('Private', 19)]")
    assert list(found) == [
        "Vpc net",
        "InternetGateway net",
        "Subnet net-private-1",
        "RouteTable net-private-1",
        "RouteTableAssociation net-private-1",
    ]


def test_the_components_outputs_reach_the_program_and_depend_on_the_children(project: Any, policies: Any) -> None:
    found = expanded(
        project,
        policies,
        "",
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
    assert outputs["layout"] == ["Private 19", "Public 20"]
    subnet = found["Subnet net-private-1"].urn
    assert subnet in found["Topic news"].property_dependencies["displayName"]


def test_in_a_preview_ids_are_unknown_and_ranges_are_known(project: Any, policies: Any) -> None:
    project.program(f"{HEAD}\naws.sns.Topic('n', display_name=net().vpc_id)")
    project.preview(policies)
    found = {f"{judged.type} {judged.name}": judged.properties for judged in policies.judged}
    assert found["aws:sns/topic:Topic n"]["displayName"] == UNKNOWN
    subnet = found["aws:ec2/subnet:Subnet net-private-1"]
    assert (subnet["vpcId"], subnet["cidrBlock"]) == (UNKNOWN, "10.0.0.0/19")


def test_a_second_run_leaves_the_vpc_alone(project: Any) -> None:
    project.program(f"{HEAD}\nnet()")
    project.up()
    project.cloud.operations()
    project.up()
    assert project.cloud.operations() == []


def test_protection_and_provider_reach_the_children(project: Any, policies: Any) -> None:
    project.program(f"""{HEAD}
provider = aws.Provider("own", region="eu-west-1", default_tags={{"tags": {{"Project": "shop"}}}})
net(opts=pulumi.ResourceOptions(protect=True, providers=[provider]))
""")
    project.preview(policies)
    vpc = next(judged for judged in policies.judged if judged.type == "aws:ec2/vpc:Vpc")
    assert vpc.options == {"protect": True}
    assert vpc.provider is not None and vpc.provider.name == "own"
    assert vpc.properties["tagsAll"] == {"Project": "shop", "Name": "net"}


@pytest.mark.parametrize(
    ("args", "faults"),
    [
        (
            "nat='None', specs=[subnet('Private', 17)]",
            ["subnetSpecs: need 32768 addresses in each zone, which has 16384"],
        ),
        (
            "specs=[subnet('Private', 19)]",
            ["natGateways.strategy: found 'OnePerAz'; it needs public and private subnets"],
        ),
        (
            "assign_generated_ipv6_cidr_block=True, number_of_availability_zones=2, cidr_block=None",
            [
                "assignGeneratedIpv6CidrBlock: not expanded in the local run",
                "numberOfAvailabilityZones: not expanded in the local run",
                "cidrBlock: missing; the local run has no default",
            ],
        ),
        ("subnet_strategy='Exact'", ["subnetStrategy: found 'Exact'; the local run lays out 'Auto'"]),
        (
            "specs=[SubnetSpecArgs(type='Isolated', name='app', size=256)]",
            [
                "subnetSpecs[0].size: not expanded in the local run",
                "subnetSpecs[0].cidrMask: missing; the local run has no default",
                "subnetSpecs[0].type: found 'Isolated'; the local run lays out Public, Private, Unused",
                "natGateways.strategy: found 'OnePerAz'; it needs public and private subnets",
            ],
        ),
        (
            "nat_gateways=NatGatewayConfigurationArgs(strategy='Two', elastic_ip_allocation_ids=['a'])",
            [
                "natGateways.elasticIpAllocationIds: not expanded in the local run",
                "natGateways.strategy: found 'Two'; allowed: None, Single, OnePerAz",
            ],
        ),
    ],
)
def test_what_awsx_refuses_and_what_is_not_expanded_is_refused(project: Any, args: str, faults: list[str]) -> None:
    assert refused(project, args) == faults
