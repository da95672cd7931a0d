"""Amazon VPC: networks and subnets, and what all tables of EC2 share.

EC2 names things by id only, so `DescribeX` calls read back what it made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import network
from local.adapter.table import (
    ID,
    Call,
    Request,
    Requests,
    ResourceType,
    Scope,
    Source,
    Tagging,
    To,
    arn,
    live,
    response,
    value,
)
from local.adapter.values import same


def tagging(resource_type: str) -> Tagging:
    """Tags of an EC2 resource: `TagSpecifications` when it is made, CreateTags and DeleteTags afterwards."""
    return Tagging(
        create="TagSpecifications",
        wrap=lambda tags: [{"resourceType": resource_type, "tags": tags}],
        tag="CreateTags",
        untag="DeleteTags",
        given={"Resources": lambda scope: [scope.id]},
        keys="Tags",
        as_key_objects=True,
    )


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
                yield Request(
                    operation=operation, parameters={resource: scope.id, member: content}, origins={path: key}
                )

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

VPC = ResourceType(
    type="aws:ec2/vpc:Vpc",
    service="ec2",
    create=(Call(operation="CreateVpc"), _VPC_ATTRIBUTES),
    fields={
        "assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock",
        "cidrBlock": To("CidrBlock", network),
        "ipv6CidrBlock": To("Ipv6CidrBlock", network),
    },
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    update=(_VPC_ATTRIBUTES,),
    delete=(Call(operation="DeleteVpc", given={"VpcId": ID}),),
    replace=(
        "assignGeneratedIpv6CidrBlock",
        "cidrBlock",
        "instanceTenancy",
        "ipv4IpamPoolId",
        "ipv4NetmaskLength",
        "ipv6CidrBlock",
        "ipv6CidrBlockNetworkBorderGroup",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
    ),
    id=response("Vpc.VpcId"),
    read=(
        Call(operation="DescribeVpcs", given={"VpcIds[]": ID}),
        Call(operation="DescribeRouteTables", given={"Filters": by("vpc-id")}),
        Call(operation="DescribeNetworkAcls", given={"Filters": by("vpc-id")}),
        Call(operation="DescribeSecurityGroups", given={"Filters": by("vpc-id")}),
    ),
    outputs={
        "arn": arn("ec2", "vpc/{id}"),
        "ownerId": live("Vpcs[0].OwnerId"),
        "dhcpOptionsId": live("Vpcs[0].DhcpOptionsId"),
        "mainRouteTableId": live("RouteTables[?Associations[?Main]] | [0].RouteTableId"),
        "defaultRouteTableId": live("RouteTables[?Associations[?Main]] | [0].RouteTableId"),
        "defaultNetworkAclId": live("NetworkAcls[?IsDefault] | [0].NetworkAclId"),
        "defaultSecurityGroupId": live("SecurityGroups[?GroupName=='default'] | [0].GroupId"),
        "enableDnsHostnames": value("enableDnsHostnames", False),
    },
    tags=tagging("vpc"),
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

SUBNET = ResourceType(
    type="aws:ec2/subnet:Subnet",
    service="ec2",
    create=(Call(operation="CreateSubnet"), _SUBNET_ATTRIBUTES),
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
    delete=(Call(operation="DeleteSubnet", given={"SubnetId": ID}),),
    replace=(
        "availabilityZone",
        "availabilityZoneId",
        "cidrBlock",
        "ipv4IpamPoolId",
        "ipv4NetmaskLength",
        "ipv6CidrBlock",
        "ipv6IpamPoolId",
        "ipv6Native",
        "ipv6NetmaskLength",
        "outpostArn",
        "vpcId",
    ),
    id=response("Subnet.SubnetId"),
    read=(Call(operation="DescribeSubnets", given={"SubnetIds[]": ID}),),
    outputs={
        "arn": arn("ec2", "subnet/{id}"),
        "availabilityZone": live("Subnets[0].AvailabilityZone"),
        "availabilityZoneId": live("Subnets[0].AvailabilityZoneId"),
        "ownerId": live("Subnets[0].OwnerId"),
    },
    tags=tagging("subnet"),
)

TYPES = (VPC, SUBNET)
