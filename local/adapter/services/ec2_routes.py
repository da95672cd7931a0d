"""Amazon VPC: the ways out of a subnet, which are route tables, routes, gateways and addresses."""

from __future__ import annotations

from typing import Any

from local.adapter.conversions import network
from local.adapter.services.ec2 import tagging
from local.adapter.table import (
    EVERYTHING,
    ID,
    Call,
    Request,
    Requests,
    ResourceType,
    Scope,
    To,
    Wait,
    arn,
    live,
    response,
    text,
    value,
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

TYPES = (
    ROUTE_TABLE,
    ROUTE,
    ROUTE_TABLE_ASSOCIATION,
    INTERNET_GATEWAY,
    ELASTIC_IP,
    NAT_GATEWAY,
)
