"""A VPC of the stack's own: subnets, flow logs and the endpoints through which its workloads reach AWS.

Creates the VPC (awsx) with a private subnet per zone, a closed default security group, encrypted flow logs, a gateway
endpoint for S3, and an interface endpoint for each service that the platform's code calls. There is no NAT gateway and
no public subnet unless the stack config asks for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
from pulumi_awsx.ec2 import NatGatewayStrategy, SubnetAllocationStrategy, SubnetType

from components import access
from components.ground import endpoints
from components.ground.endpoints import Offer
from components.ground.keys import Domain, Keys
from contracts.names import Names
from settings import PROJECT
from settings.network import MAX_ZONES, CreatedNetwork

_NAT = {"none": NatGatewayStrategy.NONE, "single": NatGatewayStrategy.SINGLE, "per_az": NatGatewayStrategy.ONE_PER_AZ}


@dataclass(frozen=True, kw_only=True)
class Site:
    """What AWS says of the region before anything is made: the zones to use, in the order of their ranges, and the
    endpoints of each service.
    """

    zones: tuple[str, ...]
    offers: Mapping[str, Offer]


def survey(
    names: Names, settings: CreatedNetwork, callers: Mapping[str, tuple[str, ...]], lookup: pulumi.InvokeOptions
) -> Site:
    """Look the region up, and the subnets that the stack has there.

    Raises RunError where it has too few zones, or lacks a service's endpoint in them.
    """
    available = aws.get_availability_zones(
        state="available", filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}], opts=lookup
    ).names
    zones = placed(_standing(names, settings, lookup), available, settings.zones)
    if len(zones) < settings.zones:
        raise pulumi.RunError(
            f"network.create.zones: found {settings.zones}; allowed: up to {len(zones)} in {names.region} "
            f"({', '.join(zones)}); lower it, or take another region"
        )
    site = Site(zones=zones, offers=endpoints.offers(names.region, list(callers), lookup))
    for service in callers:
        endpoints.chosen_zones(site.offers[service], site.zones, settings.endpoint_zones)
    return site


def placed(standing: Mapping[int, str], available: Iterable[str], wanted: int) -> tuple[str, ...]:
    """The zones of as many ranges of the VPC as are wanted, or as there are zones for.

    A range stays in the zone where the stack has subnets in it (`standing`), though that one be away: what is
    available, and in which order, changes with AWS, and a subnet that changes its zone is made anew, with all that
    stands in it. The other ranges get the other zones by name.
    """
    others = iter(sorted({*available} - {*standing.values()}))
    found = (standing.get(number) or next(others, None) for number in range(wanted))
    return tuple(zone for zone in found if zone)


def _standing(names: Names, settings: CreatedNetwork, lookup: pulumi.InvokeOptions) -> dict[int, str]:
    """Number of a zone's range -> the zone that the stack's subnets in it are in. A VPC of another range counts not."""
    tags = {"tag:Project": PROJECT, "tag:Environment": names.stack, "tag-key": "Tier"}
    filters = [aws.ec2.GetSubnetsFilterArgs(name=tag, values=[value]) for tag, value in tags.items()]
    found = aws.ec2.get_subnets(filters=filters, opts=lookup)
    subnets = [aws.ec2.get_subnet(id=each, opts=lookup) for each in found.ids]
    ranges = list(enumerate(settings.cidr.subnets(new_prefix=settings.cidr.prefixlen + _ZONE_BITS)))
    return {
        number: subnet.availability_zone
        for subnet in subnets
        for number, its in ranges
        if IPv4Network(subnet.cidr_block).subnet_of(its)
    }


def subnet_specs(settings: CreatedNetwork) -> list[awsx.ec2.SubnetSpecArgs]:
    """The subnets of every zone, each in its half of the zone's range: first the private one, then the public one.

    What is not wanted now leaves its range free, so that NAT, switched on later, moves no subnet.
    """
    half = settings.cidr.prefixlen + _ZONE_BITS + 1
    private, public = settings.workload_subnets == "private", settings.nat != "none"

    def spec(kind: SubnetType) -> awsx.ec2.SubnetSpecArgs:
        name = kind.value.lower()
        return awsx.ec2.SubnetSpecArgs(type=kind, name=name, cidr_mask=half, tags={"Tier": name})

    if not private:
        return [spec(SubnetType.UNUSED), spec(SubnetType.PUBLIC)]
    return [spec(SubnetType.PRIVATE), spec(SubnetType.PUBLIC if public else SubnetType.UNUSED)]


#: Bits of an address that tell the zone: for as many zones as a stack may ever have.
_ZONE_BITS = (MAX_ZONES - 1).bit_length()


@dataclass(frozen=True, kw_only=True)
class VpcArgs:
    """`site` is what `survey` found, `callers` the services to reach, each with its callers."""

    names: Names
    settings: CreatedNetwork
    site: Site
    callers: Mapping[str, tuple[str, ...]]
    keys: Keys
    log_retention_days: int
    permissions_boundary: pulumi.Input[str]


class Vpc:
    """The VPC with its flow logs and endpoints, below a component.

    vpc = Vpc("network", args, parent=self)
    vpc.id, vpc.subnet_ids, vpc.endpoint_group_id, vpc.s3_prefix_list_id
    """

    id: pulumi.Output[str]
    subnet_ids: pulumi.Output[list[str]]
    endpoint_group_id: pulumi.Output[str]
    s3_prefix_list_id: pulumi.Output[str]

    def __init__(self, name: str, args: VpcArgs, parent: pulumi.Resource) -> None:
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=parent)
        vpc = self._vpc()
        self.id = vpc.vpc_id
        ids = vpc.private_subnet_ids if args.settings.workload_subnets == "private" else vpc.public_subnet_ids
        self.subnet_ids = ids.apply(lambda found: list(found or ()))
        self._flow_logs()
        # Every VPC has a default group that lets its members talk; adopting it without rules closes it.
        aws.ec2.DefaultSecurityGroup(f"{name}-default-group", vpc_id=self.id, opts=self._child)
        self._group = aws.ec2.SecurityGroup(
            f"{name}-endpoints-group",
            description="VPC endpoints of AWS services",
            vpc_id=self.id,
            tags={"Name": args.names.resource("endpoints")},
            opts=self._child,
        )
        self.endpoint_group_id = self._group.id
        self.s3_prefix_list_id = self._s3_endpoint(vpc).prefix_list_id
        for service in args.callers:
            self._interface_endpoint(service)

    def admit(self, group_id: pulumi.Input[str]) -> None:
        """Let a security group use the interface endpoints."""
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-from-workloads",
            security_group_id=self._group.id,
            referenced_security_group_id=group_id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="HTTPS from the workloads to AWS services",
            opts=self._child,
        )

    def _vpc(self) -> awsx.ec2.Vpc:
        args, settings = self._args, self._args.settings
        return awsx.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=str(settings.cidr),
            availability_zone_names=list(args.site.zones),
            availability_zone_cidr_mask=settings.cidr.prefixlen + _ZONE_BITS,
            enable_dns_hostnames=True,
            enable_dns_support=True,  # the private names of interface endpoints need both
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=_NAT[settings.nat]),
            subnet_strategy=SubnetAllocationStrategy.AUTO,
            subnet_specs=subnet_specs(settings),
            tags={"Name": args.names.prefix},
            opts=self._child,
        )

    def _flow_logs(self) -> None:
        args, names = self._args, self._args.names
        group_name = f"/aws/vpc/flow-logs/{names.prefix}"
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-flow-logs",
            name=group_name,
            kms_key_id=args.keys[Domain.LOGS].arn,
            retention_in_days=args.log_retention_days,
            opts=self._child,
        )
        role = access.Role(
            f"{self._name}-flow-logs-role",
            access.RoleArgs(
                names=names,
                job="flow-logs",
                service="vpc-flow-logs.amazonaws.com",
                description="Delivers the VPC's flow logs",
                statements=[access.write_logs(names, [group_name])],
                permissions_boundary=args.permissions_boundary,
            ),
            self._child,
        )
        aws.ec2.FlowLog(
            f"{self._name}-flow-log",
            vpc_id=self.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            opts=self._child,
        )

    def _s3_endpoint(self, vpc: awsx.ec2.Vpc) -> aws.ec2.VpcEndpoint:
        names = self._args.names
        return aws.ec2.VpcEndpoint(
            f"{self._name}-endpoint-s3",
            vpc_id=self.id,
            service_name=self._args.site.offers[endpoints.S3].name,
            vpc_endpoint_type="Gateway",
            route_table_ids=vpc.route_tables.apply(
                lambda tables: pulumi.Output.all(*(table.id for table in tables or ()))
            ),
            policy=access.document(endpoints.s3_endpoint_policy(names, self._args.callers)),
            tags={"Name": names.resource(endpoints.S3)},
            opts=self._child,
        )

    def _interface_endpoint(self, service: str) -> None:
        args, callers = self._args, self._args.callers[service]
        zones = endpoints.chosen_zones(args.site.offers[service], args.site.zones, args.settings.endpoint_zones)
        aws.ec2.VpcEndpoint(
            f"{self._name}-endpoint-{service}",
            vpc_id=self.id,
            service_name=args.site.offers[service].name,
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            # One subnet of each zone, in the order of the zones.
            subnet_ids=self.subnet_ids.apply(lambda ids: [ids[zone] for zone in zones]),
            security_group_ids=[self._group.id],
            policy=access.document(endpoints.endpoint_policy(args.names, callers)),
            tags=endpoints.tags(args.names, service, callers),
            opts=self._child,
        )
