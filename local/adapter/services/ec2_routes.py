"""Amazon VPC: the ways out of a subnet, which are route tables, routes, gateways and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import network
from local.adapter.table import ID, Call, Request, Requests, ResourceType, Scope, To, Wait, live, response, text, value

SERVICE = "ec2"

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


def _route_id(scope: Scope) -> Any:
    destination = next((scope.inputs[key] for key in _DESTINATIONS if key in scope.inputs), "")
    return text(f"r-{{routeTableId}}-{destination}")(scope)


def _attachments(scope: Scope) -> Iterator[Request]:
    """Detach an internet gateway from the VPC that it had and attach it to the one that it is to have."""
    for operation, inputs in (("DetachInternetGateway", scope.before), ("AttachInternetGateway", scope.inputs)):
        if vpc := inputs.get("vpcId"):
            yield Request(operation, {"InternetGatewayId": scope.id, "VpcId": vpc})


def _detachment(scope: Scope) -> Iterator[Request]:
    if vpc := scope.inputs.get("vpcId"):
        yield Request("DetachInternetGateway", {"InternetGatewayId": scope.id, "VpcId": vpc})


_ADDRESS = "NatGateways[0].NatGatewayAddresses[0]"

TYPES = (
    ResourceType(
        "aws:ec2/routeTable:RouteTable",
        id="rtb-{hex:.17}",
        refused={
            "routes": "write each route as an aws.ec2.Route",
            "propagatingVgws": "write it as an aws.ec2.VpnGatewayRoutePropagation",
        },
        outputs={"ownerId": response("RouteTable.OwnerId")},
    ),
    ResourceType(
        "aws:ec2/route:Route",
        id=_route_id,
        fields={
            "destinationCidrBlock": To("DestinationCidrBlock", network),
            "destinationIpv6CidrBlock": To("DestinationIpv6CidrBlock", network),
            "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
        },
        update=(
            Call("ReplaceRoute", takes=_ROUTE_TARGETS, given={to: value(key) for key, to in _DESTINATIONS.items()}),
        ),
        replace=("routeTableId", *_DESTINATIONS),
        outputs={"origin": "CreateRoute", "state": "active"},
    ),
    # The provider moves an association to another table in place, and its id changes with it. A new resource says the
    # same.
    ResourceType(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        id="rtbassoc-{hex:.17}",
        create=(Call("AssociateRouteTable"),),
        delete=(Call("DisassociateRouteTable"),),
    ),
    ResourceType(
        "aws:ec2/internetGateway:InternetGateway",
        id="igw-{hex:.17}",
        create=(Call("CreateInternetGateway"), Call("AttachInternetGateway", takes=("vpcId",))),
        update=(Requests(takes=("vpcId",), build=_attachments),),
        delete=(Requests(takes=("vpcId",), build=_detachment), Call("DeleteInternetGateway")),
        replace=(),
        outputs={"ownerId": text("{account}")},
    ),
    ResourceType(
        "aws:ec2/eip:Eip",
        id="eipalloc-{hex:.17}",
        found="AllocationId",
        arn="elastic-ip/{id}",
        create=(Call("AllocateAddress"),),
        refused=dict.fromkeys(
            ("associateWithPrivateIp", "instance", "networkInterface"),
            "associate the address by allocation id, as aws.ec2.NatGateway does",
        ),
        delete=(Call("ReleaseAddress", given={"AllocationId": ID}),),
        outputs={"allocationId": ID, "domain": response("Domain"), "publicIp": response("PublicIp")},
    ),
    ResourceType(
        "aws:ec2/natGateway:NatGateway",
        id="nat-{hex:.17}",
        arn="natgateway/{id}",
        fields={"privateIp": "PrivateIpAddress"},
        defaults={"connectivityType": "public"},
        wait=Wait(
            "NatGateways[0].State", ready=("available",), failed=("failed",), reason="NatGateways[0].FailureMessage"
        ),
        outputs={
            "associationId": live(f"{_ADDRESS}.AssociationId"),
            "networkInterfaceId": live(f"{_ADDRESS}.NetworkInterfaceId"),
            "privateIp": live(f"{_ADDRESS}.PrivateIp"),
            "publicIp": live(f"{_ADDRESS}.PublicIp"),
        },
    ),
)
