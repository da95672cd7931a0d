"""The network: where the workloads run, and the security group that decides whom they talk to.

The stack either has a VPC of its own (`components.ground.vpc`) or takes one that the account has
(`components.ground.existing`), which is checked and never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.ground import existing, vpc
from components.ground.existing import Found
from components.ground.keys import Keys
from components.ground.vpc import Site, Vpc, VpcArgs
from components.service import Service
from contracts.names import Names
from settings.network import Network as NetworkSettings

HTTPS = 443
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "ec2",
        types="ec2/defaultSecurityGroup ec2/eip ec2/flowLog ec2/internetGateway ec2/natGateway ec2/route "
        "ec2/routeTable ec2/routeTableAssociation ec2/securityGroup ec2/subnet ec2/vpc ec2/vpcEndpoint "
        "vpc/securityGroupEgressRule vpc/securityGroupIngressRule",
        reads="DescribeVpcAttribute",
        reads_anywhere="DescribeAddresses DescribeAddressesAttribute DescribeAvailabilityZones DescribeFlowLogs "
        "DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaces "
        "DescribePrefixLists DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets "
        "DescribeVpcEndpointServices DescribeVpcEndpoints DescribeVpcs",
        changes="AllocateAddress AssociateRouteTable AttachInternetGateway AuthorizeSecurityGroupEgress "
        "AuthorizeSecurityGroupIngress CreateFlowLogs CreateInternetGateway CreateNatGateway CreateRoute "
        "CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc CreateVpcEndpoint DeleteFlowLogs "
        "DeleteInternetGateway DeleteNatGateway DeleteRoute DeleteRouteTable DeleteSecurityGroup DeleteSubnet "
        "DeleteTags DeleteVpc DeleteVpcEndpoints DetachInternetGateway DisassociateRouteTable ModifySecurityGroupRules "
        "ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint ReleaseAddress RevokeSecurityGroupEgress "
        "RevokeSecurityGroupIngress",
        unnamed="elastic-ip/* *gateway/* route-table/* security-group*/* subnet/* vpc*/*",
        handed_to="vpc-flow-logs",
    ),
    Service(
        "logs",
        types="cloudwatch/logGroup",
        reads="ListTagsForResource",
        reads_anywhere="DescribeLogGroups",
        changes="AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy PutLogGroupDeletionProtection "
        "PutRetentionPolicy TagResource UntagResource",
        changes_anywhere="CreateLogDelivery DeleteLogDelivery",
        named="log-group:{every} log-group:{ending}",
    ),
)


def survey(
    names: Names,
    settings: NetworkSettings,
    callers: Mapping[str, tuple[str, ...]],
    lookup: pulumi.InvokeOptions,
    *,
    hosts: int,
) -> Site | Found:
    """What the network stands on, read before anything is made. Raises RunError where the platform cannot run there.

    No job has more than so many `hosts`.
    """
    if settings.existing is not None:
        return existing.survey(names.region, settings.existing, callers, lookup, hosts=hosts)
    return vpc.survey(names, settings.created, callers, lookup)


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """`site` is what `survey` found; `callers` are the services to reach, each with its callers."""

    names: Names
    settings: NetworkSettings
    site: Site | Found
    callers: Mapping[str, tuple[str, ...]]
    keys: Keys
    log_retention_days: int
    permissions_boundary: pulumi.Input[str]


class Network(pulumi.ComponentResource):
    """The VPC and everything that decides what may talk to what.

    network = Network("network", NetworkArgs(names=names, settings=settings.network, site=site, keys=keys, ...))
    network.subnet_ids, network.security_group_id     # for jobs, models and functions
    """

    vpc_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[list[str]]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:network:Network", name, None, opts)
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        if isinstance(args.site, Found):
            self._take(args.site)
        else:
            self._make(args.site)
        self.register_outputs(
            {"vpcId": self.vpc_id, "subnetIds": self.subnet_ids, "securityGroupId": self.security_group_id}
        )

    def _make(self, site: Site) -> None:
        args, settings = self._args, self._args.settings.created
        made = Vpc(
            self._name,
            VpcArgs(
                names=args.names,
                settings=settings,
                site=site,
                callers=args.callers,
                keys=args.keys,
                log_retention_days=args.log_retention_days,
                permissions_boundary=args.permissions_boundary,
            ),
            parent=self,
        )
        self.vpc_id, self.subnet_ids = made.id, made.subnet_ids
        self.security_group_id = self._workloads_group([made.endpoint_group_id], made.s3_prefix_list_id)
        made.admit(self.security_group_id)
        if settings.nat != "none":
            self._to_internet("HTTPS to the internet through NAT, asked for by network.create.nat")

    def _take(self, found: Found) -> None:
        self.vpc_id = pulumi.Output.from_input(found.vpc_id)
        self.subnet_ids = pulumi.Output.from_input(list(found.subnet_ids))
        if found.security_group_id is not None:
            self.security_group_id = pulumi.Output.from_input(found.security_group_id)
            return
        self.security_group_id = self._workloads_group(found.endpoint_group_ids, found.s3_prefix_list_id)
        if found.elsewhere:
            self._to_internet("HTTPS to AWS services by the network's own way, asked for by missing_endpoints")

    def _to_internet(self, description: str) -> None:
        self._egress("internet", description, self.security_group_id, cidr_ipv4="0.0.0.0/0")

    def _workloads_group(
        self, endpoint_group_ids: Sequence[pulumi.Input[str]], s3_prefix_list_id: pulumi.Input[str] | None
    ) -> pulumi.Output[str]:
        """The security group of jobs, models and functions: to AWS and to each other, and nowhere else."""
        group = aws.ec2.SecurityGroup(
            f"{self._name}-workloads-group",
            description="Jobs, models and functions",
            vpc_id=self.vpc_id,
            tags={"Name": self._args.names.resource("workloads")},
            opts=self._child,
        )
        for number, endpoints in enumerate(endpoint_group_ids, start=1):
            self._egress(
                "endpoints" if number == 1 else f"endpoints-{number}",
                "HTTPS to the interface endpoints of AWS services",
                group.id,
                referenced_security_group_id=endpoints,
            )
        if s3_prefix_list_id is not None:
            self._egress("s3", "HTTPS to S3 through its gateway endpoint", group.id, prefix_list_id=s3_prefix_list_id)
        # Hosts of one distributed job talk to each other on ports that they choose, encrypted by SageMaker (SageMaker
        # developer guide, "Give SageMaker training jobs access to resources in your Amazon VPC").
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-workloads-from-each-other",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="Hosts of one distributed job, inbound",
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-workloads-to-each-other",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="Hosts of one distributed job, outbound",
            opts=self._child,
        )
        return group.id

    def _egress(
        self,
        to: str,
        description: str,
        group_id: pulumi.Input[str],
        *,
        referenced_security_group_id: pulumi.Input[str] | None = None,
        prefix_list_id: pulumi.Input[str] | None = None,
        cidr_ipv4: str | None = None,
    ) -> None:
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-workloads-to-{to}",
            security_group_id=group_id,
            referenced_security_group_id=referenced_security_group_id,
            prefix_list_id=prefix_list_id,
            cidr_ipv4=cidr_ipv4,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description=description,
            opts=self._child,
        )
