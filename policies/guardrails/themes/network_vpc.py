"""Network: subnets, security groups and Kubernetes control planes."""

from __future__ import annotations

import ipaddress

from pulumi_policy import Severity

from ..finding import Findings, independently
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD
from ..reading import Prop
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from ..schema import strings
from .theme import NETWORK as THEME

HTTPS = 443
LAST_PORT = 65535
# The shortest prefixes that a network of one's own has: 10.0.0.0/8 and fc00::/7.
_SHORTEST = {4: 8, 6: 7}


def is_anywhere(block: object) -> bool:
    """Whether a CIDR block is the internet or a great part of it, in any spelling: `::/0`, `0::0/0`, `0.0.0.0/1`."""
    try:
        network = ipaddress.ip_network(str(block), strict=False)
    except ValueError:
        return False  # no CIDR block; AWS refuses it
    return network.prefixlen < _SHORTEST[network.version]


@THEME.policy(
    on="ec2/subnet",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_130", fsbp="EC2.15", guard="SUBNET_AUTO_ASSIGN_PUBLIC_IP_DISABLED"),
    remedy="Set map_public_ip_on_launch=False; tag a subnet that must be public with tier=public.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/subnet-public-ip.html",
    settings={
        "publicTags": strings("Tags, as key=value, that mark a public subnet.", ["tier=public", "SubnetType=Public"])
    },
)
def subnet_no_auto_public_ip(subnet: Resource) -> Findings:
    """Subnets give no public address to what is started in them, unless they are marked public."""
    found = subnet.prop("mapPublicIpOnLaunch").must_be(False, when_missing=False)
    marks = [mark.partition("=") for mark in subnet.config["publicTags"]] if found else []
    if not any(subnet.prop("tags").entry(key).value == value for key, _, value in marks):
        yield from found


@subnet_no_auto_public_ip.remediation
def _(draft: Draft) -> None:
    draft.set("mapPublicIpOnLaunch", False)


@THEME.policy(
    on=("ec2/securityGroup", "ec2/securityGroupRule", "vpc/securityGroupIngressRule"),
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=Controls(
        checkov="CKV_AWS_24 CKV_AWS_25 CKV_AWS_260 CKV_AWS_277", fsbp="EC2.13 EC2.14 EC2.18 EC2.19", cis="5.3 5.4"
    ),
    remedy="Name a source security group or the CIDR blocks that need access.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html",
    settings={
        "publicGroups": strings("Logical names of groups that may be open on port 443, of a public load balancer.")
    },
)
def security_group_no_open_ingress(group: Resource) -> Findings:
    """No security group lets the whole internet in."""
    rules = group.props("ingress[]") if group.type.endswith(":SecurityGroup") else [group.prop("")]
    for rule in rules:
        found = list(_closed(rule))
        if group.name in group.config["publicGroups"]:
            ports = (rule.prop("fromPort"), rule.prop("toPort"))
            beyond = (port.when(lambda number: number != HTTPS, found) for port in ports)
            found = next(filter(None, (*beyond, _protocol(rule).when(_is_every, found))), [])
        yield from rule.prop("type").when(lambda direction: direction != "egress", found)


@THEME.policy(
    on=("ec2/securityGroup", "ec2/securityGroupRule", "vpc/securityGroupEgressRule"),
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_382"),
    remedy="Allow only the ports and the prefix lists, groups or CIDR blocks that the workload calls.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
def security_group_restricted_egress(group: Resource) -> Findings:
    """No security group lets everything out to everywhere; stolen data needs a way out."""
    rules = group.props("egress[]") if group.type.endswith(":SecurityGroup") else [group.prop("")]
    for rule in rules:
        found = list(_closed(rule))
        ports = rule.prop("fromPort").when(lambda port: port in (0, 1), found)
        ports = rule.prop("toPort").when(lambda port: port == LAST_PORT, ports)
        everything = _protocol(rule).when(_is_every, found) or ports
        yield from rule.prop("type").when(lambda direction: direction != "ingress", everything)


def _protocol(rule: Prop) -> Prop:
    return rule.prop("protocol" if rule.prop("ipProtocol").missing else "ipProtocol")


def _is_every(protocol: object) -> bool:
    return str(protocol) in ("-1", "-1.0", "all")


def _closed(rule: Prop) -> Findings:
    """No CIDR block of a rule is the whole internet."""
    for path in ("cidrBlocks[]", "ipv6CidrBlocks[]", "cidrIpv4", "cidrIpv6"):
        for prop in rule.props(path):
            yield from prop.judged(lambda block: not is_anywhere(block), "a narrower CIDR block")


@THEME.policy(
    on=(
        "ec2/securityGroup",
        "ec2/securityGroupRule",
        "vpc/securityGroupIngressRule",
        "vpc/securityGroupEgressRule",
    ),
    mandatory=IN_PROD,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV_AWS_23"),
    remedy="Say in description what the group or rule is for.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
def security_group_rule_description(group: Resource) -> Findings:
    """Security groups and their rules say what they are for."""
    inline = [rule for path in ("ingress[]", "egress[]") for rule in group.props(path)]
    for description in (group.prop("description"), *(rule.prop("description") for rule in inline)):
        yield from description.judged(
            lambda text: bool(text) and text != "Managed by Pulumi", "a sentence that says what it is for"
        )


@THEME.policy(
    on="ec2/vpc",
    reads="ec2/defaultSecurityGroup",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV2_AWS_12", fsbp="EC2.2", cis="5.5"),
    remedy="Adopt the default group with ec2.DefaultSecurityGroup and give it no ingress and no egress.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
)
def default_security_group_closed(vpc: Resource) -> Findings:
    """The default security group of every VPC lets nothing in and nothing out."""
    groups = vpc.attached("vpcId", "ec2/defaultSecurityGroup")
    if not groups:
        yield vpc.violation("no defaultSecurityGroup is declared for it, so the open one of AWS stays")
    for group in groups:
        for direction in ("ingress", "egress"):
            yield from group.prop(direction).judged(lambda rules: not rules, "empty")


@THEME.policy(
    on="lambda/function",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV_AWS_117", fsbp="Lambda.3"),
    remedy="Set vpc_config with private subnets and a security group.",
    url="https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
)
def lambda_in_vpc(function: Resource) -> Findings:
    """Functions run inside the platform's VPC."""
    yield from function.prop("vpcConfig.subnetIds").must_be_set("a list of private subnets")


@THEME.policy(
    on="eks/cluster",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_38 CKV_AWS_39", fsbp="EKS.1"),
    remedy="Set endpoint_private_access=True and endpoint_public_access=False.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
)
def eks_private_endpoint(cluster: Resource) -> Findings:
    """The API of a Kubernetes cluster is reached from inside the VPC only."""
    yield from cluster.prop("vpcConfig.endpointPrivateAccess").must_be(True)
    yield from cluster.prop("vpcConfig.endpointPublicAccess").must_be(False, when_missing=True)
    for block in cluster.props("vpcConfig.publicAccessCidrs[]"):
        yield from independently(block.judged(lambda cidr: not is_anywhere(cidr), "a narrower CIDR block"))


@THEME.policy(
    on="eks/nodeGroup",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_100"),
    remedy="Leave remote_access out, or name source_security_group_ids.",
    url="https://docs.aws.amazon.com/eks/latest/APIReference/API_RemoteAccessConfig.html",
)
def eks_node_no_ssh(group: Resource) -> Findings:
    """Kubernetes nodes take no SSH from the internet: a key without source groups opens port 22 to everyone."""
    sources = group.prop("remoteAccess.sourceSecurityGroupIds").must_be_set("a list of security groups")
    yield from group.prop("remoteAccess.ec2SshKey").when(bool, sources)
