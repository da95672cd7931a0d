"""Security groups and rules on a real moto, and the default group of a VPC, which is adopted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.adapter import Adapter, Created, InvalidInput

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"


@pytest.fixture
def vpc(adapter: Adapter) -> Created:
    return adapter.create("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})


def group_of(aws: Callable[[str], Any], group_id: str) -> dict[str, Any]:
    return aws("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]


def test_a_group_begins_without_rules(adapter: Adapter, vpc: Created, aws: Callable[[str], Any]) -> None:
    inputs = {"vpcId": vpc.id, "name": "service", "tags": {"Name": "service"}}
    created = adapter.create(GROUP, "service", inputs)
    assert created.outputs["arn"] == f"arn:aws:ec2:eu-west-1:123456789012:security-group/{created.id}"
    assert created.outputs["description"] == "Managed by Pulumi"
    found = group_of(aws, created.id)
    assert (found["IpPermissions"], found["IpPermissionsEgress"]) == ([], [])
    adapter.delete(GROUP, created.id, inputs, created.outputs)
    assert created.id not in [item["GroupId"] for item in aws("ec2").describe_security_groups()["SecurityGroups"]]


@pytest.mark.parametrize("kind", [GROUP, DEFAULT_GROUP])
@pytest.mark.parametrize(("side", "token"), [("ingress", "Ingress"), ("egress", "Egress")])
def test_rules_are_resources_of_their_own(offline: Adapter, kind: str, side: str, token: str) -> None:
    rule = {"protocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "cidrBlocks": ["10.0.0.0/8"]}
    with pytest.raises(InvalidInput, match=rf"{side} = .*; write each rule as an aws.vpc.SecurityGroup{token}Rule"):
        offline.validate(kind, "service", {"vpcId": "vpc-1", side: [rule]})


@pytest.mark.parametrize(("token", "side"), [(INGRESS, "IpPermissions"), (EGRESS, "IpPermissionsEgress")])
def test_a_rule_of_its_own(adapter: Adapter, vpc: Created, aws: Callable[[str], Any], token: str, side: str) -> None:
    group = adapter.create(GROUP, "group", {"vpcId": vpc.id})
    inputs = {
        "securityGroupId": group.id,
        "ipProtocol": "tcp",
        "fromPort": 443.0,
        "toPort": 443.0,
        "cidrIpv4": "10.0.0.0/16",
        "description": "https",
        "tags": {"Name": "https"},
    }
    rule = adapter.create(token, "https", inputs)
    assert rule.outputs["securityGroupRuleId"] == rule.id
    assert rule.outputs["arn"] == f"arn:aws:ec2:eu-west-1:123456789012:security-group-rule/{rule.id}"
    assert group_of(aws, group.id)[side][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/16", "Description": "https"}]
    tags = aws("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [rule.id]}])["Tags"]
    assert [(tag["Key"], tag["Value"]) for tag in tags] == [("Name", "https")]
    changed = {**inputs, "fromPort": 8443.0, "toPort": 8443.0}
    adapter.update(token, rule.id, inputs, changed, rule.outputs)
    assert group_of(aws, group.id)[side][0]["FromPort"] == 8443
    adapter.delete(token, rule.id, changed, rule.outputs)
    assert group_of(aws, group.id)[side] == []


def test_a_rule_refers_to_another_group(adapter: Adapter, vpc: Created, aws: Callable[[str], Any]) -> None:
    one, other = (adapter.create(GROUP, name, {"vpcId": vpc.id, "name": name}) for name in ("one", "other"))
    inputs = {"securityGroupId": one.id, "ipProtocol": "-1", "referencedSecurityGroupId": other.id}
    adapter.create(INGRESS, "from-other", inputs)
    assert group_of(aws, one.id)["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == other.id


def test_a_rule_has_exactly_one_peer(offline: Adapter) -> None:
    inputs = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": "443", "toPort": 443.0}
    with pytest.raises(InvalidInput) as refused:
        offline.validate(INGRESS, "https", {**inputs, "cidrIpv4": "10.0.0.1/8", "prefixListId": "pl-1"})
    assert str(refused.value).splitlines() == [
        f"{INGRESS} 'https': fromPort = '443': must be a whole number",
        f"{INGRESS} 'https': cidrIpv4 = 'cidrIpv4 and prefixListId': exactly one of cidrIpv4, cidrIpv6, prefixListId, "
        "referencedSecurityGroupId must be given",
    ]


def test_the_default_group_is_adopted_and_emptied(adapter: Adapter, vpc: Created, aws: Callable[[str], Any]) -> None:
    inputs = {"vpcId": vpc.id, "tags": {"Name": "unused"}}
    created = adapter.create(DEFAULT_GROUP, "default", inputs)
    assert created.id == vpc.outputs["defaultSecurityGroupId"]
    assert (created.outputs["name"], created.outputs["ownerId"]) == ("default", "123456789012")
    found = group_of(aws, created.id)
    assert (found["IpPermissions"], found["IpPermissionsEgress"]) == ([], [])
    assert found["Tags"] == [{"Key": "Name", "Value": "unused"}]
    adapter.delete(DEFAULT_GROUP, created.id, inputs, created.outputs)
    assert group_of(aws, created.id)["GroupName"] == "default"
