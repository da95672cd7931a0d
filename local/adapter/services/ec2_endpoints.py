"""Amazon VPC: private endpoints of other services, and flow logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import one_of, resource_policy
from local.adapter.table import ABSENT, Call, Request, Requests, ResourceType, Scope, To, live, text
from local.adapter.values import known_items

SERVICE = "ec2"

_FAILURES = "Unsuccessful[0].Error.Message"
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
    yield Request("ModifyVpcEndpoint", parameters)


def _service_prefix_list(scope: Scope) -> Any:
    return [{"Name": "prefix-list-name", "Values": [scope.inputs.get("serviceName", "")]}]


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


TYPES = (
    ResourceType(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        id="vpce-{hex:.17}",
        fields={"policy": To("PolicyDocument", resource_policy)},
        defaults={"vpcEndpointType": "Gateway"},
        provider_only=("autoAccept",),
        update=(
            Requests(takes=(*_ENDPOINT_LISTS, "policy", "privateDnsEnabled", "dnsOptions"), build=_endpoint_changes),
        ),
        delete=(Call("DeleteVpcEndpoints", failures=_FAILURES),),
        replace=(
            *("ipAddressType", "resourceConfigurationArn", "serviceName", "serviceNetworkArn", "serviceRegion"),
            *("subnetConfigurations", "vpcEndpointType", "vpcId"),
        ),
        # As the provider does: a gateway endpoint's routes go to the prefix list that carries the service's name.
        read=(
            Call("DescribeVpcEndpoints"),
            Call("DescribeManagedPrefixLists", given={"Filters": _service_prefix_list}),
        ),
        outputs={
            "dnsEntries": live("VpcEndpoints[0].DnsEntries[].{dnsName: DnsName, hostedZoneId: HostedZoneId}", []),
            "networkInterfaceIds": live("VpcEndpoints[0].NetworkInterfaceIds", []),
            "ownerId": text("{account}"),
            "prefixListId": live("PrefixLists[0].PrefixListId"),
            "requesterManaged": False,
            "state": live("VpcEndpoints[0].State"),
        },
    ),
    ResourceType(
        "aws:ec2/flowLog:FlowLog",
        id="fl-{hex:.17}",
        arn="vpc-flow-log/{id}",
        create=(Call("CreateFlowLogs", given={"ResourceType": _watched_type}, failures=_FAILURES),),
        fields={
            **dict.fromkeys(_WATCHED, "ResourceIds[]"),
            "deliverCrossAccountRole": "DeliverCrossAccountRole",
            "iamRoleArn": "DeliverLogsPermissionArn",
            "maxAggregationInterval": To("MaxAggregationInterval", one_of(60, 600)),
        },
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        delete=(Call("DeleteFlowLogs", failures=_FAILURES),),
    ),
)
