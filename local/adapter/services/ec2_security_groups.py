"""Security groups and rules; the default group and network ACL of a VPC, which are adopted, not created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.adapter.conversions import network
from local.adapter.rules import exactly_one, must
from local.adapter.services.ec2 import by
from local.adapter.table import ABSENT, ID, Call, Request, Requests, ResourceType, Scope, live, response, value

SERVICE = "ec2"

_OPERATIONS = {
    "ingress": ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "IpPermissions"),
    "egress": ("AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "IpPermissionsEgress"),
}
_EVERYTHING_OUT = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def _revoke_found(scope: Scope) -> Iterator[Request]:
    """Revoke every rule of an adopted group: the provider keeps only those that the program states."""
    for _, revoke, member in _OPERATIONS.values():
        found = next(iter(scope.response.get("SecurityGroups") or []), {}).get(member)
        if found:
            yield Request(revoke, {"GroupId": scope.id, "IpPermissions": found})


#: Peer of a rule -> (list in an IpPermission, member in it, member in a SecurityGroupRuleRequest).
_PEERS = {
    "cidrIpv4": ("IpRanges", "CidrIp", "CidrIpv4"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId", "ReferencedGroupId"),
}
_RULE_ORIGINS = {"IpProtocol": "ipProtocol", "FromPort": "fromPort", "ToPort": "toPort"}


def _ports(inputs: Mapping[str, Any]) -> dict[str, Any]:
    if inputs.get("ipProtocol") == "-1":
        return {}
    return {"FromPort": inputs.get("fromPort"), "ToPort": inputs.get("toPort")}


def _authorize(operation: str) -> Requests:
    """The call that makes one rule; a rule is a permission with a single peer."""

    def build(scope: Scope) -> Iterator[Request]:
        inputs = scope.inputs
        note = {"Description": inputs["description"]} if inputs.get("description") else {}
        permission: dict[str, Any] = {"IpProtocol": inputs.get("ipProtocol"), **_ports(inputs)}
        origins = {f"IpPermissions[0].{name}": key for name, key in _RULE_ORIGINS.items()}
        for key, (group, member, _) in _PEERS.items():
            if inputs.get(key) is not None:
                permission[group] = [{member: inputs[key], **note}]
                origins |= {f"IpPermissions[0].{group}[0].{member}": key}
                origins |= {f"IpPermissions[0].{group}[0].Description": "description"}
        yield Request(
            operation,
            {"GroupId": inputs.get("securityGroupId"), "IpPermissions": [permission]},
            origins={"GroupId": "securityGroupId", **origins},
        )

    return Requests(takes=(), build=build)


def _modify(scope: Scope) -> Iterator[Request]:
    rule: dict[str, Any] = {
        "IpProtocol": scope.inputs.get("ipProtocol"),
        "Description": scope.inputs.get("description"),
        **_ports(scope.inputs),
        **{member: scope.inputs.get(key) for key, (_, _, member) in _PEERS.items()},
    }
    known = {key: content for key, content in rule.items() if content is not None}
    yield Request(
        "ModifySecurityGroupRules",
        {
            "GroupId": scope.inputs["securityGroupId"],
            "SecurityGroupRules": [{"SecurityGroupRuleId": scope.id, "SecurityGroupRule": known}],
        },
    )


def _revoke_everything_out(scope: Scope) -> Iterator[Request]:
    """EC2 gives a new group a rule that lets everything out; the provider takes it away."""
    yield Request("RevokeSecurityGroupEgress", {"GroupId": scope.id, "IpPermissions": [_EVERYTHING_OUT]})


def _default_group(scope: Scope) -> list[dict[str, Any]]:
    """The filters that find the default group of a VPC, or of the region's default VPC."""
    of_vpc = by("vpc-id", "vpcId")(scope) if scope.inputs.get("vpcId") else []
    return [{"Name": "group-name", "Values": ["default"]}, *of_vpc]


_INLINE_RULES = {
    "ingress": "write each rule as an aws.vpc.SecurityGroupIngressRule",
    "egress": "write each rule as an aws.vpc.SecurityGroupEgressRule",
}


def _rule(token: str, direction: str) -> ResourceType:
    authorize, revoke, _ = _OPERATIONS[direction]
    return ResourceType(
        token,
        id="sgr-{hex:.17}",
        found="SecurityGroupRules[0].SecurityGroupRuleId",
        arn="security-group-rule/{id}",
        create=(_authorize(authorize),),
        rules=(exactly_one(*_PEERS), must("cidrIpv4", network), must("cidrIpv6", network)),
        update=(Requests(takes=(*_PEERS, "description", "fromPort", "toPort", "ipProtocol"), build=_modify),),
        delete=(Call(revoke, given={"GroupId": value("securityGroupId"), "SecurityGroupRuleIds[]": ID}),),
        replace=("securityGroupId",),
        outputs={"securityGroupRuleId": ID},
    )


TYPES = (
    ResourceType(
        "aws:ec2/securityGroup:SecurityGroup",
        id="sg-{hex:.17}",
        found="GroupId",
        create=(
            Call("CreateSecurityGroup"),
            Requests(takes=(), always=True, build=_revoke_everything_out),
        ),
        fields={"name": "GroupName"},
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        provider_only=("revokeRulesOnDelete",),
        refused=_INLINE_RULES,
        update=(),
        delete=(Call("DeleteSecurityGroup", given={"GroupId": ID, "GroupName": ABSENT}),),
        replace=("description", "name", "namePrefix", "vpcId"),
        read=(Call("DescribeSecurityGroups", given={"GroupIds[]": ID, "GroupNames": ABSENT}),),
        outputs={"ownerId": live("SecurityGroups[0].OwnerId"), "vpcId": live("SecurityGroups[0].VpcId")},
    ),
    ResourceType(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        id="sg-{hex:.17}",
        found="SecurityGroups[0].GroupId",
        arn="security-group/{id}",
        create=(
            Call("DescribeSecurityGroups", takes=(), given={"Filters": _default_group}),
            Requests(takes=(), always=True, build=_revoke_found),
        ),
        provider_only=("revokeRulesOnDelete",),
        refused=_INLINE_RULES,
        update=(),
        delete=(),  # the group lives as long as its VPC; the provider only forgets it
        replace=("vpcId",),
        outputs={
            "description": response("SecurityGroups[0].Description"),
            "name": "default",
            "ownerId": response("SecurityGroups[0].OwnerId"),
            "vpcId": response("SecurityGroups[0].VpcId"),
        },
    ),
    _rule("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ingress"),
    _rule("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "egress"),
)
