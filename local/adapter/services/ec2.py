"""Amazon VPC: networks and subnets, and what the tables of EC2 share.

EC2 names things by id only, so `DescribeX` calls read back what it made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import network
from local.adapter.table import Call, Request, Requests, ResourceType, Scope, Source, To, live, value
from local.adapter.values import same

SERVICE = "ec2"


def by(name: str, key: str = "") -> Source:
    """A filter on an id: that of the resource, or an input of it."""
    return lambda scope: [{"Name": name, "Values": [scope.inputs.get(key) if key else scope.id]}]


def _attributes(operation: str, resource: str, members: dict[str, str], initial: dict[str, Any]) -> Requests:
    """EC2 changes attributes one call each; what equals the value that a new resource has anyway is left out."""

    def build(scope: Scope) -> Iterator[Request]:
        for key, member in members.items():
            wanted = scope.inputs.get(key)
            present = scope.before.get(key, initial.get(key)) if scope.before else initial.get(key)
            if wanted is not None and not same(wanted, present):
                content = {"Value": wanted} if isinstance(wanted, bool) else wanted
                path = f"{member}.Value" if isinstance(wanted, bool) else member
                yield Request(operation, {resource: scope.id, member: content}, origins={path: key})

    return Requests(takes=tuple(members), build=build)


_VPC_ATTRIBUTES = _attributes(
    "ModifyVpcAttribute",
    "VpcId",
    {
        "enableDnsSupport": "EnableDnsSupport",
        "enableDnsHostnames": "EnableDnsHostnames",
        "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
    },
    {"enableDnsSupport": True, "enableDnsHostnames": False, "enableNetworkAddressUsageMetrics": False},
)

_SUBNET_FLAGS = {
    "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
    "enableDns64": "EnableDns64",
    "enableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecordOnLaunch",
    "enableResourceNameDnsAaaaRecordOnLaunch": "EnableResourceNameDnsAAAARecordOnLaunch",
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
}
_SUBNET_ATTRIBUTES = _attributes(
    "ModifySubnetAttribute", "SubnetId", _SUBNET_FLAGS, dict.fromkeys(_SUBNET_FLAGS, False)
)

TYPES = (
    ResourceType(
        "aws:ec2/vpc:Vpc",
        id="vpc-{hex:.17}",
        create=(Call("CreateVpc"), _VPC_ATTRIBUTES),
        fields={
            "assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock",
            "cidrBlock": To("CidrBlock", network),
            "ipv6CidrBlock": To("Ipv6CidrBlock", network),
        },
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        update=(_VPC_ATTRIBUTES,),
        replace=(
            *("assignGeneratedIpv6CidrBlock", "cidrBlock", "instanceTenancy", "ipv4IpamPoolId", "ipv4NetmaskLength"),
            *("ipv6CidrBlock", "ipv6CidrBlockNetworkBorderGroup", "ipv6IpamPoolId", "ipv6NetmaskLength"),
        ),
        read=(
            Call("DescribeVpcs"),
            Call("DescribeRouteTables", given={"Filters": by("vpc-id")}),
            Call("DescribeNetworkAcls", given={"Filters": by("vpc-id")}),
            Call("DescribeSecurityGroups", given={"Filters": by("vpc-id")}),
        ),
        outputs={
            "ownerId": live("Vpcs[0].OwnerId"),
            "dhcpOptionsId": live("Vpcs[0].DhcpOptionsId"),
            "mainRouteTableId": live("RouteTables[?Associations[?Main]] | [0].RouteTableId"),
            "defaultRouteTableId": live("RouteTables[?Associations[?Main]] | [0].RouteTableId"),
            "defaultNetworkAclId": live("NetworkAcls[?IsDefault] | [0].NetworkAclId"),
            "defaultSecurityGroupId": live("SecurityGroups[?GroupName=='default'] | [0].GroupId"),
            "enableDnsHostnames": value("enableDnsHostnames", False),
        },
    ),
    ResourceType(
        "aws:ec2/subnet:Subnet",
        id="subnet-{hex:.17}",
        create=(Call("CreateSubnet"), _SUBNET_ATTRIBUTES),
        fields={"cidrBlock": To("CidrBlock", network), "ipv6CidrBlock": To("Ipv6CidrBlock", network)},
        defaults={**dict.fromkeys(_SUBNET_FLAGS, False), "ipv6Native": False},
        refused=dict.fromkeys(
            (
                "customerOwnedIpv4Pool",
                "enableLniAtDeviceIndex",
                "mapCustomerOwnedIpOnLaunch",
                "privateDnsHostnameTypeOnLaunch",
            ),
            "the emulator does not keep it; leave it out",
        ),
        update=(_SUBNET_ATTRIBUTES,),
        replace=(
            *("availabilityZone", "availabilityZoneId", "cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"),
            *("ipv6CidrBlock", "ipv6IpamPoolId", "ipv6Native", "ipv6NetmaskLength", "outpostArn", "vpcId"),
        ),
        outputs={
            "availabilityZone": live("Subnets[0].AvailabilityZone"),
            "availabilityZoneId": live("Subnets[0].AvailabilityZoneId"),
            "ownerId": live("Subnets[0].OwnerId"),
        },
    ),
)
