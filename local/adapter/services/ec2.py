"""Amazon VPC: networks, subnets, routes, gateways, endpoints and flow logs.

EC2 names things by id only, so `DescribeX` calls read back what it made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import network, one_of, resource_policy
from local.adapter.table import (
    ABSENT,
    EVERYTHING,
    ID,
    Call,
    Request,
    Requests,
    ResourceType,
    Scope,
    Source,
    Tagging,
    To,
    Wait,
    arn,
    live,
    response,
    text,
    value,
)
from local.adapter.values import known_items, same


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

ROUTE_TABLE = ResourceType(
    type="aws:ec2/routeTable:RouteTable",
    service="ec2",
    create=(Call(operation="CreateRouteTable"),),
    refused={
        "routes": "write each route as an aws.ec2.Route",
        "propagatingVgws": "write it as an aws.ec2.VpnGatewayRoutePropagation",
    },
    delete=(Call(operation="DeleteRouteTable", given={"RouteTableId": ID}),),
    replace=("vpcId",),
    id=response("RouteTable.RouteTableId"),
    outputs={"arn": arn("ec2", "route-table/{id}"), "ownerId": response("RouteTable.OwnerId")},
    tags=tagging("route-table"),
)

_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_ROUTE_TARGETS = (
    "carrierGatewayId",
    "coreNetworkArn",
    "egressOnlyGatewayId",
    "gatewayId",
    "localGatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "odbNetworkArn",
    "transitGatewayId",
    "vpcEndpointId",
    "vpcPeeringConnectionId",
)
_ROUTE_NAME = {"RouteTableId": value("routeTableId"), **{member: value(key) for key, member in _DESTINATIONS.items()}}


def _route_id(scope: Scope) -> Any:
    destination = next((scope.inputs[key] for key in _DESTINATIONS if key in scope.inputs), "")
    return text(f"r-{{routeTableId}}-{destination}")(scope)


ROUTE = ResourceType(
    type="aws:ec2/route:Route",
    service="ec2",
    create=(Call(operation="CreateRoute"),),
    fields={
        "destinationCidrBlock": To("DestinationCidrBlock", network),
        "destinationIpv6CidrBlock": To("DestinationIpv6CidrBlock", network),
        "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    },
    update=(Call(operation="ReplaceRoute", takes=_ROUTE_TARGETS, given=_ROUTE_NAME),),
    delete=(Call(operation="DeleteRoute", given=_ROUTE_NAME),),
    replace=("routeTableId", *_DESTINATIONS),
    id=_route_id,
    outputs={"origin": "CreateRoute", "state": "active"},
)

ROUTE_TABLE_ASSOCIATION = ResourceType(
    type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    create=(Call(operation="AssociateRouteTable"),),
    delete=(Call(operation="DisassociateRouteTable", given={"AssociationId": ID}),),
    # The provider moves an association to another table in place, and its id changes with it. A new resource says the
    # same.
    replace=("gatewayId", "routeTableId", "subnetId"),
    id=response("AssociationId"),
)

INTERNET_GATEWAY = ResourceType(
    type="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    create=(
        Call(operation="CreateInternetGateway"),
        Call(operation="AttachInternetGateway", takes=("vpcId",), given={"InternetGatewayId": ID}),
    ),
    update=(
        Requests(
            takes=("vpcId",),
            build=lambda scope: (
                Request(operation=operation, parameters={"InternetGatewayId": scope.id, "VpcId": vpc})
                for operation, vpc in (
                    ("DetachInternetGateway", scope.before.get("vpcId")),
                    ("AttachInternetGateway", scope.inputs.get("vpcId")),
                )
                if vpc
            ),
        ),
    ),
    delete=(
        Requests(
            takes=("vpcId",),
            build=lambda scope: (
                [
                    Request(
                        operation="DetachInternetGateway",
                        parameters={"InternetGatewayId": scope.id, "VpcId": scope.inputs["vpcId"]},
                    )
                ]
                if scope.inputs.get("vpcId")
                else []
            ),
        ),
        Call(operation="DeleteInternetGateway", given={"InternetGatewayId": ID}),
    ),
    id=response("InternetGateway.InternetGatewayId"),
    outputs={"arn": arn("ec2", "internet-gateway/{id}"), "ownerId": text("{account}")},
    tags=tagging("internet-gateway"),
)

ELASTIC_IP = ResourceType(
    type="aws:ec2/eip:Eip",
    service="ec2",
    create=(Call(operation="AllocateAddress"),),
    refused=dict.fromkeys(
        ("associateWithPrivateIp", "instance", "networkInterface"),
        "associate the address by allocation id, as aws.ec2.NatGateway does",
    ),
    delete=(Call(operation="ReleaseAddress", given={"AllocationId": ID}),),
    replace=("address", "customerOwnedIpv4Pool", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"),
    id=response("AllocationId"),
    outputs={
        "allocationId": ID,
        "arn": arn("ec2", "elastic-ip/{id}"),
        "domain": response("Domain"),
        "publicIp": response("PublicIp"),
    },
    tags=tagging("elastic-ip"),
)

NAT_GATEWAY = ResourceType(
    type="aws:ec2/natGateway:NatGateway",
    service="ec2",
    create=(Call(operation="CreateNatGateway"),),
    fields={"privateIp": "PrivateIpAddress"},
    defaults={"connectivityType": "public"},
    delete=(Call(operation="DeleteNatGateway", given={"NatGatewayId": ID}),),
    replace=EVERYTHING,
    id=response("NatGateway.NatGatewayId"),
    read=(Call(operation="DescribeNatGateways", given={"NatGatewayIds[]": ID}),),
    wait=Wait(
        path="NatGateways[0].State", ready=("available",), failed=("failed",), reason="NatGateways[0].FailureMessage"
    ),
    outputs={
        "associationId": live("NatGateways[0].NatGatewayAddresses[0].AssociationId"),
        "networkInterfaceId": live("NatGateways[0].NatGatewayAddresses[0].NetworkInterfaceId"),
        "privateIp": live("NatGateways[0].NatGatewayAddresses[0].PrivateIp"),
        "publicIp": live("NatGateways[0].NatGatewayAddresses[0].PublicIp"),
    },
    tags=tagging("natgateway"),
)

_ENDPOINT_LISTS = {"routeTableIds": "RouteTableIds", "securityGroupIds": "SecurityGroupIds", "subnetIds": "SubnetIds"}


def _endpoint_changes(scope: Scope) -> Iterator[Request]:
    """One ModifyVpcEndpoint with what each list gains and loses."""
    parameters: dict[str, Any] = {"VpcEndpointId": scope.id}
    for key, member in _ENDPOINT_LISTS.items():
        before, after = (known_items(inputs.get(key)) for inputs in (scope.before, scope.inputs))
        gained, lost = [item for item in after if item not in before], [item for item in before if item not in after]
        parameters |= {f"Add{member}": gained} if gained else {}
        parameters |= {f"Remove{member}": lost} if lost else {}
    for key, member in (
        ("policy", "PolicyDocument"),
        ("privateDnsEnabled", "PrivateDnsEnabled"),
        ("dnsOptions", "DnsOptions"),
    ):
        if key in scope.changed:
            content = scope.inputs.get(key)
            parameters |= {"ResetPolicy": True} if key == "policy" and content is None else {member: content}
    yield Request(operation="ModifyVpcEndpoint", parameters=parameters)


def _service_prefix_list(scope: Scope) -> Any:
    return [{"Name": "prefix-list-name", "Values": [scope.inputs["serviceName"]]}]


VPC_ENDPOINT = ResourceType(
    type="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    create=(Call(operation="CreateVpcEndpoint"),),
    fields={"policy": To("PolicyDocument", resource_policy)},
    defaults={"vpcEndpointType": "Gateway"},
    provider_only=("autoAccept",),
    update=(Requests(takes=(*_ENDPOINT_LISTS, "policy", "privateDnsEnabled", "dnsOptions"), build=_endpoint_changes),),
    delete=(
        Call(
            operation="DeleteVpcEndpoints",
            given={"VpcEndpointIds[]": ID},
            failures="Unsuccessful[0].Error.Message",
        ),
    ),
    replace=(
        "ipAddressType",
        "resourceConfigurationArn",
        "serviceName",
        "serviceNetworkArn",
        "serviceRegion",
        "subnetConfigurations",
        "vpcEndpointType",
        "vpcId",
    ),
    id=response("VpcEndpoint.VpcEndpointId"),
    # As the provider does: a gateway endpoint's routes go to the prefix list that carries the service's name.
    read=(
        Call(operation="DescribeVpcEndpoints", given={"VpcEndpointIds[]": ID}),
        Call(operation="DescribeManagedPrefixLists", given={"Filters": _service_prefix_list}),
    ),
    outputs={
        "arn": arn("ec2", "vpc-endpoint/{id}"),
        "dnsEntries": live("VpcEndpoints[0].DnsEntries[].{dnsName: DnsName, hostedZoneId: HostedZoneId}", []),
        "networkInterfaceIds": live("VpcEndpoints[0].NetworkInterfaceIds", []),
        "ownerId": text("{account}"),
        "prefixListId": live("PrefixLists[0].PrefixListId"),
        "requesterManaged": False,
        "state": live("VpcEndpoints[0].State"),
    },
    tags=tagging("vpc-endpoint"),
)

#: What a flow log watches -> the API's name for it.
_WATCHED = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
    "regionalNatGatewayId": "RegionalNatGateway",
}


def _watched_type(scope: Scope) -> Any:
    return next((name for key, name in _WATCHED.items() if scope.inputs.get(key) is not None), ABSENT)


FLOW_LOG = ResourceType(
    type="aws:ec2/flowLog:FlowLog",
    service="ec2",
    create=(
        Call(
            operation="CreateFlowLogs",
            given={"ResourceType": _watched_type},
            failures="Unsuccessful[0].Error.Message",
        ),
    ),
    fields={
        **dict.fromkeys(_WATCHED, "ResourceIds[]"),
        "deliverCrossAccountRole": "DeliverCrossAccountRole",
        "iamRoleArn": "DeliverLogsPermissionArn",
        "maxAggregationInterval": To("MaxAggregationInterval", one_of(60, 600)),
    },
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    delete=(Call(operation="DeleteFlowLogs", given={"FlowLogIds[]": ID}, failures="Unsuccessful[0].Error.Message"),),
    replace=EVERYTHING,
    id=response("FlowLogIds[0]"),
    outputs={"arn": arn("ec2", "vpc-flow-log/{id}")},
    tags=tagging("vpc-flow-log"),
)

TYPES = (
    VPC,
    SUBNET,
    ROUTE_TABLE,
    ROUTE,
    ROUTE_TABLE_ASSOCIATION,
    INTERNET_GATEWAY,
    ELASTIC_IP,
    NAT_GATEWAY,
    VPC_ENDPOINT,
    FLOW_LOG,
)
