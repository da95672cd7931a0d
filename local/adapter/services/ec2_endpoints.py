"""Amazon VPC: private endpoints of other services, and flow logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import one_of, resource_policy
from local.adapter.services.ec2 import tagging
from local.adapter.table import (
    ABSENT,
    EVERYTHING,
    ID,
    Call,
    Request,
    Requests,
    ResourceType,
    Scope,
    To,
    arn,
    live,
    response,
    text,
)
from local.adapter.values import known_items

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
    return [{"Name": "prefix-list-name", "Values": [scope.inputs.get("serviceName", "")]}]


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

TYPES = (VPC_ENDPOINT, FLOW_LOG)
