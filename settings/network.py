"""Section `network`: made for the stack, or one that the account has already."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault, repeated
from settings.section import Section, told

#: Zones that the address range has room for, however many are used: so a zone more renumbers no subnet.
MAX_ZONES: Final = 4

VpcId = Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$", examples=["vpc-0123456789abcdef0"])]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$", examples=["subnet-0123456789abcdef0"])]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$", examples=["sg-0123456789abcdef0"])]
Service = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$", examples=["sagemaker.runtime"])]


class CreatedNetwork(Section):
    """A VPC of the stack's own. Workloads reach AWS through VPC endpoints, so by default nothing has a way out."""

    cidr: IPv4Network = IPv4Network("10.20.0.0/16")
    """Address range of the VPC, /16 to /24. Another one replaces the network and all that is in it."""
    zones: int = Field(default=3, ge=2, le=MAX_ZONES)
    """Number of zones that the subnets spread over."""
    endpoint_zones: int = Field(
        default=2,
        ge=1,
        le=MAX_ZONES,
        json_schema_extra=told(
            cost=f"{usd('ec2', 'interface endpoint', 'month')} a month for each interface endpoint and zone",
            risk="with one, the loss of that zone cuts the others off from AWS too",
        ),
    )
    """Zones with interface endpoints."""
    nat: Literal["none", "single", "per_az"] = Field(
        default="none",
        json_schema_extra=told(
            cost=f"{usd('ec2', 'NAT gateway', 'month')} a month for each, and {usd('ec2', 'NAT gateway data')} a GB",
            risk="data may leave through it",
        ),
    )
    """NAT gateways: a way out to the internet that the platform does not need."""
    workload_subnets: Literal["private", "public"] = Field(
        default="private",
        json_schema_extra=told(risk="`public` gives them a route from and to the internet"),
    )
    """Where jobs, models and functions run."""

    def faults(self) -> Iterator[Fault]:
        """Size of the network, NAT without private subnets, more zones with endpoints than zones."""
        if not 16 <= self.cidr.prefixlen <= 24:
            yield Fault("cidr", str(self.cidr), "a prefix from /16 to /24", "leave room for the subnets of every zone")
        if self.nat != "none" and self.workload_subnets == "public":
            yield Fault("nat", self.nat, "none with workload_subnets: public", "public subnets need no NAT: drop one")
        if self.endpoint_zones > self.zones:
            advice = "lower it, or add zones"
            yield Fault("endpoint_zones", self.endpoint_zones, f"at most zones ({self.zones})", advice)


class ExistingNetwork(Section):
    """A network of the account, which is looked up and checked and never changed."""

    vpc_id: VpcId
    """The VPC, with DNS support and DNS host names on."""
    subnet_ids: tuple[SubnetId, ...] = Field(min_length=2)
    """Where jobs, models and functions run: private subnets in at least two zones."""
    security_group_id: SecurityGroupId | None = None
    """Security group of jobs, models and functions; by default the platform makes one that leads to the endpoints."""
    missing_endpoints: Literal["refuse", "accept"] = Field(
        default="refuse",
        json_schema_extra=told(risk="nothing can check `accept`; without a way, functions and jobs wait in vain"),
    )
    """What a service without a VPC endpoint means. `accept` is for a network with another way to AWS, such as endpoints
    of a hub or a proxy."""

    def faults(self) -> Iterator[Fault]:
        """Subnets named twice."""
        yield from repeated("subnet_ids", self.subnet_ids)


class Network(Section):
    """Where the workloads run: one of `create` and `existing`, by default a network of the stack's own."""

    create: CreatedNetwork | None = None
    """A VPC of the stack's own."""
    existing: ExistingNetwork | None = None
    """A VPC that the account has already."""
    also_reach: tuple[Service, ...] = Field(
        default=(),
        json_schema_extra=told(cost=f"{usd('ec2', 'interface endpoint', 'month')} a month for each and zone"),
    )
    """AWS services for clients of the stack's own in its network, by the last part of the endpoint service's name. The
    platform's own code needs none."""

    def faults(self) -> Iterator[Fault]:
        """Two networks, services named twice."""
        if self.create is not None and self.existing is not None:
            yield Fault("create", "create and existing", "one of them", "a stack has one network: drop the other")
        yield from repeated("also_reach", self.also_reach)

    @property
    def leads_out(self) -> bool:
        """Whether jobs have a way to the internet, or their owner's security group to where it says."""
        return self.existing.security_group_id is not None if self.existing else self.created.nat != "none"

    @property
    def created(self) -> CreatedNetwork:
        """What the stack's own network is like."""
        return self.create or CreatedNetwork()
