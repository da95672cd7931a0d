"""Data sources of a network that exists: VPCs, subnets, route tables, endpoints and security groups.

Answers have the provider's names; "no matching" is its wording for a source that finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from local.adapter.errors import ApiRefused

if TYPE_CHECKING:
    from local.adapter.invokes import Context

Args = Mapping[str, Any]
Answer = dict[str, Any]


def _filters(args: Args, **named: str) -> list[dict[str, Any]]:
    """The filters of a source: its own list, and arguments by the API's name of their filter."""
    given = [{"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or ()]
    return given + [{"Name": name, "Values": [args[key]]} for key, name in named.items() if args.get(key) is not None]


def _all(function: str, context: Context, operation: str, member: str, request: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        return context.call(function, "ec2", operation, request)[member]
    except ApiRefused as error:
        if error.is_gone or error.code.endswith((".NotFound", ".Malformed")):
            return []
        raise


def _one(
    function: str, context: Context, operation: str, member: str, request: dict[str, Any], what: str
) -> dict[str, Any]:
    found = _all(function, context, operation, member, request)
    if len(found) == 1:
        return found[0]
    said = f"multiple EC2 {what}s matched" if found else f"no matching EC2 {what} found"
    raise ApiRefused(function, "ec2", operation, "NotOne", said)


def _vpc(args: Args, context: Context) -> Answer:
    request = {"VpcIds": [args["id"]]} if args.get("id") else {"Filters": _filters(args, cidrBlock="cidr")}
    vpc = _one("getVpc", context, "DescribeVpcs", "Vpcs", request, "VPC")

    def attribute(name: str) -> bool:
        asked = {"VpcId": vpc["VpcId"], "Attribute": name[0].lower() + name[1:]}
        return context.call("getVpc", "ec2", "DescribeVpcAttribute", asked)[name]["Value"]

    return {
        **args,
        "cidrBlock": vpc["CidrBlock"],
        "default": vpc["IsDefault"],
        "enableDnsHostnames": attribute("EnableDnsHostnames"),
        "enableDnsSupport": attribute("EnableDnsSupport"),
        "id": vpc["VpcId"],
        "region": context.region,
        "state": vpc["State"],
    }


def _subnet(args: Args, context: Context) -> Answer:
    request = {"SubnetIds": [args["id"]]} if args.get("id") else {"Filters": _filters(args, vpcId="vpc-id")}
    subnet = _one("getSubnet", context, "DescribeSubnets", "Subnets", request, "Subnet")
    return {
        **args,
        "availabilityZone": subnet["AvailabilityZone"],
        "availableIpAddressCount": subnet["AvailableIpAddressCount"],
        "cidrBlock": subnet["CidrBlock"],
        "id": subnet["SubnetId"],
        "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
        "region": context.region,
        "vpcId": subnet["VpcId"],
    }


def _route_tables(args: Args, context: Context) -> Answer:
    request = {"Filters": _filters(args, vpcId="vpc-id")}
    found = _all("getRouteTables", context, "DescribeRouteTables", "RouteTables", request)
    return {**args, "id": context.region, "ids": [table["RouteTableId"] for table in found], "region": context.region}


def _route_table(args: Args, context: Context) -> Answer:
    request = {
        "Filters": _filters(args, routeTableId="route-table-id", subnetId="association.subnet-id", vpcId="vpc-id")
    }
    table = _one("getRouteTable", context, "DescribeRouteTables", "RouteTables", request, "Route Table")
    return {
        **args,
        "associations": [
            {
                "gatewayId": each.get("GatewayId", ""),
                "main": each["Main"],
                "routeTableAssociationId": each["RouteTableAssociationId"],
                "routeTableId": table["RouteTableId"],
                "subnetId": each.get("SubnetId", ""),
            }
            for each in table.get("Associations", [])
        ],
        "id": table["RouteTableId"],
        "region": context.region,
        "routes": [
            {
                "cidrBlock": route.get("DestinationCidrBlock", ""),
                "destinationPrefixListId": route.get("DestinationPrefixListId", ""),
                "gatewayId": route.get("GatewayId", ""),
                "natGatewayId": route.get("NatGatewayId", ""),
            }
            for route in table["Routes"]
        ],
        "vpcId": table["VpcId"],
    }


def _vpc_endpoint(args: Args, context: Context) -> Answer:
    request = {
        "Filters": _filters(args, vpcId="vpc-id", serviceName="service-name", state="vpc-endpoint-state")
        + ([{"Name": "vpc-endpoint-id", "Values": [args["id"]]}] if args.get("id") else [])
    }
    found = _one("getVpcEndpoint", context, "DescribeVpcEndpoints", "VpcEndpoints", request, "VPC Endpoint")
    named = [{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]
    lists = _all("getVpcEndpoint", context, "DescribeManagedPrefixLists", "PrefixLists", {"Filters": named})
    gateway = found["VpcEndpointType"] == "Gateway"
    return {
        **args,
        "id": found["VpcEndpointId"],
        "policy": found.get("PolicyDocument", ""),
        "prefixListId": lists[0]["PrefixListId"] if gateway and lists else "",
        "privateDnsEnabled": bool(found.get("PrivateDnsEnabled")),
        "region": context.region,
        "routeTableIds": found.get("RouteTableIds", []),
        "securityGroupIds": [group["GroupId"] for group in found.get("Groups", [])],
        "serviceName": found["ServiceName"],
        "state": found["State"],
        "subnetIds": found.get("SubnetIds", []),
        "vpcEndpointType": found["VpcEndpointType"],
        "vpcId": found["VpcId"],
    }


def _security_group(args: Args, context: Context) -> Answer:
    request = {"Filters": _filters(args, id="group-id", name="group-name", vpcId="vpc-id")}
    group = _one("getSecurityGroup", context, "DescribeSecurityGroups", "SecurityGroups", request, "Security Group")
    named = {"id": group["GroupId"], "name": group["GroupName"], "description": group["Description"]}
    return {**args, **named, "region": context.region, "vpcId": group["VpcId"]}


def _security_group_rules(args: Args, context: Context) -> Answer:
    request = {"Filters": _filters(args)}
    found = _all("getSecurityGroupRules", context, "DescribeSecurityGroupRules", "SecurityGroupRules", request)
    ids = [rule["SecurityGroupRuleId"] for rule in found]
    return {**args, "id": context.region, "ids": ids, "region": context.region}


def _security_group_rule(args: Args, context: Context) -> Answer:
    request = {"SecurityGroupRuleIds": [args["securityGroupRuleId"]]}
    operation, what = "DescribeSecurityGroupRules", "Security Group Rule"
    rule = _one("getSecurityGroupRule", context, operation, "SecurityGroupRules", request, what)
    return {
        **args,
        "cidrIpv4": rule.get("CidrIpv4", ""),
        "cidrIpv6": rule.get("CidrIpv6", ""),
        "description": rule.get("Description", ""),
        "fromPort": rule.get("FromPort", -1),
        "id": rule["SecurityGroupRuleId"],
        "ipProtocol": rule["IpProtocol"],
        "isEgress": rule["IsEgress"],
        "prefixListId": rule.get("PrefixListId", ""),
        "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId", ""),
        "region": context.region,
        "securityGroupId": rule["GroupId"],
        "toPort": rule.get("ToPort", -1),
    }


FUNCTIONS: Mapping[str, Callable[[Args, Context], Answer]] = {
    f"aws:{module}/get{name}:get{name}": answer
    for module, name, answer in (
        ("ec2", "RouteTable", _route_table),
        ("ec2", "RouteTables", _route_tables),
        ("ec2", "SecurityGroup", _security_group),
        ("ec2", "Subnet", _subnet),
        ("ec2", "Vpc", _vpc),
        ("ec2", "VpcEndpoint", _vpc_endpoint),
        ("vpc", "SecurityGroupRule", _security_group_rule),
        ("vpc", "SecurityGroupRules", _security_group_rules),
    )
}
