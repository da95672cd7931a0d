"""Data sources of a network that exists: VPCs, subnets, route tables, endpoints and security groups.

Answers have the provider's names; "no matching" is its wording for a source that finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jmespath

from local.adapter.errors import ApiRefused

if TYPE_CHECKING:
    from local.adapter.invokes import Context

Args = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A source of one thing: the call that finds it, its arguments as filters, and its answer as JMESPath of the thing.

    Without a name in `what`, a source of many things, whose answer is their `id`s. `member` holds the things in the
    answer of `Describe<member>`.
    """

    member: str
    filters: Mapping[str, str]
    outputs: Mapping[str, str]
    what: str = ""
    more: Callable[[Answer, Context], Answer] = field(default=lambda _, __: {})

    def answer(self, args: Args, context: Context) -> Answer:
        """The provider's answer. Raises ApiRefused for no match, and for several."""
        operation = f"Describe{self.member}"
        filters = [{"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or ()]
        filters += [{"Name": n, "Values": [args[key]]} for key, n in self.filters.items() if args.get(key) is not None]
        found = context.call(operation, "ec2", operation, {"Filters": filters})[self.member]
        if not self.what:
            return {**args, "id": context.region, "ids": jmespath.search(self.outputs["ids"], found)}
        if len(found) != 1:
            said = f"multiple EC2 {self.what}s matched" if found else f"no matching EC2 {self.what} found"
            raise ApiRefused(operation, "ec2", operation, "NotOne", said)
        outputs = {key: jmespath.search(path, found[0]) for key, path in self.outputs.items()}
        return {**args, "region": context.region, **outputs, **self.more(outputs, context)}


def _attributes(vpc: Answer, context: Context) -> Answer:
    def attribute(name: str) -> bool:
        asked = {"VpcId": vpc["id"], "Attribute": name}
        answer = context.call("getVpc", "ec2", "DescribeVpcAttribute", asked)
        return answer[name[0].upper() + name[1:]]["Value"]

    return {name: attribute(name) for name in ("enableDnsHostnames", "enableDnsSupport")}


def _prefix_list(endpoint: Answer, context: Context) -> Answer:
    """The prefix list that a gateway's routes go to carries the service's name."""
    named = {"Filters": [{"Name": "prefix-list-name", "Values": [endpoint["serviceName"]]}]}
    lists = context.call("getVpcEndpoint", "ec2", "DescribeManagedPrefixLists", named)["PrefixLists"]
    gateway = endpoint["vpcEndpointType"] == "Gateway"
    return {"prefixListId": lists[0]["PrefixListId"] if gateway and lists else ""}


def _same(*names: str) -> dict[str, str]:
    """Outputs that the API calls alike."""
    return {name: f"{name[0].upper()}{name[1:]}" for name in names}


_SOURCES = {
    "aws:ec2/getVpc:getVpc": _Source(
        what="VPC",
        member="Vpcs",
        filters={"id": "vpc-id", "cidrBlock": "cidr"},
        outputs={"id": "VpcId", "cidrBlock": "CidrBlock", "default": "IsDefault", "state": "State"},
        more=_attributes,
    ),
    "aws:ec2/getSubnet:getSubnet": _Source(
        what="Subnet",
        member="Subnets",
        filters={"id": "subnet-id", "vpcId": "vpc-id"},
        outputs={
            **_same("availabilityZone", "availableIpAddressCount", "cidrBlock", "mapPublicIpOnLaunch", "vpcId"),
            "id": "SubnetId",
        },
    ),
    "aws:ec2/getSubnets:getSubnets": _Source(member="Subnets", filters={}, outputs={"ids": "[].SubnetId"}),
    "aws:ec2/getRouteTables:getRouteTables": _Source(
        member="RouteTables",
        filters={"vpcId": "vpc-id"},
        outputs={"ids": "[].RouteTableId"},
    ),
    "aws:ec2/getRouteTable:getRouteTable": _Source(
        what="Route Table",
        member="RouteTables",
        filters={"routeTableId": "route-table-id", "subnetId": "association.subnet-id", "vpcId": "vpc-id"},
        outputs={
            "id": "RouteTableId",
            "associations": "Associations[].{gatewayId: GatewayId || '', main: Main, subnetId: SubnetId || '', "
            "routeTableAssociationId: RouteTableAssociationId, routeTableId: RouteTableId}",
            "routes": "Routes[].{cidrBlock: DestinationCidrBlock || '', gatewayId: GatewayId || '', "
            "destinationPrefixListId: DestinationPrefixListId || '', natGatewayId: NatGatewayId || ''}",
            "vpcId": "VpcId",
        },
    ),
    "aws:ec2/getVpcEndpoint:getVpcEndpoint": _Source(
        what="VPC Endpoint",
        member="VpcEndpoints",
        filters={
            "id": "vpc-endpoint-id",
            "serviceName": "service-name",
            "state": "vpc-endpoint-state",
            "vpcId": "vpc-id",
        },
        outputs={
            **_same("serviceName", "state", "vpcEndpointType"),
            "id": "VpcEndpointId",
            "policy": "PolicyDocument",
            "privateDnsEnabled": "PrivateDnsEnabled || `false`",
            "routeTableIds": "RouteTableIds || `[]`",
            "securityGroupIds": "Groups[].GroupId || `[]`",
            "subnetIds": "SubnetIds || `[]`",
        },
        more=_prefix_list,
    ),
    "aws:ec2/getSecurityGroup:getSecurityGroup": _Source(
        what="Security Group",
        member="SecurityGroups",
        filters={"id": "group-id", "name": "group-name", "vpcId": "vpc-id"},
        outputs={"id": "GroupId", "name": "GroupName", "description": "Description", "vpcId": "VpcId"},
    ),
    "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": _Source(
        member="SecurityGroupRules",
        filters={},
        outputs={"ids": "[].SecurityGroupRuleId"},
    ),
    "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": _Source(
        what="Security Group Rule",
        member="SecurityGroupRules",
        filters={"securityGroupRuleId": "security-group-rule-id"},
        outputs={
            **_same("ipProtocol", "isEgress"),
            "id": "SecurityGroupRuleId",
            "cidrIpv4": "CidrIpv4 || ''",
            "description": "Description || ''",
            "fromPort": "FromPort || `-1`",
            "prefixListId": "PrefixListId || ''",
            "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId || ''",
            "securityGroupId": "GroupId",
            "toPort": "ToPort || `-1`",
        },
    ),
}
FUNCTIONS: Mapping[str, Callable[[Args, Context], Answer]] = {t: source.answer for t, source in _SOURCES.items()}
