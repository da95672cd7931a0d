"""The network: a VPC whose workloads reach AWS through endpoints and nothing else.

Creates the VPC (awsx) with a subnet per zone, a gateway endpoint for S3, interface endpoints for the other services the
platform calls, security groups with described rules, a closed default security group, and encrypted flow logs. There is
no NAT gateway and no public subnet unless the stack config asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
from pulumi_awsx.ec2 import NatGatewayStrategy, SubnetAllocationStrategy, SubnetType

from components import access
from components.access import Statement
from components.ground.keys import Domain, Keys
from components.naming import Names
from settings import Network as NetworkSettings
from settings import Settings

HTTPS = 443
_NAT = {"none": NatGatewayStrategy.NONE, "single": NatGatewayStrategy.SINGLE, "per_az": NatGatewayStrategy.ONE_PER_AZ}


def subnet_types(settings: NetworkSettings) -> list[SubnetType]:
    """The kinds of subnet in every zone; the workloads run in the first."""
    if settings.workload_subnets == "public":
        return [SubnetType.PUBLIC]
    return [SubnetType.ISOLATED] if settings.nat == "none" else [SubnetType.PRIVATE, SubnetType.PUBLIC]


#: Endpoints whose service has another name in IAM (service authorization reference); the others go by their first word.
_IAM_NAMES = {
    "email-smtp": "ses",
    "git-codecommit": "codecommit",
    "kinesis-firehose": "firehose",
    "kinesis-streams": "kinesis",
    "monitoring": "cloudwatch",
}


def endpoint_policy(names: Names, service: str) -> list[Statement]:
    """An interface endpoint serves its own service (for example `ecr.api`) and principals of this account only."""
    word = service.partition(".")[0]
    mine = {"StringEquals": {"aws:PrincipalAccount": names.account}}
    actions = [f"{_IAM_NAMES.get(word, word)}:*"]
    return [access.grant("PrincipalsOfThisAccount", actions, ["*"], "*", conditions=mine)]


def s3_endpoint_policy(names: Names) -> list[Statement]:
    """S3 through the gateway: this account's buckets, and the layers of its images, which ECR keeps in its own bucket.

    ECR hands out pre-signed links to the layers (Amazon ECR user guide, "Minimum Amazon S3 bucket permissions"), so
    that statement cannot ask who the principal is.
    """
    mine = {"StringEquals": {"aws:PrincipalAccount": names.account, "aws:ResourceAccount": names.account}}
    layers = names.bucket_arn(f"prod-{names.region}-starport-layer-bucket", "*")
    return [
        access.grant("BucketsOfThisAccount", ["s3:*"], ["*"], "*", conditions=mine),
        access.grant(
            "ImageLayers", ["s3:GetObject"], [layers], "*", conditions={"Bool": {"aws:SecureTransport": "true"}}
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """`settings` are those of the whole stack: the network and the retention of its flow logs."""

    names: Names
    settings: Settings
    keys: Keys
    permissions_boundary: pulumi.Input[str]


class Network(pulumi.ComponentResource):
    """The VPC and everything that decides what may talk to what.

    network = Network("network", NetworkArgs(names=names, settings=settings, keys=keys, ...))
    network.subnet_ids, network.security_group_id     # for jobs, models and functions
    """

    vpc_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[list[str]]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:network:Network", name, None, opts)
        self._name, self._args, self._settings = name, args, args.settings.network
        vpc = self._vpc()
        self.vpc_id = vpc.vpc_id
        self.subnet_ids = _workload_subnets(vpc, self._settings)
        self._flow_logs()
        workloads, endpoints = self._security_groups()
        self.security_group_id = workloads.id
        gateway = self._s3_endpoint(vpc)
        self._interface_endpoints(endpoints)
        self._rules(workloads, endpoints, gateway)
        self.register_outputs(
            {"vpcId": self.vpc_id, "subnetIds": self.subnet_ids, "securityGroupId": self.security_group_id}
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _vpc(self) -> awsx.ec2.Vpc:
        settings = self._settings
        return awsx.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=str(settings.cidr),
            number_of_availability_zones=settings.availability_zones,
            enable_dns_hostnames=True,
            enable_dns_support=True,  # the private names of interface endpoints need both
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=_NAT[settings.nat]),
            subnet_strategy=SubnetAllocationStrategy.AUTO,
            subnet_specs=[
                awsx.ec2.SubnetSpecArgs(type=kind, name=kind.value.lower(), tags={"Tier": kind.value.lower()})
                for kind in subnet_types(settings)
            ],
            tags={"Name": self._args.names.prefix},
            opts=self._child(),
        )

    def _flow_logs(self) -> None:
        names = self._args.names
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-flow-logs",
            name=f"/aws/vpc/flow-logs/{names.prefix}",
            kms_key_id=self._args.keys[Domain.LOGS].arn,
            retention_in_days=self._args.settings.logs.retention_days,
            opts=self._child(),
        )
        role = access.Role(
            f"{self._name}-flow-logs-role",
            access.RoleArgs(
                names=names,
                job="flow-logs",
                service="vpc-flow-logs.amazonaws.com",
                description="Delivers the VPC's flow logs",
                statements=[access.write_logs(names, [f"/aws/vpc/flow-logs/{names.prefix}"])],
                permissions_boundary=self._args.permissions_boundary,
            ),
            self._child(),
        )
        aws.ec2.FlowLog(
            f"{self._name}-flow-log",
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            opts=self._child(),
        )

    def _security_groups(self) -> tuple[aws.ec2.SecurityGroup, aws.ec2.SecurityGroup]:
        # Every VPC has a default group that lets its members talk; adopting it without rules closes it.
        aws.ec2.DefaultSecurityGroup(f"{self._name}-default-group", vpc_id=self.vpc_id, opts=self._child())
        workloads, endpoints = (
            aws.ec2.SecurityGroup(
                f"{self._name}-{role}-group",
                description=description,
                vpc_id=self.vpc_id,
                tags={"Name": self._args.names.resource(role)},
                opts=self._child(),
            )
            for role, description in (
                ("workloads", "Jobs, models and functions"),
                ("endpoints", "VPC endpoints of AWS services"),
            )
        )
        return workloads, endpoints

    def _s3_endpoint(self, vpc: awsx.ec2.Vpc) -> aws.ec2.VpcEndpoint:
        return aws.ec2.VpcEndpoint(
            f"{self._name}-endpoint-s3",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{self._args.names.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=vpc.route_tables.apply(
                lambda tables: pulumi.Output.all(*(table.id for table in tables or ()))
            ),
            policy=access.document(s3_endpoint_policy(self._args.names)),
            opts=self._child(),
        )

    def _interface_endpoints(self, group: aws.ec2.SecurityGroup) -> None:
        for service in self._settings.interface_endpoints:
            aws.ec2.VpcEndpoint(
                f"{self._name}-endpoint-{service}",
                vpc_id=self.vpc_id,
                service_name=f"com.amazonaws.{self._args.names.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self.subnet_ids,
                security_group_ids=[group.id],
                policy=access.document(endpoint_policy(self._args.names, service)),
                opts=self._child(),
            )

    def _rules(
        self, workloads: aws.ec2.SecurityGroup, endpoints: aws.ec2.SecurityGroup, s3: aws.ec2.VpcEndpoint
    ) -> None:
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-from-workloads",
            security_group_id=endpoints.id,
            referenced_security_group_id=workloads.id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="HTTPS from the workloads to AWS services",
            opts=self._child(),
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-workloads-to-endpoints",
            security_group_id=workloads.id,
            referenced_security_group_id=endpoints.id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="HTTPS to the interface endpoints of AWS services",
            opts=self._child(),
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-workloads-to-s3",
            security_group_id=workloads.id,
            prefix_list_id=s3.prefix_list_id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="HTTPS to S3 through its gateway endpoint",
            opts=self._child(),
        )
        # Hosts of one distributed job talk to each other on ports that they choose, encrypted by SageMaker (SageMaker
        # developer guide, "Give SageMaker training jobs access to resources in your Amazon VPC").
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-workloads-from-each-other",
            security_group_id=workloads.id,
            referenced_security_group_id=workloads.id,
            ip_protocol="-1",
            description="Hosts of one distributed job, inbound",
            opts=self._child(),
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-workloads-to-each-other",
            security_group_id=workloads.id,
            referenced_security_group_id=workloads.id,
            ip_protocol="-1",
            description="Hosts of one distributed job, outbound",
            opts=self._child(),
        )
        if self._settings.nat != "none":
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-workloads-to-internet",
                security_group_id=workloads.id,
                cidr_ipv4="0.0.0.0/0",
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                description="HTTPS to the internet through NAT, asked for by network.nat",
                opts=self._child(),
            )


def _workload_subnets(vpc: awsx.ec2.Vpc, settings: NetworkSettings) -> pulumi.Output[list[str]]:
    subnets = {
        SubnetType.ISOLATED: vpc.isolated_subnet_ids,
        SubnetType.PRIVATE: vpc.private_subnet_ids,
        SubnetType.PUBLIC: vpc.public_subnet_ids,
    }[subnet_types(settings)[0]]
    return subnets.apply(lambda ids: list(ids or ()))
